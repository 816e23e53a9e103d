"""Utterance and Dialogue: who said what when, with which emotion, and where it is recorded."""

import math
from dataclasses import dataclass
from itertools import pairwise

from synctva.errors import InputError

SPLITS = ("train", "valid", "test")
HALVES = ("left", "right")

NOBODY = "speaker"
"""Who speaks if nothing says who."""


@dataclass(frozen=True)
class Utterance:
    """One turn of one speaker.

    Attributes:
        turn: Number of the turn in its dialogue, from 0; gaps are allowed.
        speaker: The speaker's name; it only matters whether two turns share it.
        text: The words; None where there is no transcript.
        emotion: A name of the corpus's schema; None = unlabelled.
        start_s: Start in the recording, in seconds; None = unknown, or the recording's own.
        end_s: End in the recording, in seconds; None = unknown, or the recording's own.
        media: Path of the recording; None where there is none.
        audio_media: Path of a recording that holds this utterance's audio and nothing else;
            None = the audio is in ``media``.
        half: The half of the picture that shows the speaker, of ``HALVES``; None = all of it.

    Raises:
        InputError: A turn that is negative or beyond 64 bits, an empty speaker, times that are
            negative, not finite or not in order, or an unknown half.
    """

    turn: int
    speaker: str
    text: str | None = None
    emotion: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    media: str | None = None
    audio_media: str | None = None
    half: str | None = None

    def __post_init__(self) -> None:
        if self.turn < 0:
            raise InputError(f"turn {self.turn}: turns are numbered from 0")
        if self.turn >= 1 << 63:
            raise InputError(f"turn {self.turn} is too large; number turns from 0")
        if not self.speaker:
            raise InputError(f"turn {self.turn}: the speaker is empty; write any name")
        if self.half not in (None, *HALVES):
            raise InputError(f"turn {self.turn}: half {self.half!r} is neither left nor right")
        times = [time for time in (self.start_s, self.end_s) if time is not None]
        if not all(math.isfinite(time) for time in times):
            raise InputError(f"turn {self.turn}: start {self.start_s}, end {self.end_s} not finite")
        if min(times, default=0) < 0:
            raise InputError(
                f"turn {self.turn}: a time of {min(times)} s is negative; a recording begins at 0"
            )
        if len(times) == 2 and times[1] < times[0]:
            raise InputError(
                f"turn {self.turn}: it ends at {times[1]} s, before its start at {times[0]} s"
            )


@dataclass(frozen=True)
class Dialogue:
    """A conversation: utterances in order of their turns, all of one split.

    Raises:
        InputError: No utterance, an unknown split, or turns that are not strictly increasing.
    """

    id: str
    split: str
    utterances: tuple[Utterance, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "utterances", tuple(self.utterances))
        if not self.utterances:
            raise InputError(f"dialogue {self.id!r} has no utterance")
        if self.split not in SPLITS:
            raise InputError(
                f"dialogue {self.id!r}: split {self.split!r} is none of {', '.join(SPLITS)}"
            )
        turns = [utterance.turn for utterance in self.utterances]
        for earlier, later in pairwise(turns):
            if later <= earlier:
                problem = f"turn {later} twice" if later == earlier else f"{later} after {earlier}"
                raise InputError(f"dialogue {self.id!r}: turns out of order ({problem})")
