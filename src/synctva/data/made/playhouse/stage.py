"""The picture around a drawn head: room, listener, body, and the camera that films them."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFilter

from synctva.data.made.playhouse.expressions import EXPRESSIONS, Expression
from synctva.data.made.playhouse.faces import paint_head
from synctva.data.made.playhouse.features import EYES_BOX, MOUTH_BOX, paint_eyes, paint_mouth
from synctva.data.made.playhouse.looks import (
    CENTRE_X,
    CENTRE_Y,
    FINE,
    HEIGHT,
    WIDTH,
    Colour,
    Look,
    lit,
)

FRAME_WIDTH, FRAME_HEIGHT = 320, 240
RATE_HZ = 12
"""Frames per second."""

LEVELS = 6
"""How many openings a speaking mouth has, between shut and wide."""
BLINK = (0.4, 0.0, 0.5)
"""Opening of the eyes in the frames of a blink."""
LISTENER_RATE = 0.25
"""How often the person who is spoken to is seen, small and out of focus."""
GRAIN = 3.0
"""Standard deviation of the camera's noise, of 255."""


def film(
    look: Look,
    expression: Expression,
    opening: Float[np.ndarray, " frame"],
    room: Image.Image,
    listener: Look | None,
    noise: float,
    rng: np.random.Generator,
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yields the frames of a person who speaks.

    Args:
        look: Who is seen.
        expression: What the face shows.
        opening: How far the sound opens the mouth in each frame, 0 to 1.
        room: What ``paint_room`` returned.
        listener: Who is seen behind; None = nobody.
        noise: Factor on grain and on changes of light.
        rng: Decides movements, blinks and noise.
    """
    scale = rng.uniform(0.88, 1.05)
    ground = room.copy()
    if listener is not None:
        _add_listener(ground, listener, rng)
    _add_body(ground, look, scale)
    heads = _Heads(look, expression)
    eyes = _blinks(len(opening), rng)
    poses = _poses(len(opening), scale, rng)
    camera = _Camera(noise, rng)
    for wide, lids, pose in zip(opening, eyes, poses, strict=True):
        head = heads.at(float(lids), round(float(wide) * (LEVELS - 1)))
        picture, size = ground.copy(), (FRAME_WIDTH, FRAME_HEIGHT)
        how = Image.Transform.AFFINE, pose, Image.Resampling.BILINEAR
        picture.paste(head.transform(size, *how), mask=heads.mask.transform(size, *how))
        yield camera.shoot(picture)


def paint_room(rng: np.random.Generator) -> Image.Image:
    """Returns a blurred room: a wall, a floor and a few things."""
    wall = _colour(rng, 70, 190)
    room = Image.new("RGB", (FRAME_WIDTH, FRAME_HEIGHT), wall)
    draw = ImageDraw.Draw(room)
    draw.rectangle([0, 200, FRAME_WIDTH, FRAME_HEIGHT], fill=lit(wall, 0.55))
    for _ in range(4):
        left, top = rng.uniform(-30, FRAME_WIDTH - 20), rng.uniform(-10, 110)
        wide, high = rng.uniform(25, 90), rng.uniform(30, 110)
        colour, corners = _colour(rng, 30, 220), [left, top, left + wide, top + high]
        draw.rectangle(corners, fill=colour, outline=lit(colour, 0.6), width=4)
    return room.filter(ImageFilter.GaussianBlur(3.5))


def _colour(rng: np.random.Generator, dark: float, bright: float) -> Colour:
    """Returns a greyish colour."""
    r, g, b = rng.uniform(dark, bright) * rng.uniform(0.8, 1.0, 3)
    return int(r), int(g), int(b)


class _Heads:
    """A head with every state of its eyes and mouth, each painted when it is first needed."""

    def __init__(self, look: Look, expression: Expression):
        self.look, self.expression = look, expression
        self.large, mask = paint_head(look, expression)
        self.small, self.mask = self.large.reduce(FINE), mask.reduce(FINE)
        self.painted: dict[tuple[float, int], Image.Image] = {}

    def at(self, lids: float, level: int) -> Image.Image:
        if (lids, level) not in self.painted:
            head = self.small.copy()
            speaking = level / (LEVELS - 1)
            eyes = paint_eyes(self.large, self.look, self.expression, lids)
            mouth = paint_mouth(self.large, self.look, self.expression, speaking)
            head.paste(eyes, EYES_BOX[:2])
            head.paste(mouth, MOUTH_BOX[:2])
            self.painted[lids, level] = head
        return self.painted[lids, level]


def _add_body(ground: Image.Image, look: Look, scale: float) -> None:
    """Paints the shoulders under where the head will be."""
    draw = ImageDraw.Draw(ground)
    x, chin = FRAME_WIDTH / 2, 118 + 66 * scale
    shoulders = 92 * scale
    sides = [x - shoulders, chin + 14, x + shoulders, FRAME_HEIGHT + 60]
    draw.rounded_rectangle(sides, radius=34, fill=look.shirt)


def _add_listener(ground: Image.Image, look: Look, rng: np.random.Generator) -> None:
    """Paints the person who is spoken to at one side, small and out of focus."""
    heads = _Heads(look, EXPRESSIONS["neutral"])
    size = WIDTH * 2 // 5, HEIGHT * 2 // 5
    head, mask = heads.at(1.0, 0).resize(size), heads.mask.resize(size)
    x = int(rng.integers(-6, 22)) if rng.random() < 0.5 else int(rng.integers(232, 256))
    y = int(rng.integers(50, 90))
    body = [x + 4, y + size[1] - 14, x + size[0] - 4, FRAME_HEIGHT + 20]
    ImageDraw.Draw(ground).rounded_rectangle(body, radius=16, fill=look.shirt)
    ground.paste(head, (x, y), mask)
    ground.paste(ground.filter(ImageFilter.GaussianBlur(1.5)))


def _blinks(frames: int, rng: np.random.Generator) -> Float[np.ndarray, " frame"]:
    """Returns how far the lids are open: people blink every two to five seconds."""
    lids = np.ones(frames)
    frame = int(rng.integers(0, 3 * RATE_HZ))
    while frame + len(BLINK) <= frames:
        lids[frame : frame + len(BLINK)] = BLINK
        frame += int(rng.integers(2 * RATE_HZ, 5 * RATE_HZ))
    return lids


def _poses(
    frames: int, scale: float, rng: np.random.Generator
) -> Iterator[tuple[float, float, float, float, float, float]]:
    """Yields, for each frame, how its pixels are found in the picture of the head."""
    time_s = np.arange(frames) / RATE_HZ
    sway = [np.sin(2 * np.pi * (rng.uniform(0.2, 0.6) * time_s + rng.random())) for _ in range(3)]
    middle = FRAME_WIDTH / 2 + rng.uniform(-6, 6) + 3.5 * sway[0]
    height = 118 + rng.uniform(-4, 4) + 2.0 * sway[1]
    angles = np.radians(rng.uniform(-2, 2) + 2.5 * sway[2])
    for x, y, angle in zip(middle, height, angles, strict=True):
        cos, sin = float(np.cos(angle) / scale), float(np.sin(angle) / scale)
        yield (
            *(cos, sin, CENTRE_X - cos * float(x) - sin * float(y)),
            *(-sin, cos, CENTRE_Y + sin * float(x) - cos * float(y)),
        )


class _Camera:
    """Exposure that differs from clip to clip, light that changes within one, and grain."""

    def __init__(self, noise: float, rng: np.random.Generator):
        self.rng = rng
        self.exposure = 1 + noise * rng.uniform(-0.15, 0.08)
        self.flicker = 0.04 * noise
        self.phase = rng.random()
        self.frames = 0
        shape = (2 * FRAME_HEIGHT, 2 * FRAME_WIDTH, 1)
        self.grain = np.rint(GRAIN * noise * rng.standard_normal(shape, np.float32)).astype(
            np.int16
        )

    def shoot(self, picture: Image.Image) -> UInt8[np.ndarray, "height width 3"]:
        wave = np.sin(2 * np.pi * (0.4 * self.frames / RATE_HZ + self.phase))
        light = self.exposure + self.flicker * wave
        self.frames += 1
        seen = np.rint(np.arange(256) * light).astype(np.int16)[np.asarray(picture)]
        top, left = self.rng.integers(FRAME_HEIGHT), self.rng.integers(FRAME_WIDTH)
        grain = self.grain[top : top + FRAME_HEIGHT, left : left + FRAME_WIDTH]
        return np.clip(seen + grain, 0, 255).astype(np.uint8)
