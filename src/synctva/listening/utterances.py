"""What was heard, as utterances: who says what when."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from synctva.listening.turns import Turn
from synctva.listening.voices import Span
from synctva.transcripts import Segment, Word

ENDS = (".", "?", "!")
"""With these a sentence ends."""


def utterances_of(
    words: Sequence[Word], spans: Sequence[Span], turns: Sequence[Turn] | None, recording: Path
) -> Iterator[Segment]:
    """Yields who says what, cut where somebody else goes on, and at a pause after a sentence.

    Whisper's words reach over pauses, and its segments over several sentences. So a word ends
    with the speech in which most of it lies.

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
        word, span = _in_speech(heard, near)
        speaker = _speaker(word, beside or turns or ()) or last[0]
        is_over = bool(said) and span != last[1] and said[-1].text.rstrip().endswith(ENDS)
        if said and (speaker != last[0] or is_over):
            yield _utterance(said, last[0], recording)
            said = []
        said.append(word)
        last = speaker, span
    yield _utterance(said, last[0], recording)


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


def _in_speech(word: Word, spans: Sequence[Span]) -> tuple[Word, Span | None]:
    """Returns a word without the pauses that it reaches into, and in which speech it lies."""
    if not spans:
        return word, None
    span = max(spans, key=lambda one: _shared_s(word.start_s, word.end_s, *one))
    if _shared_s(word.start_s, word.end_s, *span) <= 0:
        return word, span
    return Word(max(span[0], word.start_s), min(span[1], word.end_s), word.text), span


def _speaker(word: Word, turns: Sequence[Turn]) -> str | None:
    """Returns who speaks most of the time, or next to it; None where nobody is told apart."""
    most = max(
        turns,
        key=lambda turn: _shared_s(word.start_s, word.end_s, turn.start_s, turn.end_s),
        default=None,
    )
    return None if most is None else most.speaker
