"""What the dataset doctor says."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something the doctor found.

    Attributes:
        severity: ``error`` (scores would be wrong), ``warning`` (look at it) or ``note``.
        place: The split, dialogue, turn or modality it concerns.
        message: What it is, and what to do.
    """

    severity: str
    place: str
    message: str


def some(places: Sequence[str]) -> str:
    """Returns the first three places."""
    return ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
