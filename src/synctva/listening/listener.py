"""Words and speakers of a recording without a transcript, by what listens to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from synctva.errors import InputError
from synctva.listening.asr import ENGLISH, FOREIGN, Sentence, Transcribe, load_transcriber
from synctva.listening.diarise import Diarise, load_diariser
from synctva.listening.speakers import ANY_COUNT, Count, told_apart
from synctva.listening.stretches import sentences_of, stretches, whole
from synctva.listening.turns import Turn
from synctva.listening.utterances import filled, utterances_of
from synctva.listening.voice_activity import SHORTEST_S, Speech
from synctva.listening.voices import Span, voices_in
from synctva.media import apart as looking
from synctva.transcripts import Segment
from synctva.work import Engine

OTHER = (
    "the words are left out: they are in another language than English, or not understood; --asr"
    " small knows more (got from the hub once), --transcript gives them"
)


@dataclass(frozen=True)
class Listener:
    """What listens to speech.

    Attributes:
        transcribe: Hears words; None = none are heard.
        diarise: Tells speakers apart; None = their voices do, by :mod:`synctva.listening.speakers`.
        count: How many people their voices may be; None = nobody is told from another.
        is_english: Whether what hears words knows English alone.
    """

    transcribe: Transcribe | None = None
    diarise: Diarise | None = None
    count: Count | None = ANY_COUNT
    is_english: bool = False


@dataclass(frozen=True)
class Spoken:
    """What was heard in a recording.

    Attributes:
        segments: Who says what when, in order of time.
        note: What is unsure or was left out, in words; empty where nothing.
        is_foreign: Whether the words were left out, as they are in another language.
    """

    segments: tuple[Segment, ...]
    note: str = ""
    is_foreign: bool = False


BY_VOICE = Listener()
"""Hears when somebody speaks, and who by the voice; no words."""


def listener_of(
    asr: str | None, diarise: bool, count: Count = ANY_COUNT, language: str | None = None
) -> Listener:
    """Returns a listener by the names of its parts.

    Args:
        asr: What hears words, of ``load_transcriber``; None = nothing does.
        diarise: Whether pyannote tells speakers apart.
        count: How many people speak.
        language: What is spoken, as ISO 639-1 writes it; None = found out.

    Raises:
        InputError: A part is not installed, or cannot be loaded; or a language is named and
            nothing hears words.
    """
    if language is not None and asr is None:
        raise InputError(
            f"--language {language}: no words are heard here; leave it out, or name what hears"
            " them with --asr"
        )
    return Listener(
        load_transcriber(asr, language) if asr else None,
        load_diariser() if diarise else None,
        count,
        is_english=bool(asr) and asr.endswith(ENGLISH),
    )


def spoken(
    recording: Path,
    speech: Speech,
    listener: Listener,
    apart: Engine | None = None,
    sound_track: int | None = None,
) -> Spoken:
    """Returns who says what when.

    Pyannote needs all sound at once: 230 MB an hour. Everything else needs one minute's.

    Args:
        recording: The recording.
        speech: When somebody speaks in it.
        listener: What hears words and tells speakers apart.
        apart: The process that looks at recordings, of :func:`synctva.media.apart`; None = one for
            this.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.

    Raises:
        InputError: The recording cannot be read again.
    """
    if not speech.spans:
        return Spoken(())
    if apart is None:
        with looking() as own:
            return spoken(recording, speech, listener, own, sound_track)
    heard = partial(stretches, recording, speech, apart, sound_track)
    turns, note = None, ""
    if listener.diarise:
        turns = listener.diarise(whole(heard(), speech))
    elif listener.count:
        told = told_apart(voices_in(recording, speech.spans, apart, sound_track), listener.count)
        turns = [turn for span in speech.spans for turn in told.turns_in(span)]
        note = told.note([(turn.start_s, turn.end_s) for turn in turns])
    silent = list(_speaking(recording, speech.spans, turns))
    if listener.transcribe is None:
        return Spoken(tuple(silent), note)
    said = [one for stretch in heard() for one in sentences_of(stretch, listener.transcribe)]
    if listener.is_english and _is_foreign(said):
        return Spoken(tuple(silent), "; ".join(filter(None, (note, OTHER))), is_foreign=True)
    found = [
        segment
        for sentence in said
        for segment in utterances_of(sentence.words, speech.spans, turns, recording)
    ]
    found.sort(key=_time)
    found = filled(found, sorted(silent, key=_time))
    found = sorted([*found, *_wordless(silent, found)], key=_time)
    return Spoken(tuple(found), note)


def _time(segment: Segment) -> tuple[float, float]:
    return segment.start_s, segment.end_s


def _is_foreign(sentences: Sequence[Sentence]) -> bool:
    """Returns whether words are unlikely for English, all in all."""
    counts = [len(sentence.words) for sentence in sentences]
    if not sum(counts):
        return False
    likelihoods = [sentence.likelihood for sentence in sentences]
    return bool(np.average(likelihoods, weights=counts) < FOREIGN)


def _wordless(silent: Sequence[Segment], found: Sequence[Segment]) -> list[Segment]:
    """Returns the speech in which no words were heard: laughter, crying; it has a voice."""
    starts = sorted(segment.start_s for segment in found)
    ends = sorted(segment.end_s for segment in found)
    return [
        one
        for one in silent
        if np.searchsorted(ends, one.start_s, "right") == np.searchsorted(starts, one.end_s)
    ]


def who_speaks(
    recording: Path,
    spans: Sequence[Span],
    count: Count,
    apart: Engine | None = None,
    sound_track: int | None = None,
) -> tuple[list[str], str]:
    """Returns who speaks most in each span, and a note where that is unsure.

    Args:
        recording: The recording.
        spans: Of a transcript that names nobody; at least one.
        count: How many people speak.
        apart: As of :func:`spoken`.
        sound_track: Likewise.

    Raises:
        InputError: The recording cannot be read again.
    """
    told = told_apart(voices_in(recording, spans, apart, sound_track), count)
    names = [
        max(told.turns_in(span), key=lambda turn: turn.end_s - turn.start_s).speaker
        for span in spans
    ]
    return names, told.note(spans)


def _speaking(
    recording: Path, spans: Sequence[Span], turns: Sequence[Turn] | None
) -> Iterator[Segment]:
    """Yields speech without words, cut where another speaker takes over."""
    for start_s, end_s in spans:
        if turns is None:
            yield Segment(start_s, end_s, "", f"{recording}")
        for turn in turns or ():
            begin_s, stop_s = max(start_s, turn.start_s), min(end_s, turn.end_s)
            if stop_s - begin_s >= SHORTEST_S:
                yield Segment(begin_s, stop_s, "", f"{recording}", turn.speaker)
