"""Turns: who speaks when."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """A stretch in which one person speaks.

    Attributes:
        start_s: Since the sound's start.
        end_s: Likewise.
        speaker: Such as ``SPEAKER_00``.
    """

    start_s: float
    end_s: float
    speaker: str
