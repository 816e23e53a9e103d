"""Who says what when in a recording: from its transcript, else from when somebody speaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synctva.annotation import SUFFIXES, Span, read_annotation, within
from synctva.dialogue import Dialogue, Utterance
from synctva.errors import InputError
from synctva.features.pool import Supervised
from synctva.inference.speech import speech_in
from synctva.inference.spoken import NO_LISTENER, Listener, spoken
from synctva.media import length_of

NOBODY = "speaker"
"""Who speaks where nothing says who."""


@dataclass(frozen=True)
class Segmented:
    """A recording in utterances.

    Attributes:
        media: Path of the recording, or of the transcript where there is no recording.
        duration_s: Its length, in seconds.
        dialogue: The utterances, in order of time; None where nobody speaks.
        note: What of the transcript was left out, in words; empty where nothing was.
    """

    media: str
    duration_s: float
    dialogue: Dialogue | None
    note: str = ""


def is_transcript(path: Path) -> bool:
    """Returns whether a path has the name of a transcript, not of a recording."""
    return path.suffix.lower() in SUFFIXES


def utterances_of(
    recording: Path,
    transcript: Path | None = None,
    listener: Listener = NO_LISTENER,
    ears: Supervised | None = None,
) -> Segmented:
    """Returns the utterances of a recording.

    Args:
        recording: Sound, pictures or both; or a transcript alone, for its text.
        transcript: Who says what when, in any format that ``synctva.annotation`` reads; None =
            listen for speech.
        listener: What hears words and tells speakers apart where there is no transcript.
        ears: What hears when somebody speaks, kept for several recordings; see ``speech.ears``.

    Raises:
        InputError: A file is missing, broken or hostile; there are two transcripts; the times of
            one do not fit the recording; or there is neither sound nor transcript.
    """
    recording = Path(recording)
    if is_transcript(recording):
        if transcript is not None:
            raise InputError(
                f"{recording}: a transcript, and {transcript} another one; give the recording and"
                " one transcript, or one transcript alone"
            )
        return _said(recording, None)
    length_s = length_of(recording)
    if transcript is not None:
        return _said(Path(transcript), recording, length_s)
    speech = speech_in(recording, ears)
    if listener.transcribe or listener.diarise:
        spans = spoken(recording, speech, listener)
    else:
        spans = [Span(start_s, end_s, "", f"{recording}") for start_s, end_s in speech.spans]
    utterances = _utterances(spans, recording)
    return _segmented(recording, max(length_s or 0.0, speech.length_s), utterances)


def _said(transcript: Path, recording: Path | None, length_s: float | None = None) -> Segmented:
    spans, note = read_annotation(transcript), ""
    if length_s is not None:
        spans, note = within(spans, length_s)
    utterances = _utterances(spans, recording)
    if recording is None and not any(utterance.text for utterance in utterances):
        raise InputError(
            f"{transcript}: no words in it; give the recording, and this file with --transcript"
        )
    return _segmented(recording or transcript, length_s, utterances, note)


def _utterances(spans: Sequence[Span], recording: Path | None) -> list[Utterance]:
    return [
        Utterance(
            turn,
            span.speaker or NOBODY,
            span.text or None,
            start_s=span.start_s,
            end_s=span.end_s,
            media=None if recording is None else str(recording),
        )
        for turn, span in enumerate(spans)
    ]


def _segmented(
    path: Path, length_s: float | None, utterances: list[Utterance], note: str = ""
) -> Segmented:
    last_s = max((utterance.end_s or 0.0 for utterance in utterances), default=0.0)
    dialogue = Dialogue(path.name, "test", tuple(utterances)) if utterances else None
    return Segmented(str(path), length_s or last_s, dialogue, note)
