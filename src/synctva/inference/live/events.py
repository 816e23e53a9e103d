"""What becomes known while people talk: frozen events, each with its form in JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from synctva.transcripts import Word


@dataclass(frozen=True)
class Speech:
    """Somebody has begun to speak.

    Attributes:
        start_s: When, in seconds since the talk's start.
    """

    type: ClassVar[str] = "speech"

    start_s: float


@dataclass(frozen=True)
class Turn:
    """What a turn expresses: an estimate while it lasts, and then the result.

    Attributes:
        id: Number of the turn, from 0.
        revision: How often it was reported before.
        is_final: Whether the turn is over; else this is an estimate by what was heard last.
        start_s: When it begins, in seconds since the talk's start.
        end_s: When it ends, or how far it was heard.
        known_s: How much of the talk was heard when this became known: a turn is over only when the
            pause after it has lasted.
        speaker: Who speaks; empty while the voice is not known yet.
        text: What is said; None where no words are heard.
        emotion: The most probable one; None where there is no evidence.
        probabilities: Emotion -> its probability; calibrated, their sum is 1.
        contributions: Modality -> what it adds to the emotion's probability: exact Shapley values.
        flags: What is to note, such as ``no_face`` or ``short``.
        words: The words with their times.
        note: What failed, in words; empty where nothing did.
    """

    type: ClassVar[str] = "turn"

    id: int
    revision: int
    is_final: bool
    start_s: float
    end_s: float
    known_s: float
    speaker: str
    text: str | None
    emotion: str | None
    probabilities: Mapping[str, float]
    contributions: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Relabel:
    """Two speakers turned out to be one person.

    Attributes:
        speaker: The name that is no longer used.
        into: The name that replaces it.
        turns: The turns, by ``id``, that are this person's from now on.
    """

    type: ClassVar[str] = "relabel"

    speaker: str
    into: str
    turns: tuple[int, ...]


@dataclass(frozen=True)
class Problem:
    """Something went wrong, and what became of it; the talk continues.

    Attributes:
        at_s: When, in seconds since the talk's start.
        message: What, in words.
    """

    type: ClassVar[str] = "error"

    at_s: float
    message: str


@dataclass(frozen=True)
class End:
    """The talk is over; no event follows.

    Attributes:
        at_s: How long it was, in seconds.
        turns: How many turns there were.
    """

    type: ClassVar[str] = "end"

    at_s: float
    turns: int


Event = Speech | Turn | Relabel | Problem | End


def told(event: Event) -> dict[str, Any]:
    """Returns an event as JSON holds it: its type, then its attributes."""
    return {"type": event.type, **asdict(event)}
