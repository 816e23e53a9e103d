"""The moving parts of a drawn face: eyes that blink and a mouth that speaks."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from synctva.data.made.playhouse.expressions import Expression
from synctva.data.made.playhouse.looks import (
    CENTRE_X,
    EYES_Y,
    FINE,
    MOUTH_Y,
    Look,
    Point,
    fine,
    lit,
)

EYES_BOX = (26, 88, 150, 128)
MOUTH_BOX = (44, 144, 132, 196)
"""Left, top, right and bottom of what is painted again, in pixels of the head's picture."""

WHITE = (236, 232, 226)
LID_SHADE = (90, 80, 78)
PUPIL = (12, 10, 10)
TEETH = (238, 234, 222)
THROAT = (58, 18, 20)
TONGUE = (176, 84, 86)


def paint_eyes(head: Image.Image, look: Look, expression: Expression, open: float) -> Image.Image:
    """Returns the strip of a head with both eyes, at the size of the head's picture.

    Args:
        head: What ``paint_head`` returned; it stays as it is.
        look: Whose face it is.
        expression: What it expresses.
        open: 1 = as the expression has it, 0 = shut in a blink.
    """
    left, top, right, bottom = (FINE * v for v in EYES_BOX)
    strip = head.crop((left, top, right, bottom))
    for side in (-1, 1):
        _paint_eye(strip, look, expression, side, open)
    return strip.reduce(FINE)


def _paint_eye(
    strip: Image.Image, look: Look, expression: Expression, side: int, open: float
) -> None:
    t = np.linspace(-1, 1, 24)
    arch = np.sqrt(1 - t**2) * (1 - 0.12 * t * side)
    above = 6.4 * look.eye_size * expression.eye_open * open
    below = (
        4.4 * look.eye_size * min(expression.eye_open, 1.2) - 3.2 * expression.lower_lid
    ) * open
    x = CENTRE_X + side * look.eye_x + 12.0 * look.eye_size * t
    middle = EYES_Y + 1.5 * (1 - open) + 1.3 * max(expression.brow_inner, 0) * t * side
    upper, lower = middle - above * arch, middle + max(below, 0.3) * arch

    def at(y: np.ndarray) -> list[Point]:
        return fine(x, y, EYES_BOX[:2])

    opening, shade = Image.new("L", strip.size), Image.new("L", strip.size)
    ImageDraw.Draw(opening).polygon(at(upper) + at(lower)[::-1], fill=255)
    ball = Image.new("RGB", strip.size, WHITE)
    _draw_iris(ImageDraw.Draw(ball), look, expression, side)
    ImageDraw.Draw(shade).line(at(upper + 1.2), fill=150, width=3 * FINE)
    ball.paste(LID_SHADE, mask=shade.filter(ImageFilter.BoxBlur(FINE)))
    strip.paste(ball, mask=opening)
    draw = ImageDraw.Draw(strip)
    draw.line(at(upper), fill=lit(look.hair, 0.35), width=round(2.3 * FINE), joint="curve")
    draw.line(at(lower), fill=lit(look.skin, 0.5), width=FINE, joint="curve")
    crease = upper - 3.6 - 1.2 * (expression.eye_open - 1)
    draw.line(at(crease)[4:-4], fill=lit(look.skin, 0.52), width=FINE, joint="curve")


def _draw_iris(draw: ImageDraw.ImageDraw, look: Look, expression: Expression, side: int) -> None:
    x = (CENTRE_X + side * look.eye_x - EYES_BOX[0]) * FINE
    y = (EYES_Y - 0.6 + 2.2 * expression.gaze_down - EYES_BOX[1]) * FINE
    for radius, colour in ((6.0, lit(look.iris, 0.6)), (5.2, look.iris), (2.7, PUPIL)):
        r = radius * look.eye_size * FINE
        draw.ellipse([x - r, y - r, x + r, y + r], fill=colour)
    draw.ellipse([x - 3 * FINE, y - 3 * FINE, x - FINE, y - FINE], fill=(250, 250, 250))


def paint_mouth(
    head: Image.Image, look: Look, expression: Expression, speaking: float
) -> Image.Image:
    """Returns the part of a head with the mouth, at the size of the head's picture.

    Args:
        head: What ``paint_head`` returned; it stays as it is.
        look: Whose face it is.
        expression: What it expresses.
        speaking: How far the sound opens the mouth, 0 to 1.
    """
    left, top, right, bottom = (FINE * v for v in MOUTH_BOX)
    part = head.crop((left, top, right, bottom))
    t = np.linspace(-1, 1, 40)
    arch = 1 - t**2
    gap = 15 * expression.gape + 10 * speaking * (1 - 0.5 * expression.gape)
    x = CENTRE_X + 21 * look.width * expression.stretch * (1 - 0.10 * speaking) * t
    middle = MOUTH_Y + 7.5 * expression.smile * (0.45 - t**2) + 1.5 * expression.pout * arch
    middle -= expression.sneer * (1.5 + 2.2 * np.exp(-(((t - 0.45) / 0.4) ** 2)))
    over, under = middle - 0.38 * gap * arch**0.6, middle + 0.62 * gap * arch**0.6
    full = 4.2 - (1.6 if expression.smile > 0.3 else 0.0)
    bow = full * (1 - 0.28 * np.exp(-((t / 0.16) ** 2)))
    upper = over - look.lip * bow * arch**0.7
    lower = under + look.lip * (5.2 + 1.8 * expression.pout) * arch**0.6

    def at(y: np.ndarray) -> list[Point]:
        return fine(x, y, MOUTH_BOX[:2])

    draw = ImageDraw.Draw(part)
    draw.polygon(at(upper) + at(over + 0.4)[::-1], fill=lit(look.lips, 0.82))
    draw.polygon(at(under - 0.4) + at(lower)[::-1], fill=look.lips)
    draw.line(at((under + lower) / 2)[14:-14], fill=lit(look.lips, 1.18), width=FINE)
    if gap > 0.8:
        draw.polygon(at(over) + at(under)[::-1], fill=THROAT)
        tongue = np.maximum(under - 0.34 * max(gap - 5, 0) * arch**2, over)
        draw.polygon(at(tongue)[8:-8] + at(under)[::-1][8:-8], fill=TONGUE)
        share = max(expression.teeth, 0.35 if gap > 4 else 0.0)
        edge = np.minimum(over + min(5.5, 0.75 * gap) * share * arch**0.5, under)
        draw.polygon(at(over)[2:-2] + at(edge)[::-1][2:-2], fill=TEETH)
    draw.line(at(over), fill=lit(look.lips, 0.45), width=FINE, joint="curve")
    for end_x, end_y in (at(middle)[0], at(middle)[-1]):
        corner = [end_x - FINE, end_y - FINE, end_x + FINE, end_y + FINE]
        draw.ellipse(corner, fill=lit(look.skin, 0.45))
    return part.reduce(FINE)
