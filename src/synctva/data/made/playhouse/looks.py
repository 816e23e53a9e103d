"""What a drawn person looks like, and where the parts of a head are."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT = 176, 224
"""The size of the picture of a head, in pixels."""
FINE = 2
"""Outlines are drawn this many times larger and then reduced, so that they are smooth."""

CENTRE_X, CENTRE_Y = 88.0, 116.0
EYES_Y, BROWS_Y, NOSE_Y, MOUTH_Y = 110.0, 93.5, 141.0, 163.0
HALF_WIDTH, HALF_HEIGHT = 54.0, 75.0
"""The face of average proportions, in pixels of the head's picture."""

HAIR_STYLES = ("short", "parted", "long", "bob", "bun", "curly")

Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """What a person looks like; proportions are 1 in an average face.

    Attributes:
        skin: Colour in full light.
        hair: Colour of hair and brows.
        iris: Colour.
        lips: Colour.
        shirt: Colour.
        style: Of the hair, one of HAIR_STYLES.
        width: Of the face.
        length: Of the face.
        jaw: 0 = pointed chin, 1 = square.
        eye_size: Height and width of the eyes.
        eye_distance: Between the eyes.
        brow: Thickness of the brows.
        nose: Width of the nose.
        lip: Fullness of the lips.
        stubble: 0 = shaven, 1 = dark.
    """

    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    shirt: Colour
    style: str
    width: float
    length: float
    jaw: float
    eye_size: float
    eye_distance: float
    brow: float
    nose: float
    lip: float
    stubble: float

    @property
    def eye_x(self) -> float:
        """Distance of an eye's centre from the middle of the face, in pixels."""
        return 24.5 * self.width * self.eye_distance


def lit(colour: Colour, light: float) -> Colour:
    """Returns the colour in less light (below 1) or more."""
    r, g, b = (int(min(255, max(0, channel * light))) for channel in colour)
    return r, g, b


def fine(xs: np.ndarray, ys: np.ndarray, corner: tuple[int, int] = (0, 0)) -> list[Point]:
    """Returns points of the head's picture as points of the larger one that outlines are drawn in.

    Args:
        xs: Pixels from the left.
        ys: Pixels from the top.
        corner: Left and top of the part that is drawn in.
    """
    return [
        ((float(x) - corner[0]) * FINE, (float(y) - corner[1]) * FINE)
        for x, y in zip(xs, ys, strict=True)
    ]


def box(left: float, top: float, right: float, bottom: float) -> list[float]:
    """Returns a box of the head's picture in the larger picture that outlines are drawn in."""
    return [v * FINE for v in (left, top, right, bottom)]


def line(points: Iterable[Point]) -> list[Point]:
    """Returns a few points of the head's picture in the larger one."""
    return [(x * FINE, y * FINE) for x, y in points]
