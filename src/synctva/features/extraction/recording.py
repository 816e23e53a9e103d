"""Audio and visual features of one utterance's recording, computed once, in a worker process."""

import stat
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from synctva.corpus import Extractor
from synctva.dialogue import Utterance
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache, cache_key
from synctva.features.extractors.encoded import Encoded
from synctva.features.preset import DEFAULTS, Preset
from synctva.files import file_sha256

if TYPE_CHECKING:
    from synctva.media import Half

WAVEFORM = "waveform"
"""The name of the audio features that are the sound itself."""


@dataclass(frozen=True)
class Request:
    """One modality of one utterance.

    Attributes:
        row: The utterance's number in the store.
        dialogue: Its dialogue's id.
        modality: ``audio`` or ``visual``.
        utterance: Where its recording is, and its span.
    """

    row: int
    dialogue: str
    modality: str
    utterance: Utterance


@dataclass(frozen=True)
class Known:
    """What is to be known of an extractor to look into the cache.

    Attributes:
        extractor: Its description.
        dim: Its width.
    """

    extractor: Extractor
    dim: int


class Encoding:
    """Turns requests into features; loads an extractor when the first one needs it.

    Args:
        preset: Which extractors.
    """

    def __init__(self, preset: Preset) -> None:
        self._preset = preset

    def encode(self, request: Request) -> Encoded:
        """Returns a request's features.

        Raises:
            InputError: The recording is missing, broken or hostile.
        """
        encode = self._encode_audio if request.modality == "audio" else self._encode_visual
        return encode(request.utterance)

    def known(self, modality: str) -> Known:
        """Returns what is to be known of a modality's extractor, which this loads."""
        extractor = self._audio if modality == "audio" else self._visual
        return Known(extractor.extractor, extractor.dim)

    @property
    def hears(self) -> bool:
        """Whether the visual features depend on the sound."""
        chosen = {**DEFAULTS, **self._preset.settings.get("visual", {})}
        return chosen["faces"] == "found" and chosen["speaker"] == "moving"

    def _samples(self, utterance: Utterance) -> Any:
        from synctva.media import read_audio

        if utterance.audio_media is not None:
            return read_audio(utterance.audio_media)
        assert utterance.media is not None
        return read_audio(utterance.media, utterance.start_s, utterance.end_s)

    def _encode_audio(self, utterance: Utterance) -> Encoded:
        samples = self._samples(utterance)
        return Encoded(None, ("no_audio",)) if samples is None else self._audio.encode(samples)

    def _encode_visual(self, utterance: Utterance) -> Encoded:
        from synctva.media import read_frames

        assert utterance.media is not None
        span = utterance.start_s, utterance.end_s
        seen = self._visual
        half = cast("Half | None", utterance.half)  # an Utterance has checked it
        frames = read_frames(
            utterance.media, *span, rate_hz=seen.rate_hz, most=seen.most_frames, half=half
        )
        if frames is None:
            return Encoded(None, ("no_video",))
        samples = self._samples(utterance) if self.hears else None
        return seen.encode(frames, samples)

    @cached_property
    def _audio(self) -> Any:
        return load_extractor(self._preset, "audio")

    @cached_property
    def _visual(self) -> Any:
        return load_extractor(self._preset, "visual")


class Recordings:
    """Turns requests into features that are kept in the cache.

    Args:
        preset: Which extractors.
        cache: Where features are looked up and kept.
    """

    def __init__(self, preset: Preset, cache: Cache) -> None:
        self._encoding, self._cache = Encoding(preset), cache

    def known(self, modality: str) -> Known:
        """Returns what is to be known of a modality's extractor, which this loads.

        Raises:
            InputError: It cannot be loaded.
        """
        return self._encoding.known(modality)

    def key(self, request: Request) -> tuple[str, bool]:
        """Returns the cache's key of a request's features, and whether they were computed now.

        Raises:
            InputError: The recording is missing, broken or hostile.
        """
        utterance = request.utterance
        heard = utterance.audio_media or utterance.media
        span = [utterance.start_s, utterance.end_s]
        if request.modality == "audio":
            content = [_sha256(heard), *([None, None] if utterance.audio_media else span)]
        else:
            sound = _sha256(heard) if self._encoding.hears else None
            content = [_sha256(utterance.media), *span, utterance.half, sound]
        known = self._encoding.known(request.modality)
        key = cache_key(known.extractor, known.dim, content)
        if self._cache.get(key) is not None:
            return key, False
        self._cache.put(key, self._encoding.encode(request))
        return key, True


def load_extractor(preset: Preset, modality: str) -> Any:
    """Returns the extractor of a modality, ready to encode.

    Raises:
        InputError: There is none of the preset's name, or it cannot be loaded.
    """
    name, settings = preset.chosen[modality], preset.settings.get(modality, {})
    if modality == "text":
        if "tokens" in settings:
            from synctva.features.extractors.tokens import TokenExtractor

            return TokenExtractor(name, **settings)
        from synctva.features.extractors.text import TextExtractor

        return TextExtractor(name, **settings)
    if modality == "audio":
        if name == WAVEFORM:
            from synctva.features.extractors.waveform import WaveformExtractor

            return WaveformExtractor(**settings)
        from synctva.features.extractors.audio import AudioExtractor

        return AudioExtractor(name, **settings)
    from synctva.features.extractors.visual import VisualExtractor

    return VisualExtractor(name, **settings)


def _sha256(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        facts = Path(path).stat()
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error}; restore it, or import again"
        ) from error
    if not stat.S_ISREG(facts.st_mode):
        raise InputError(f"{path}: not a regular file; give a recording")
    return _hashed(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=256)
def _hashed(path: str, size: int, changed_ns: int) -> str:
    """Returns a file's sha256; many utterances of one long recording ask for it."""
    return file_sha256(Path(path))
