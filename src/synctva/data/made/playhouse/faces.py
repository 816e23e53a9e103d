"""Drawn heads without their moving parts: face, ears, hair and brows."""

import numpy as np
from PIL import Image, ImageDraw

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
    WIDTH,
    Look,
    Point,
    box,
    fine,
    line,
    lit,
)
from synctva.data.made.playhouse.skin import paint_skin


def paint_head(look: Look, expression: Expression) -> tuple[Image.Image, Image.Image]:
    """Returns a head without eyes and mouth, FINE times as large, and the mask of where it is."""
    size = WIDTH * FINE, HEIGHT * FINE
    skin = paint_skin(look, expression).resize(size, Image.Resampling.BILINEAR)
    head, mask, face = Image.new("RGB", size, lit(look.hair, 0.8)), *_masks(size)
    draw, cover = ImageDraw.Draw(head), ImageDraw.Draw(mask)
    _hair_behind(look, cover)
    neck = box(CENTRE_X - 27, 160, CENTRE_X + 27, 214)
    draw.rounded_rectangle(neck, radius=20 * FINE, fill=lit(look.skin, 0.62))
    cover.rounded_rectangle(neck, radius=20 * FINE, fill=255)
    for side in (-1, 1):
        x = CENTRE_X + side * (HALF_WIDTH * look.width + 1)
        ear = box(x - 8, EYES_Y - 8, x + 8, EYES_Y + 22)
        draw.ellipse(ear, fill=lit(look.skin, 0.72))
        cover.ellipse(ear, fill=255)
    ImageDraw.Draw(face).polygon(_face_outline(look), fill=255)
    head.paste(skin, mask=face)
    mask.paste(255, mask=face)
    _hair_before(look, draw, cover)
    for side in (-1, 1):
        draw.polygon(_brow(look, expression, side), fill=lit(look.hair, 0.75))
    return head, mask


def _masks(size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    return Image.new("L", size), Image.new("L", size)


def _face_outline(look: Look) -> list[Point]:
    t = np.linspace(-1, 1, 60)
    power = 2.1 + 0.5 * look.jaw
    forehead = np.sqrt(np.clip(1 - np.abs(t) ** 2.3, 0, 1))
    jaw = np.clip(1 - np.abs(t) ** power, 0, 1) ** (1 / power)
    jaw *= 1 - (0.24 - 0.16 * look.jaw) * t
    x = HALF_WIDTH * look.width * np.where(t < 0, forehead, jaw)
    y = CENTRE_Y + HALF_HEIGHT * look.length * t
    return fine(CENTRE_X + x, y) + fine(CENTRE_X - x, y)[::-1]


def _brow(look: Look, expression: Expression, side: int) -> list[Point]:
    """Returns the outline of a brow, from its inner end to the outer one and back."""
    t = np.linspace(0, 1, 12)
    x = look.eye_x - 14 - 3.0 * expression.brow_pinch + t * 32 * look.width
    lift = 7.5 * expression.brow_raise + 8.0 * expression.brow_inner * (1 - t) ** 1.4
    lift -= 3.0 * max(expression.brow_inner, 0) * t
    lift += 2.2 * np.sin(np.pi * np.clip(t * 1.15, 0, 1)) * (1 + 0.8 * expression.brow_raise)
    y = BROWS_Y + 1.5 + 2.5 * t**2 - lift
    thick = look.brow * (2.9 - 1.9 * t**1.5)
    x = CENTRE_X + side * x
    return fine(x, y - thick) + fine(x, y + thick)[::-1]


def _hair_behind(look: Look, cover: ImageDraw.ImageDraw) -> None:
    """Marks the hair that is seen behind the face; the picture's ground is of its colour."""
    wide = HALF_WIDTH * look.width
    if look.style in ("long", "bob"):
        bottom = 205 if look.style == "long" else 172
        sides = box(CENTRE_X - wide - 13, 26, CENTRE_X + wide + 13, bottom)
        cover.rounded_rectangle(sides, radius=int((wide + 10) * FINE), fill=255)
    if look.style == "bun":
        cover.ellipse(box(CENTRE_X - 22, 8, CENTRE_X + 22, 52), fill=255)
    grow = 10 if look.style == "curly" else 4
    cover.ellipse(box(CENTRE_X - wide - grow, 34 - grow, CENTRE_X + wide + grow, 128), fill=255)


def _hair_before(look: Look, draw: ImageDraw.ImageDraw, cover: ImageDraw.ImageDraw) -> None:
    """Draws the hair above the forehead: everything between the crown and the hairline."""
    t = np.linspace(-1, 1, 40)
    edge = np.abs(t)
    hairline = {
        "short": 60 + 26 * edge**3.5 - 2 * np.cos(9 * t),
        "parted": 57 + 24 * edge**2.4 + 6 * (t + 0.4) * (t > -0.4),
        "long": 56 + 42 * edge**2.6,
        "bob": 66 + 34 * edge**4,
        "bun": 54 + 30 * edge**2.8,
        "curly": 62 + 30 * edge**3 + 3 * np.sin(17 * t),
    }[look.style]
    crown = 64 - (42 if look.style == "curly" else 36) * np.sqrt(1 - t**2)
    x = CENTRE_X + t * (HALF_WIDTH * look.width + 3)
    outline = fine(x, crown) + fine(x, hairline)[::-1]
    draw.polygon(outline, fill=look.hair)
    cover.polygon(outline, fill=255)
    for k in range(-3, 4):
        strand = line([(CENTRE_X + k * 13, 36 + 1.2 * k**2), (CENTRE_X + k * 15, 57)])
        draw.line(strand, fill=lit(look.hair, 1.12), width=FINE)
