"""Features of one utterance's recording, computed once, in a worker process."""

from dataclasses import dataclass

from synctva.corpus import Description
from synctva.dialogue import Utterance
from synctva.features.extraction.cache import Cache, cache_key
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.extractor import ClipExtractor
from synctva.features.extractors.registry import clip_extractor
from synctva.features.preset import Preset


@dataclass(frozen=True)
class Request:
    """One modality of one utterance.

    Attributes:
        row: The utterance's number in the store.
        dialogue: Its dialogue's id.
        modality: One that is made of recordings.
        utterance: Where its recording is, and its span.
        sound_track: Which of the recording's sound tracks is heard, from 1; None = that which a
            player plays.
    """

    row: int
    dialogue: str
    modality: str
    utterance: Utterance
    sound_track: int | None = None


class Encoding:
    """Turns requests into features; loads an extractor when the first one needs it.

    Args:
        preset: Which extractors.
    """

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._loaded: dict[str, ClipExtractor] = {}

    def encode(self, request: Request) -> Encoded:
        """Returns a request's features.

        Raises:
            InputError: The recording is missing, broken or hostile.
        """
        return self.extractor(request.modality).encode_clip(
            Clip(request.utterance, request.sound_track)
        )

    def extractor(self, modality: str) -> ClipExtractor:
        """Returns the extractor of a modality, which this loads.

        Raises:
            InputError: It cannot be loaded.
        """
        if modality not in self._loaded:
            self._loaded[modality] = clip_extractor(self._preset, modality)
        return self._loaded[modality]


class Recordings:
    """Turns requests into features that are kept in the cache.

    Args:
        preset: Which extractors.
        cache: Where features are looked up and kept.
    """

    def __init__(self, preset: Preset, cache: Cache) -> None:
        self._encoding, self._cache = Encoding(preset), cache

    def describe(self, modality: str) -> Description:
        """Returns what the features of a modality are; this loads their extractor.

        Raises:
            InputError: It cannot be loaded.
        """
        return self._encoding.extractor(modality).description

    def key(self, request: Request) -> tuple[str, bool]:
        """Returns the cache's key of a request's features, and whether they were computed now.

        Raises:
            InputError: The recording is missing, broken or hostile.
        """
        extractor, clip = (
            self._encoding.extractor(request.modality),
            Clip(request.utterance, request.sound_track),
        )
        content = [clip.content(stream) for stream in extractor.reads]
        key = cache_key(extractor.description, content)
        if self._cache.get(key) is not None:
            return key, False
        self._cache.put(key, self._encoding.encode(request))
        return key, True

    def encode(self, request: Request) -> Encoded:
        """Returns a request's features, from the cache or for it.

        Raises:
            InputError: The recording is missing, broken or hostile.
        """
        key, _ = self.key(request)
        kept = self._cache.get(key)
        return self._encoding.encode(request) if kept is None else kept  # somebody deleted it
