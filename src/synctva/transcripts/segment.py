"""A stretch of a recording in which somebody speaks; what every file of annotations says."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

from synctva.errors import InputError

_UNREADABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff\ufffe\uffff]")

LONGEST_S = 1e7
"""No recording is longer, in seconds: 115 days."""

LATE_S = 1.0
"""An end this much later than the recording's is noted; recognisers round to the second."""


@dataclass(frozen=True)
class Word:
    """A word that was heard.

    Attributes:
        start_s: Its start, in seconds.
        end_s: Its end, in seconds.
        text: As it is written.
    """

    start_s: float
    end_s: float
    text: str


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
        words: The words of the text with their times, where they were heard; else none.

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
    words: tuple[Word, ...] = ()

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


@dataclass(frozen=True)
class Transcript(Sequence[Segment]):
    """What a file says: its segments in the order of time, which may overlap.

    Attributes:
        segments: The segments.
        note: What of the file was left out or replaced, or is odd, in words; empty where nothing.
    """

    segments: tuple[Segment, ...]
    note: str = ""

    def __len__(self) -> int:
        """Returns the number of segments."""
        return len(self.segments)

    @overload
    def __getitem__(self, number: int) -> Segment: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Segment, ...]: ...
    def __getitem__(self, number: int | slice) -> Segment | tuple[Segment, ...]:
        """Returns a segment, or some of them."""
        return self.segments[number]


def within(segments: Sequence[Segment], duration_s: float) -> tuple[list[Segment], str]:
    """Returns the segments that lie in a recording, their ends no later than its end, and a note.

    Args:
        segments: What a file says of the recording.
        duration_s: The recording's length, in seconds.

    Returns:
        The segments, and which were left out because they begin when the recording is over, or end
        much later than it; empty where none was.

    Raises:
        InputError: All of them begin when it is over: the file is another recording's; or they
            reach far beyond it, and would not if they were in milliseconds.
    """
    _check_unit(segments, duration_s)
    inside = [
        replace(segment, end_s=min(segment.end_s, duration_s))
        for segment in segments
        if segment.start_s < duration_s
    ]
    outside = [segment for segment in segments if segment.start_s >= duration_s]
    late = [s for s in segments if s.start_s < duration_s and s.end_s > duration_s + LATE_S]
    if outside and not inside:
        raise InputError(
            f"{outside[0].place}: this and all else begins after the recording's end at"
            f" {duration_s:.3f} s; is it another recording's?"
        )
    told = [
        f"{found[0].place}: {what} after the recording's end at {duration_s:.3f} s;"
        f" {len(found)} of {len(segments)} {done}"
        for found, what, done in ((outside, "begins", "left out"), (late, "ends", "cut short"))
        if found
    ]
    return inside, "; ".join(told)


def _check_unit(segments: Sequence[Segment], duration_s: float) -> None:
    """Refuses whole numbers that are far beyond a recording, and would not be as milliseconds."""
    last = max(segments, key=lambda segment: segment.end_s, default=None)
    whole = all(s.start_s % 1 == s.end_s % 1 == 0 for s in segments)
    late = sum(segment.end_s > duration_s for segment in segments)
    if not last or not whole or 2 * late < len(segments):
        return
    if last.end_s > 10 * duration_s and last.end_s / 1000 <= duration_s + LATE_S:
        raise InputError(
            f"{last.place}: it ends at {last.end_s:g} s, and the recording at {duration_s:.3f} s;"
            " is it another recording's, or in milliseconds? Then call the columns start_ms and"
            " end_ms, or write seconds"
        )
