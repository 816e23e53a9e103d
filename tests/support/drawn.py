"""A drawn face that face detectors find, and pictures with faces in them."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from synctva.data.made.playhouse.expressions import EXPRESSIONS
from synctva.data.made.playhouse.people import cast
from synctva.data.made.playhouse.stage import FRAME_HEIGHT, FRAME_WIDTH, film

FACE_PX = 96, 58, 224, 186
"""Where the playhouse's face is in its picture, framed as FER2013 frames faces."""


def draw_face(side_px: int, mouth: float = 0.2) -> UInt8[np.ndarray, "side side 3"]:
    """Returns a face that fills its picture as those of FER2013 do.

    Args:
        side_px: Of the picture; detectors find it from 60 on.
        mouth: How far it is open, in 0..1.
    """
    ground = Image.new("RGB", (FRAME_WIDTH, FRAME_HEIGHT), (110, 112, 118))
    opening, random = np.array([mouth]), np.random.default_rng(3)
    look = cast(0, "test")[3].look
    (frame,) = film(look, EXPRESSIONS["neutral"], opening, ground, None, 0.0, random)
    face = Image.fromarray(frame).crop(FACE_PX)
    return np.asarray(face.resize((side_px, side_px), Image.Resampling.LANCZOS))


def paste(
    pixels: UInt8[np.ndarray, "height width 3"],
    face: UInt8[np.ndarray, "side side 3"],
    middle: tuple[int, int],
) -> UInt8[np.ndarray, "height width 3"]:
    """Returns the picture with a face whose middle is at x, y."""
    x, y, side = middle[0] - len(face) // 2, middle[1] - len(face) // 2, len(face)
    result = pixels.copy()
    result[y : y + side, x : x + side] = face
    return result


def room(seed: int = 0, height: int = 360, width: int = 640) -> UInt8[np.ndarray, "h w 3"]:
    """Returns a picture of nothing much: soft random colours."""
    coarse = np.random.default_rng(seed).integers(90, 160, (height // 40, width // 40, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
