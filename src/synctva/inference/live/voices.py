"""Who speaks, recognised by the voice as it happens: from what was heard so far alone."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from synctva.listening.speakers import SHORT_S
from synctva.listening.voices import WINDOW_S
from synctva.media import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from synctva.listening.camplusplus import CamPlusPlus

SAME = 0.35
"""From this similarity (cosine) on, the voice of a turn is that of somebody heard before."""

MERGED = 0.5
"""From this similarity on, of all that was heard of them, two people are one."""

WINDOW = round(WINDOW_S * SAMPLE_RATE_HZ)

MOST_WINDOWS = 6
"""If a turn is longer, its first nine seconds show who speaks."""

Vector = Float32[np.ndarray, " dim"]


@cache
def network() -> "CamPlusPlus":
    """Returns the network of voices, loaded once for all talks."""
    from synctva.listening.camplusplus import load_camplusplus

    return load_camplusplus()


class VoiceOfTurn:
    """The voice of a turn, listened to while it goes on, so that its end does not wait."""

    def __init__(self) -> None:
        self._vectors: list[Vector] = []

    def hear(self, sound: Float32[np.ndarray, " sample"]) -> None:
        """Listens to windows that are whole now.

        Args:
            sound: Of the turn so far.
        """
        for number in range(len(self._vectors), min(len(sound) // WINDOW, MOST_WINDOWS)):
            self._vectors.append(_vector(sound[number * WINDOW :][:WINDOW]))

    def vector(self, sound: Float32[np.ndarray, " sample"]) -> Vector:
        """Returns the voice of the turn, of length 1.

        Args:
            sound: Of all of it.
        """
        self.hear(sound)
        return _unit(sum(self._vectors[1:], self._vectors[0]) if self._vectors else _vector(sound))


@dataclass
class _Person:
    name: str
    voice: Vector
    heard_s: float


class People:
    """The people who were heard so far, by their voices.

    Args:
        most: The most people; None = any number.
    """

    def __init__(self, most: int | None = None) -> None:
        self._people: list[_Person] = []
        self._most, self._named = most, 0

    def who(self, voice: Vector, length_s: float) -> str:
        """Returns whose voice it is, maybe somebody's who was not heard before, and remembers it.

        In a turn that is too short a voice is hardly known: it is the most similar one's.
        """
        near = max(self._people, key=lambda person: float(person.voice @ voice), default=None)
        is_short, is_full = length_s < SHORT_S, len(self._people) == self._most
        if near is None or (float(near.voice @ voice) < SAME and not (is_short or is_full)):
            near = _Person(f"SPEAKER_{self._named:02d}", voice * 0, 0.0)
            self._named += 1
            self._people.append(near)
        elif is_short:
            return near.name
        near.voice = _unit(near.voice * near.heard_s + voice * length_s)
        near.heard_s += length_s
        return near.name

    def likely(self, voice: Vector) -> str:
        """Returns who it may be, remembering nothing; empty if it is like nobody's."""
        near = max(self._people, key=lambda person: float(person.voice @ voice), default=None)
        return near.name if near is not None and float(near.voice @ voice) >= SAME else ""

    def merged(self) -> tuple[str, str] | None:
        """Makes one of two people whose voices are alike: returns who is no more, and who it is."""
        for later in range(len(self._people) - 1, 0, -1):
            for person in self._people[:later]:
                other = self._people[later]
                if float(person.voice @ other.voice) >= MERGED:
                    both = person.voice * person.heard_s + other.voice * other.heard_s
                    person.voice, person.heard_s = _unit(both), person.heard_s + other.heard_s
                    del self._people[later]
                    return other.name, person.name
        return None


def _vector(sound: Float32[np.ndarray, " sample"]) -> Vector:
    import torch

    from synctva.tensors import in_one_thread

    least = round(0.5 * SAMPLE_RATE_HZ)
    sound = np.pad(sound, (0, max(0, least - len(sound))))
    with in_one_thread(), torch.inference_mode():
        return _unit(network()(torch.from_numpy(np.ascontiguousarray(sound))[None])[0].numpy())


def _unit(vector: Vector) -> Vector:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)
