"""When somebody speaks, heard as it happens: from what has been heard so far alone.

The rules are those of :mod:`synctva.listening.voice_activity`, but for three things that need the
future: the level is that of the last half minute, speech that grows too long is cut at the longest
pause it has had, and a pause is over when it has lasted.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from synctva.listening.voice_activity import (
    BEGINS,
    GOES_ON,
    LONGEST_S,
    MARGIN_S,
    PAUSE_S,
    SHORTEST_S,
    SILENCE,
    SPEECH_LEVEL,
    WINDOW,
    silero,
)
from synctva.media import SAMPLE_RATE_HZ

LEVEL_WINDOWS = 30 * SAMPLE_RATE_HZ // WINDOW
"""The level is that of the loudest twentieth of this many windows: half a minute."""

LEAST_PAUSE = round(0.1 * SAMPLE_RATE_HZ)
"""Long speech is cut at no shorter pause; silero's."""

HESITATION = round(0.15 * SAMPLE_RATE_HZ)
"""A pause is reported when it has lasted this long: half of what ends speech."""

PAUSE, SHORTEST, LONGEST, MARGIN = (
    round(seconds * SAMPLE_RATE_HZ) for seconds in (PAUSE_S, SHORTEST_S, LONGEST_S, MARGIN_S)
)


@dataclass(frozen=True)
class SpeechHeard:
    """Speech that is surely there.

    Attributes:
        start: The sample at which it begins, with a margin.
        end: The sample at which it ends, with a margin; None = it has just begun.
        is_over: Whether it has ended; else this is a pause, and it may continue.
    """

    start: int
    end: int | None = None
    is_over: bool = False


class SpeechStream:
    """Reports when speech begins and ends.

    Args:
        network: Silero's, which nothing else uses meanwhile; None = a new one.

    Attributes:
        position: So many samples have been heard.
        needed: No sample before this is part of speech that is not told yet.
    """

    def __init__(self, network: Any = None) -> None:
        self._network = network or silero()
        self._network.reset_states()
        self._levels: deque[float] = deque(maxlen=LEVEL_WINDOWS)
        self._waiting = np.zeros(0, np.float32)
        self._start: int | None = None
        self._quiet_since: int | None = None
        self._pauses: list[tuple[int, int]] = []
        self._told_until = 0
        self._is_told = False
        self.position = 0

    @property
    def needed(self) -> int:
        """No sample before this is part of speech that is not told yet."""
        return max(
            self._told_until, (self.position if self._start is None else self._start) - MARGIN
        )

    def feed(self, samples: Float32[np.ndarray, " sample"]) -> Iterator[SpeechHeard]:
        """Yields what becomes known: speech that has begun, its pauses, and then its end.

        Args:
            samples: What comes next, at 16 kHz; of any length.
        """
        sound = np.concatenate([self._waiting, samples])
        whole = len(sound) // WINDOW * WINDOW
        self._waiting = sound[whole:]
        for window in sound[:whole].reshape(-1, WINDOW):
            yield from self._hear(self._probability(window))

    def skip(self, samples: int) -> None:
        """Passes over sound that nobody has heard; to be told after :meth:`end`."""
        self.position += samples
        self._told_until = self.position

    def end(self) -> Iterator[SpeechHeard]:
        """Yields the speech that the end of the sound cuts off, if there is any."""
        left, self._waiting = len(self._waiting), np.zeros(0, np.float32)
        last = self.position + left
        if self._start is not None:
            yield from self._ended(self._quiet_since or last, last)
        self.position = last
        self._network.reset_states()

    def _probability(self, window: Float32[np.ndarray, " 512"]) -> float:
        """Returns the probability of speech; quiet sound is raised to the level of speech."""
        if np.abs(window).max() < SILENCE:
            return 0.0
        import torch

        level = float(np.sqrt(np.mean(window**2)))
        self._levels.append(level)
        level = max(level, float(np.percentile(self._levels, 95)))
        if level < SPEECH_LEVEL:
            window = np.clip(window * (SPEECH_LEVEL / level), -1.0, 1.0)
        with torch.inference_mode():
            return float(self._network(torch.from_numpy(window)[None], SAMPLE_RATE_HZ))

    def _hear(self, probability: float) -> Iterator[SpeechHeard]:
        """Goes on by one window, which begins at ``position``."""
        begin, self.position = self.position, self.position + WINDOW
        if self._start is None:
            if probability >= BEGINS:
                self._start = begin
            return
        if probability >= BEGINS and self._quiet_since is not None:
            self._pauses.append((self._quiet_since, begin))
            self._quiet_since = None
        elif probability < GOES_ON and self._quiet_since is None:
            self._quiet_since = begin
        if self._quiet_since is not None and self.position - self._quiet_since >= PAUSE:
            yield from self._ended(self._quiet_since, self.position)
        elif self.position - self._start >= LONGEST:
            yield from self._cut()
        elif not self._is_told and (self._quiet_since or self.position) - self._start >= SHORTEST:
            self._is_told = True
            yield SpeechHeard(self.needed)
        elif self._quiet_since is not None and self._is_told:
            too_long = self.position - self._quiet_since - HESITATION
            if 0 <= too_long < WINDOW:
                yield SpeechHeard(self.needed, self._quiet_since + MARGIN)

    def _ended(self, end: int, most: int) -> Iterator[SpeechHeard]:
        assert self._start is not None
        if end - self._start >= SHORTEST:
            yield from self._told(min(end + MARGIN, most))
        self._start = self._quiet_since = None
        self._pauses, self._is_told = [], False

    def _cut(self) -> Iterator[SpeechHeard]:
        """Ends speech that is too long in the longest pause that it has had, else here."""
        assert self._start is not None
        if self._quiet_since is not None:
            self._pauses.append((self._quiet_since, self.position))
        pauses = [
            (begin, end)
            for begin, end in self._pauses
            if end - begin >= LEAST_PAUSE and begin - self._start >= SHORTEST
        ]
        begin, end = max(
            pauses, key=lambda pause: pause[1] - pause[0], default=(self.position,) * 2
        )
        yield from self._told(min(begin + MARGIN, (begin + end) // 2))
        self._start = end
        self._pauses = [pause for pause in self._pauses if pause[0] >= end]
        self._is_told = False

    def _told(self, end: int) -> Iterator[SpeechHeard]:
        if not self._is_told:
            yield SpeechHeard(self.needed)
        start, self._told_until = self.needed, end
        yield SpeechHeard(start, end, is_over=True)
