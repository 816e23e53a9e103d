"""A stretch of a recording in which somebody speaks; what every file of annotations says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A stretch of a recording in which somebody speaks.

    Attributes:
        start_s: Its start, in seconds.
        end_s: Its end, in seconds.
        text: What is said; empty where it is not written.
        place: Where that is written, for messages.
        speaker: Who speaks; None = not said.
        emotion: How it is felt; None = not said.
    """

    start_s: float
    end_s: float
    text: str
    place: str
    speaker: str | None = None
    emotion: str | None = None
