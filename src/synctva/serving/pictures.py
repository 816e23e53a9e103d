"""Pictures that clients send, decoded by a separate process: they are treated as hostile."""

import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import numpy as np
from jaxtyping import UInt8

from synctva.errors import InputError
from synctva.media import read_frames
from synctva.media.pictures import LONGER_SIDE_PX
from synctva.work import Task, on_this_machine

MOST_BYTES = 300_000
"""A JPEG of 640 pixels has a tenth of this."""

TIME_LIMIT_S = 5.0
MEMORY_BYTES = 2**30

Picture = UInt8[np.ndarray, "height width 3"]


class Decoder:
    """Decodes JPEGs, one at a time, for all clients."""

    def __init__(self) -> None:
        task = Task(_decoded, time_limit_s=TIME_LIMIT_S, memory_bytes=MEMORY_BYTES)
        self._engine, self._lock = on_this_machine(task, 1), Lock()

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._engine.stop()

    def decode(self, content: bytes) -> Picture:
        """Returns the picture of a JPEG.

        Raises:
            InputError: It is not a JPEG, or too large.
        """
        check_jpeg(content)
        with self._lock:
            [(_, outcome)] = self._engine.outcomes([content])
        if isinstance(outcome, InputError):
            raise InputError("a picture cannot be decoded; send JPEG")
        return outcome


def check_jpeg(content: bytes) -> None:
    """Checks that a picture is a JPEG and, by its own header, small enough.

    Raises:
        InputError: It is not.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"a picture of {len(content)} bytes: send at most {MOST_BYTES}")
    width, height = _size(content)
    if not 1 <= min(width, height) <= max(width, height) <= LONGER_SIDE_PX:
        raise InputError(
            f"a picture of {width} x {height} pixels: scale its longer side to {LONGER_SIDE_PX}"
        )


def _size(content: bytes) -> tuple[int, int]:
    """Returns width and height from the frame header of a JPEG."""
    place = 2 if content[:2] == b"\xff\xd8" else len(content)
    while place + 9 <= len(content) and content[place] == 0xFF:
        kind, length = struct.unpack_from(">BH", content, place + 1)
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, place + 5)
            return width, height
        place += 2 + max(length, 2)
    raise InputError("a picture is not a JPEG; send JPEG")


def _decoded(content: bytes) -> Picture:
    with TemporaryDirectory(prefix="synctva-picture-") as folder:
        path = Path(folder) / "picture.jpg"
        path.write_bytes(content)
        frames = read_frames(path)
    if frames is None:
        raise InputError("no picture")
    return frames.pixels[0]
