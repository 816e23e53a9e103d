"""A drawn face that face detectors find, and pictures with faces in them."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFilter

PAINT_PX = 240
"""Faces are painted so large, then scaled."""


def draw_face(side_px: int, mouth: float = 0.2) -> UInt8[np.ndarray, "side side 3"]:
    """Returns a face that fills its picture as those of FER2013 do.

    Args:
        side_px: Of the picture.
        mouth: How far it is open, in 0..1.
    """
    picture = Image.new("RGB", (PAINT_PX, PAINT_PX), (70, 60, 55))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((22, -30, 218, 262), fill=(224, 184, 158))
    for x in (75, 165):
        pen.ellipse((x - 30, 70, x + 30, 112), fill=(186, 142, 118))
        pen.ellipse((x - 22, 82, x + 22, 106), fill=(240, 238, 234))
        pen.ellipse((x - 11, 82, x + 11, 106), fill=(40, 26, 20))
        pen.line((x - 28, 70, x + 28, 66), fill=(60, 40, 30), width=9)
    pen.polygon(((120, 96), (102, 152), (138, 152)), fill=(206, 162, 136))
    pen.line((104, 154, 136, 154), fill=(140, 96, 80), width=6)
    pen.ellipse((84, 184 - 26 * mouth, 156, 198 + 34 * mouth), fill=(110, 40, 42))
    picture = picture.filter(ImageFilter.GaussianBlur(2.5))
    return np.asarray(picture.resize((side_px, side_px), Image.Resampling.LANCZOS))


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
