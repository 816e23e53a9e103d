"""Light and shade on a drawn face.

A face detector looks for light and shade before it looks for outlines: forehead, nose bridge and
cheeks are bright, eye sockets and the space below the nose dark.
"""

import numpy as np
from jaxtyping import Float32
from PIL import Image, ImageDraw, ImageFilter

from synctva.data.made.playhouse.expressions import Expression
from synctva.data.made.playhouse.looks import (
    BROWS_Y,
    CENTRE_X,
    CENTRE_Y,
    EYES_Y,
    FINE,
    HALF_HEIGHT,
    HALF_WIDTH,
    HEIGHT,
    MOUTH_Y,
    NOSE_Y,
    WIDTH,
    Look,
    box,
    line,
)

X = np.arange(WIDTH, dtype=np.float32)
Y = np.arange(HEIGHT, dtype=np.float32)[:, None]

AMBIENT, LAMP = 0.45, 0.58
"""Light from everywhere, and from a lamp above, a little to the left."""


def paint_skin(look: Look, expression: Expression) -> Image.Image:
    """Returns the skin of a face and beyond it, at the size of the head's picture."""
    light = _roundness(look) + _relief(look, expression) - _creases(look, expression)
    colour = np.asarray(look.skin, np.float32) * light[..., None]
    for side in (-1, 1):
        cheek = _spot(CENTRE_X + side * 32, 138, 15, 13)[..., None]
        colour *= 1 - cheek * np.array([0.0, 0.10, 0.08], np.float32)
    if look.stubble:
        jaw = 1 / (1 + np.exp((148 - 0.012 * (X - CENTRE_X) ** 2 - Y) / 4))
        share = (0.35 * look.stubble * jaw)[..., None].astype(np.float32)
        colour += share * (np.asarray(look.hair, np.float32) - colour)
    return Image.fromarray(colour.clip(0, 255).astype(np.uint8))


def _spot(x: float, y: float, wide: float, high: float) -> Float32[np.ndarray, "h w"]:
    """Returns a soft spot with 1 in its middle."""
    across = np.exp(-(((X - np.float32(x)) / np.float32(wide)) ** 2))
    return np.exp(-(((Y - np.float32(y)) / np.float32(high)) ** 2)) * across


def _roundness(look: Look) -> Float32[np.ndarray, "h w"]:
    across = (X - CENTRE_X) / np.float32(HALF_WIDTH * look.width * 1.12)
    down = (Y - CENTRE_Y) / np.float32(HALF_HEIGHT * look.length * 1.15)
    towards = np.sqrt(np.clip(1 - across**2 - down**2, 0.02, 1))
    return AMBIENT + LAMP * np.clip(0.9 * towards - 0.18 * across - 0.28 * down, 0, 1.2)


def _relief(look: Look, expression: Expression) -> Float32[np.ndarray, "h w"]:
    """Returns the light that brows, sockets, nose, cheeks and chin add and take."""
    frown = max(-expression.brow_raise, 0)
    cheek = 4 * expression.lower_lid
    relief = 0.10 * _spot(CENTRE_X, 70, 34, 16)
    relief += 0.17 * _spot(CENTRE_X, NOSE_Y - 16, 5.5 * look.nose, 24)
    relief += 0.10 * _spot(CENTRE_X, NOSE_Y, 7 * look.nose, 6)
    relief -= 0.20 * _spot(CENTRE_X, NOSE_Y + 8, 10 * look.nose, 3.5)
    relief -= 0.14 * _spot(CENTRE_X, MOUTH_Y + 13, 13, 4)
    relief += 0.07 * _spot(CENTRE_X, MOUTH_Y + 21, 11, 6)
    for side in (-1, 1):
        eye = CENTRE_X + side * look.eye_x
        relief -= 0.30 * _spot(eye, EYES_Y - 2 + frown, 17, 9.5)
        relief -= (0.10 + 0.12 * frown) * _spot(eye - side * 13, EYES_Y - 4, 6, 10)
        relief += 0.13 * _spot(eye + side * 3, EYES_Y + 25 - cheek, 15, 11)
        relief -= 0.05 * _spot(eye, EYES_Y + 11 - cheek / 2, 13, 3)
        relief -= 0.10 * _spot(CENTRE_X + side * 11 * look.nose, NOSE_Y - 2, 4, 10)
    return relief


def _creases(look: Look, expression: Expression) -> Float32[np.ndarray, "h w"]:
    """Returns the light that nostrils, folds and furrows take."""
    mask = Image.new("L", (WIDTH * FINE, HEIGHT * FINE))
    draw = ImageDraw.Draw(mask)
    _draw_nose(draw, look, expression)
    for side in (-1, 1):
        _draw_furrows(draw, look, expression, side)
    if expression.brow_raise > 0.4:
        for top in (64, 72, 80):
            arc = box(CENTRE_X - 27, top, CENTRE_X + 27, top + 14)
            draw.arc(arc, 205, 335, fill=int(80 * expression.brow_raise), width=FINE)
    soft = mask.reduce(FINE).filter(ImageFilter.GaussianBlur(0.8))
    return np.asarray(soft, np.float32) / 255 * 0.62


def _draw_nose(draw: ImageDraw.ImageDraw, look: Look, expression: Expression) -> None:
    wide, y = 10.5 * look.nose, NOSE_Y - 2.5 * expression.wrinkle
    for side in (-1, 1):
        x, wing = CENTRE_X + side * wide * 0.5, CENTRE_X + side * wide
        draw.ellipse(box(x - 3.4, y + 3, x + 3.4, y + 6.8), fill=255)
        angles = (-70, 70) if side > 0 else (110, 250)
        draw.arc(box(wing - 5, y - 5, wing + 5, y + 7), *angles, fill=200, width=2 * FINE)


def _draw_furrows(draw: ImageDraw.ImageDraw, look: Look, expression: Expression, side: int) -> None:
    """Draws what pinched brows, a wrinkled nose and a drawn mouth leave on one side."""

    def stroke(points: list[tuple[float, float]], strength: float) -> None:
        fill = int(np.clip(strength, 0, 255))
        draw.line(line(points), fill=fill, width=2 * FINE, joint="curve")

    x = CENTRE_X + side * 4.5
    stroke([(x, BROWS_Y - 5), (x - side * 1.2, BROWS_Y + 9)], 210 * expression.brow_pinch)
    for y in (EYES_Y + 4, EYES_Y + 10, EYES_Y + 16):
        stroke([(CENTRE_X, y), (CENTRE_X + side * 8.5, y - 5)], 160 * expression.wrinkle)
    x, y = CENTRE_X + side * 13 * look.nose, NOSE_Y + 1
    stroke([(x, y), (x + side * 9, y + 9), (x + side * 14, y + 22)], 170 * expression.fold)
