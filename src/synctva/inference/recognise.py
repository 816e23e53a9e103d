"""The recogniser: a recording in, who expressed what when out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from synctva.dialogue import Dialogue
from synctva.errors import InputError
from synctva.evaluation.frequencies import expected_frequencies
from synctva.features.extractors.hub import weights_sha256
from synctva.inference.encode import EncodedDialogue, encode, readers, steps_of
from synctva.inference.given import (
    FILM,
    SOUND,
    Film,
    Sound,
    Turns,
    as_file,
    as_movie,
    is_sound,
    said,
)
from synctva.inference.predictions import Predictions, predicted, recognition_of
from synctva.inference.progress import Progress, unseen
from synctva.inference.recognition import Recognition
from synctva.inference.utterances import IMPORTED, Segmented, utterances_of
from synctva.listening.listener import BY_VOICE, Listener
from synctva.media import apart
from synctva.model.causal import bare, causal
from synctva.model.emotion_model import EmotionModel
from synctva.model.inputs import schema_of
from synctva.model.load import load_model, name_of
from synctva.model.makers import check_causal, makers_of
from synctva.tensors import device_named
from synctva.work import Engine

if TYPE_CHECKING:
    from synctva.inference.live import Talk


class Recogniser:
    """Recognises the emotion of every utterance of a recording. Every step of it is public.

    Recordings are read by separate processes, which end with each recording; in a ``with`` block
    they stay for the next one, with all that they have loaded.

    Args:
        model: Any model of this project whose features an extractor here makes.
        name: What it is called.
        workers: Processes that decode recordings; one per core by default.
        cache: The folder in which features are looked up and kept; None = nowhere.
        downloads: Whether to fetch what the model needs from the hub and this machine lacks.
        device: Where the model computes: ``cpu``, ``cuda``, ``mps``, or ``auto``, the best here.

    Attributes:
        apart: In a ``with`` block, the process that looks at recordings.
        is_causal: Whether nothing that comes later may change an utterance, its speaker included.

    Raises:
        InputError: No extractor makes the features that the model was trained on; or there is no
            such device here.
    """

    def __init__(
        self,
        model: EmotionModel,
        name: str,
        workers: int | None = None,
        cache: Path | None = None,
        *,
        downloads: bool = False,
        device: str = "cpu",
    ) -> None:
        self.fingerprint: str = weights_sha256(model)
        self.model, self.name, self.cache = model.eval().to(device_named(device)), name, cache
        self.workers = workers
        self.makers = makers_of(model, name, downloads=downloads)
        self.schema = schema_of(model, name)
        self._plain = bare(self.model)
        self._readers: Engine | None = None
        self.apart: Engine | None = None
        self.is_causal = False

    def __enter__(self) -> "Recogniser":
        """Keeps the processes from one recording to the next; they begin when they are needed."""
        self._readers = readers(self.makers, self.workers, self.cache)
        self.apart = apart(IMPORTED)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the processes."""
        for kept in (self._readers, self.apart):
            if kept is not None:
                kept.stop()
        self._readers = self.apart = None

    @classmethod
    def load(
        cls,
        model: str | Path = "lite",
        *,
        is_causal: bool = False,
        workers: int | None = None,
        cache: Path | None = None,
        downloads: bool = False,
        device: str = "cpu",
    ) -> "Recogniser":
        """Returns the recogniser of a model.

        Args:
            model: ``lite``, which comes with the package; a checkpoint's folder; or a hub id.
            is_causal: Use no utterance after the one that is recognised, as live recognition
                must.
            workers: Processes that decode recordings; one per core by default.
            cache: The folder in which features are looked up and kept; None = nowhere.
            downloads: Whether to fetch what the model needs from the hub and this machine lacks;
                a hub id that is given as ``model`` is fetched in any case.
            device: Where the model computes: ``cpu``, ``cuda``, ``mps``, or ``auto``.

        Raises:
            InputError: There is no such model or device, it is damaged, it has no causal mode, or
                no extractor here makes the features that it was trained on.
        """
        device_named(device)  # before anything is loaded
        found = load_model(model, downloads=downloads)
        own = causal(found, f"{model}") if is_causal else found
        recogniser = cls(own, name_of(model), workers, cache, downloads=downloads, device=device)
        recogniser.is_causal = is_causal
        if is_causal:
            check_causal(recogniser.makers, recogniser.name)
        return recogniser

    def recognise(
        self,
        recording: str | Path | Sound | Film | Turns,
        transcript: str | Path | None = None,
        *,
        tiers: Sequence[str] = (),
        sound_track: str | None = None,
        listener: Listener = BY_VOICE,
        expect: str | None = None,
        progress: Progress = unseen,
    ) -> Recognition:
        """Returns who expressed what when in a recording; no utterance where nobody speaks.

        Args:
            recording: The path of sound, pictures or both, or of a transcript alone, for its text;
                or samples and their rate, or a ``Film``; or turns, each a speaker and words.
            transcript: Who says what when: SRT, VTT, ELAN and others; None = listen for speech.
            tiers: The tiers that count of an ELAN or Praat file; all but phones by default.
            sound_track: The number, language or title of the one that is heard; None = that which
                a player plays.
            listener: What hears words where there is no transcript, and tells speakers apart where
                nothing names them; in causal mode voices do not, as that needs all of them.
            expect: How often each emotion is expected: ``meld``, ``equal``, or a table; None = as
                the model was calibrated.
            progress: Shows how far the features are.

        Raises:
            InputError: A file is missing, broken or hostile, there is no such sound track, or
                neither file says who speaks when.
        """
        if is_sound(recording) or isinstance(recording, Film):
            is_film = isinstance(recording, Film)
            with as_movie(recording) if is_film else as_file(recording) as path:
                chosen = {"tiers": tiers, "sound_track": sound_track, "listener": listener}
                found = self.recognise(path, transcript, expect=expect, progress=progress, **chosen)
            return replace(found, media=FILM if is_film else SOUND)
        if not isinstance(recording, str | Path):
            if transcript is not None:
                raise InputError("turns are words already; leave out the transcript")
            return self.recognise_utterances(said(recording), expect=expect, progress=progress)
        if self.is_causal:
            listener = replace(listener, count=None)
        segmented = utterances_of(
            Path(recording),
            None if transcript is None else Path(transcript),
            listener,
            self.apart,
            tiers=tiers,
            sound_track=sound_track,
        )
        return self.recognise_utterances(segmented, expect=expect, progress=progress)

    def recognise_each(
        self,
        recordings: Iterable[str | Path | Sound | Film | Turns],
        *,
        listener: Listener = BY_VOICE,
        expect: str | None = None,
    ) -> Iterator[Recognition]:
        """Yields what each of several recordings expresses, as soon as it is recognised.

        The processes that read recordings stay from one to the next. Arguments and errors are those
        of ``recognise``.
        """
        with self if self._readers is None else nullcontext():
            for recording in recordings:
                yield self.recognise(recording, listener=listener, expect=expect)

    def recognise_utterances(
        self,
        segmented: Segmented,
        *,
        expect: str | None = None,
        progress: Progress = unseen,
    ) -> Recognition:
        """Returns what the utterances of a recording express.

        Args:
            segmented: From :func:`synctva.inference.utterances.utterances_of`, or made by hand.
            expect: How often each emotion is expected, of
                :func:`synctva.evaluation.frequencies.expected_frequencies`; None = as the model
                was calibrated, which for ``lite`` is as in MELD.
            progress: Shows how far the features are.

        Raises:
            InputError: There are no such frequencies, or the model does not say which it knows.
        """
        return self.recognise_together([segmented], expect=expect, progress=progress)[0]

    def recognise_together(
        self,
        several: Sequence[Segmented],
        *,
        expect: str | None = None,
        progress: Progress = unseen,
    ) -> list[Recognition]:
        """Returns what the utterances of several recordings express, seen by the model together.

        Quicker for short ones, and equal up to the last digits; else as ``recognise_utterances``.
        """
        expected = None if expect is None else expected_frequencies(expect, self.model.emotions)
        dialogues = [(one.dialogue, one.sound_track) for one in several if one.dialogue is not None]
        steps = sum(steps_of(dialogue, self.makers) for dialogue, _ in dialogues)
        with progress(steps) if dialogues else nullcontext(lambda count: None) as advance:
            encoded = [self.encode(dialogue, advance, track) for dialogue, track in dialogues]
        found = predicted(self.model, self._plain, encoded, expected)
        pairs = zip(encoded, found, strict=True)
        who = self.model.emotions, self.name, self.fingerprint
        return [recognition_of(one, next(pairs) if one.dialogue else None, *who) for one in several]

    def live(self, listener: Listener = BY_VOICE, *, expect: str | None = None) -> "Talk":
        """Returns a talk to feed while people speak; see :class:`synctva.inference.live.Talk`.

        The arguments are those of ``recognise``; a model without causal mode is an ``InputError``.
        """
        from synctva.inference.live import Conversation, Talk

        return Talk(Conversation(self, listener, expect))

    def encode(
        self,
        dialogue: Dialogue,
        advance: Callable[[int], None] = lambda count: None,
        sound_track: int | None = None,
    ) -> EncodedDialogue:
        """Returns a dialogue with the features that the model reads."""
        kept = self._readers or readers(self.makers, self.workers, self.cache)
        try:
            return encode(dialogue, self.schema, self.makers, kept, advance, sound_track)
        finally:
            if kept is not self._readers:
                kept.stop()

    def predict(
        self,
        encoded: EncodedDialogue,
        expected: Float[np.ndarray, " emotion"] | None = None,
    ) -> Predictions:
        """Returns the probabilities of the emotions, and what carried them.

        Args:
            encoded: The utterances with their features.
            expected: How often each emotion is expected; None = as the model was calibrated.

        Raises:
            InputError: The features are of another model, or frequencies are expected but the
                model does not say which it knows.
        """
        return predicted(self.model, self._plain, [encoded], expected)[0]
