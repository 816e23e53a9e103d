"""What was heard, as utterances: who says what when."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from synctva.listening.turns import Turn
from synctva.listening.voices import Span
from synctva.transcripts import Segment, Word

ENDS = (".", "?", "!")
"""What ends a sentence."""

LEAST_S = 0.05
"""Whisper does not know where a shorter word is: it is put where the words before it are."""


def utterances_of(
    words: Sequence[Word], spans: Sequence[Span], turns: Sequence[Turn] | None, recording: Path
) -> Iterator[Segment]:
    """Yields who says what, cut where somebody else takes over, and at a pause after a sentence.

    Whisper's words reach over pauses, and its segments over several sentences. So a word ends
    with the speech in which most of it lies, or is moved to that which is next to it.

    Args:
        words: That were heard without a break, in order; in the text of each is the space
            before it.
        spans: When somebody speaks, in order; at least one.
        turns: Who speaks when; None, or none = nobody is told from another.
        recording: Where they were heard.
    """
    words = [word for word in words if word.text.strip()]
    if not words:
        return
    near = [one for one in spans if _shared_s(words[0].start_s, words[-1].end_s, *one) > 0]
    beside = [
        one
        for one in turns or ()
        if _shared_s(words[0].start_s, words[-1].end_s, one.start_s, one.end_s) > 0
    ]
    said: list[Word] = []
    last: tuple[str | None, Span | None] = None, None
    for heard in words:
        is_begun = bool(said) and not said[-1].text.rstrip().endswith(ENDS)
        is_nowhere = is_begun and heard.end_s - heard.start_s < LEAST_S
        span = last[1] if is_nowhere else _speech(heard, near)
        word = heard if span is None else _within(heard, span)
        speaker = _speaker(word, beside or turns or ()) or last[0]
        if said and (speaker != last[0] or (not is_begun and span != last[1])):
            yield _utterance(said, last[0], recording)
            said = []
        said.append(word)
        last = speaker, span
    yield _utterance(said, last[0], recording)


def filled(found: Sequence[Segment], spoken: Sequence[Segment]) -> list[Segment]:
    """Returns utterances that begin and end with the speech in which they were heard.

    Whisper hears a first word late and a last one briefly. Words keep their times.

    Args:
        found: Who says what, in order of time.
        spoken: Who speaks when, in order of time.
    """
    starts, begun, ends = [one.start_s for one in spoken], set[int](), dict[int, int]()
    filled = list(found)

    def within(at_s: float, speaker: str | None) -> int | None:
        number = bisect_right(starts, at_s) - 1
        is_there = number >= 0 and at_s <= spoken[number].end_s
        return number if is_there and spoken[number].speaker == speaker else None

    for row, one in enumerate(found):
        first, last = within(one.start_s, one.speaker), within(one.end_s, one.speaker)
        if first is not None and first not in begun:
            begun.add(first)
            filled[row] = replace(one, start_s=spoken[first].start_s)
        if last is not None:
            ends[last] = row
    for number, row in ends.items():
        filled[row] = replace(filled[row], end_s=spoken[number].end_s)
    return filled


def _utterance(words: Sequence[Word], speaker: str | None, recording: Path) -> Segment:
    begin_s = max(0.0, words[0].start_s)
    return Segment(
        begin_s,
        max(begin_s, words[-1].end_s),
        "".join(word.text for word in words).strip(),
        f"{recording}",
        speaker,
        words=tuple(replace(word, text=word.text.strip()) for word in words),
    )


def _shared_s(start_s: float, end_s: float, other_start_s: float, other_end_s: float) -> float:
    """Returns how long two stretches overlap; less than 0 = so far are they apart."""
    return min(end_s, other_end_s) - max(start_s, other_start_s)


def _speech(word: Word, spans: Sequence[Span]) -> Span | None:
    """Returns the speech in which most of a word lies, or that is next to it."""
    return max(spans, key=lambda one: _shared_s(word.start_s, word.end_s, *one), default=None)


def _within(word: Word, span: Span) -> Word:
    """Returns a word without the pauses that it reaches into."""
    start_s, end_s = np.clip([word.start_s, word.end_s], *span).tolist()
    return Word(start_s, end_s, word.text)


def _speaker(word: Word, turns: Sequence[Turn]) -> str | None:
    """Returns who speaks most of the time, or next to it; None where nobody is told apart."""
    most = max(
        turns,
        key=lambda turn: _shared_s(word.start_s, word.end_s, turn.start_s, turn.end_s),
        default=None,
    )
    return None if most is None else most.speaker
