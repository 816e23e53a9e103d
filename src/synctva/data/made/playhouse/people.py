"""The people of the playhouse: everyone has a name, a face and a voice of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from synctva.data.made.playhouse.looks import Colour, Look, lit
from synctva.dialogue import SPLITS

NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "train": (
            *("Alma", "Boris", "Carla", "Dario", "Edith", "Farid", "Greta", "Hugo", "Ines"),
            *("Jonas", "Kira", "Leo", "Mina", "Nils", "Olga", "Pavel", "Rosa", "Said"),
            *("Tessa", "Umar", "Vera", "Willem", "Yara", "Zeno"),
        ),
        "valid": ("Amira", "Bruno", "Chloe", "Emil", "Fatou", "Goran", "Hanna", "Ivo"),
        "test": ("Jule", "Karim", "Lotte", "Marek", "Nora", "Oskar", "Paula", "Ravi"),
    }
)
"""Who plays in which split: nobody in two. Names at even places are women's."""

SKINS: tuple[Colour, ...] = (
    *((246, 212, 190), (236, 196, 170), (222, 178, 140), (204, 156, 118)),
    *((176, 126, 92), (150, 104, 78), (126, 86, 64)),
)
HAIRS: tuple[Colour, ...] = (
    *((40, 34, 36), (56, 40, 30), (92, 60, 38), (128, 84, 48), (190, 140, 70)),
    *((150, 74, 40), (138, 132, 128)),
)
IRISES: tuple[Colour, ...] = ((70, 48, 32), (60, 38, 26), (86, 120, 150), (90, 130, 90))
SHIRTS: tuple[Colour, ...] = (
    *((60, 90, 140), (150, 60, 60), (70, 130, 90), (120, 100, 60), (90, 70, 120)),
    *((60, 64, 72), (180, 150, 80), (190, 190, 196)),
)


@dataclass(frozen=True)
class Voice:
    """A speaker's voice at rest.

    Attributes:
        low_hz: Pitch at the end of a sentence.
        high_hz: Pitch at its peak.
        formants: Formant frequencies, in percent of an average man's; the smaller the head, the
            higher.
        rate: Speed, 1 = average.
        flutter: Irregularity of the pitch; 2 is usual.
        breath: Noise in the voice, as a share of it.
    """

    low_hz: float
    high_hz: float
    formants: tuple[int, ...]
    rate: float
    flutter: int
    breath: float


@dataclass(frozen=True)
class Person:
    """Someone who plays: what is theirs in every scene."""

    name: str
    look: Look
    voice: Voice


@cache
def cast(seed: int, split: str) -> tuple[Person, ...]:
    """Returns the people of a split; nobody is in two, and the same seed gives the same people."""
    people = []
    for number, name in enumerate(NAMES[split]):
        rng = np.random.default_rng((seed, 1, SPLITS.index(split), number))
        woman = number % 2 == 0
        people.append(Person(name, _look(rng, woman), _voice(rng, woman)))
    return tuple(people)


def _look(rng: np.random.Generator, woman: bool) -> Look:
    skin = _one(rng, SKINS)
    hairs = HAIRS if sum(skin) > 500 else HAIRS[:2]  # dark skin mostly comes with dark hair
    styles = ("long", "bob", "bun", "parted") if woman else ("short", "parted", "curly", "short")
    lips = lit((skin[0], int(skin[1] * 0.62), int(skin[2] * 0.68)), 0.92 if woman else 0.86)
    return Look(
        skin=skin,
        hair=_one(rng, hairs),
        iris=_one(rng, IRISES if sum(skin) > 500 else IRISES[:2]),
        lips=lips,
        shirt=_one(rng, SHIRTS),
        style=styles[rng.integers(len(styles))],
        width=_about(rng, 0.98 if woman else 1.02, 0.04),
        length=_about(rng, 0.99 if woman else 1.01, 0.03),
        jaw=_about(rng, 0.3 if woman else 0.8, 0.25),
        eye_size=_about(rng, 1.08 if woman else 1.0, 0.06),
        eye_distance=_about(rng, 1.0, 0.03),
        brow=_about(rng, 0.85 if woman else 1.15, 0.15),
        nose=_about(rng, 0.95 if woman else 1.08, 0.12),
        lip=_about(rng, 1.1 if woman else 0.95, 0.15),
        stubble=0.0 if woman else max(0.0, _about(rng, 0.2, 0.5)),
    )


def _voice(rng: np.random.Generator, woman: bool) -> Voice:
    low_hz = float(rng.uniform(140, 195) if woman else rng.uniform(74, 112))
    head = rng.uniform(107, 118) if woman else rng.uniform(93, 105)
    return Voice(
        low_hz=round(low_hz),
        high_hz=round(low_hz * rng.uniform(1.4, 1.6)),
        formants=tuple(int(f) for f in np.rint(head + rng.uniform(-4, 4, 6))),
        rate=_about(rng, 1.0, 0.08),
        flutter=int(rng.integers(1, 4)),
        breath=float(rng.uniform(0.0, 0.06)),
    )


def _one(rng: np.random.Generator, choices: Sequence[Colour]) -> Colour:
    return choices[int(rng.integers(len(choices)))]


def _about(rng: np.random.Generator, middle: float, reach: float) -> float:
    return float(rng.uniform(middle - reach, middle + reach))
