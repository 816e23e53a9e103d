"""A stretch of a recording in which somebody speaks; what every file of annotations says."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from synctva.errors import InputError

_UNREADABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff\ufffe\uffff]")
_NUMBERED = re.compile(r"\[\s*([^\W\d_][\w .-]{0,40}?[ _.-]?\d+)\s*\]:?(?:\s+(.*)|$)")
_NAMED = re.compile(r"([^\W\d_a-z][\w.'-]*(?: [^\W_a-z][\w.'-]*){0,2}): (.*)")

LONGEST_S = 1e7
"""No recording is longer, in seconds: 115 days."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording in which somebody speaks.

    Attributes:
        start_s: Its start, in seconds.
        end_s: Its end, in seconds.
        text: What is said; empty where it is not written.
        place: Where that is written, for messages.
        speaker: Who speaks; None = not said.
        emotion: What it expresses; None = not said.

    Raises:
        InputError: A time that is negative, no number or beyond ``LONGEST_S``, or an end before
            the start.
    """

    start_s: float
    end_s: float
    text: str
    place: str
    speaker: str | None = None
    emotion: str | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and math.isfinite(self.end_s)):
            raise InputError(f"{self.place}: {self.start_s} s to {self.end_s} s are no times")
        if self.start_s < 0:
            raise InputError(
                f"{self.place}: it starts at {self.start_s:g} s, and a recording begins at 0;"
                " correct the time"
            )
        if self.end_s < self.start_s:
            raise InputError(
                f"{self.place}: it ends at {self.end_s:g} s, before its start at"
                f" {self.start_s:g} s; correct the times"
            )
        if self.end_s > LONGEST_S:
            raise InputError(
                f"{self.place}: it ends at {self.end_s:g} s, and no recording is longer than"
                f" {LONGEST_S:g} s; correct the time, or write it in seconds"
            )


def writable(text: str) -> str:
    """Returns a text with spaces for what no file of text, and no XML, can hold."""
    return _UNREADABLE.sub(" ", text)


def one_line(text: str) -> str:
    """Returns a text in one line, without what cannot be written in a file of text."""
    return " ".join(writable(text).split())


def speaker_and_words(text: str) -> tuple[str | None, str]:
    """Returns who is named before the words of a line, and the words.

    >>> speaker_and_words("Ada: Hello.")
    ('Ada', 'Hello.')
    >>> speaker_and_words("[SPEAKER_01] Hello.")
    ('SPEAKER_01', 'Hello.')
    >>> speaker_and_words("It is 10:30.")
    (None, 'It is 10:30.')
    """
    match = _NUMBERED.fullmatch(text) or _NAMED.fullmatch(text)
    return (match[1], match[2] or "") if match else (None, text)


def within(segments: Sequence[Segment], duration_s: float) -> tuple[list[Segment], str]:
    """Returns the segments that lie in a recording, their ends no later than its end, and a note.

    Args:
        segments: What a file says of the recording.
        duration_s: The recording's length, in seconds.

    Returns:
        The segments, and which were left out because they begin when the recording is over; empty
        where none was.

    Raises:
        InputError: All of them begin when it is over: the file is another recording's.
    """
    inside = [
        replace(segment, end_s=min(segment.end_s, duration_s))
        for segment in segments
        if segment.start_s < duration_s
    ]
    outside = [segment for segment in segments if segment.start_s >= duration_s]
    if not outside:
        return inside, ""
    if not inside:
        raise InputError(
            f"{outside[0].place}: this and all else begins after the recording's end at"
            f" {duration_s:.3f} s; is it another recording's?"
        )
    return inside, (
        f"{outside[0].place}: begins after the recording's end at {duration_s:.3f} s;"
        f" {len(outside)} of {len(segments)} left out"
    )
