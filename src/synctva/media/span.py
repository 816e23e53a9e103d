"""The part of a recording that is asked for."""

import math
from dataclasses import dataclass

from synctva.errors import InputError
from synctva.media.limits import LIMITS


@dataclass(frozen=True)
class Span:
    """From where to where a stream of a recording is read, in seconds since the recording's start.

    Attributes:
        path: The recording.
        start_s: 0 for its start.
        end_s: None for the end of the stream, wherever that is.
        stated_s: Where the header says that the stream ends; None if it does not say.

    Raises:
        InputError: The span is empty or too long.
    """

    path: str
    start_s: float
    end_s: float | None
    stated_s: float | None

    def __post_init__(self) -> None:
        start, end = self.start_s, math.inf if self.end_s is None else self.end_s
        if not (0 <= start < end and math.isfinite(start) and (self.end_s is None or end < 1e9)):
            raise InputError(
                f"{self.path}: there is no span from {start:g} s to {end:g} s; it must start at 0"
                " or later, and end after its start"
            )
        if self.asked_s is not None and self.asked_s > LIMITS.span_s:
            raise self.too_long(f"{self.asked_s:.0f} s")

    @property
    def asked_s(self) -> float | None:
        """How much is asked for; None for a whole stream that does not state its length."""
        end = self.stated_s if self.end_s is None else self.end_s
        return None if end is None else end - self.start_s

    @property
    def most_s(self) -> float:
        """How much to read at the most."""
        return LIMITS.span_s if self.end_s is None else self.end_s - self.start_s

    def check(self, got_s: float, what: str) -> None:
        """Refuses a span of which too little could be read.

        Raises:
            InputError: Less than ``LIMITS.least_share`` of it could be.
        """
        if got_s > 0 and got_s >= LIMITS.least_share * (self.asked_s or 0):
            return
        stated = "" if self.stated_s is None else f" (it should end at {self.stated_s:g} s)"
        if got_s <= 0 and self.stated_s is not None and self.start_s >= self.stated_s:
            raise InputError(
                f"{self.path}: the span starts at {self.start_s:g} s, but the {what} ends at"
                f" {self.stated_s:g} s; correct the times"
            )
        end = "the end" if self.end_s is None else f"{self.end_s:g} s"
        raise InputError(
            f"{self.path}: from {self.start_s:g} s to {end} only {max(0.0, got_s):.2f} s of {what}"
            f" can be read{stated}; correct the times, or copy the recording again if it was cut"
            " off"
        )

    def too_long(self, length: str) -> InputError:
        """Returns the error for a span that is too long."""
        return InputError(
            f"{self.path}: {length} are asked for at once, {LIMITS.span_s:.0f} s are the most;"
            " name the utterances in it by their start and end"
        )
