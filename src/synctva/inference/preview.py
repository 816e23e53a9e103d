"""What a report plays: the recording itself, or a small copy of it, with faces blurred on request.

The copy is made in a process of its own, since recordings are read as if hostile.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from synctva.errors import InputError
from synctva.features.extractors.faces import CenterFaceDetector, Face, resize
from synctva.media import write_small
from synctva.work import Task, on_this_machine

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

DETECTIONS_PER_S = 5.0
"""How often faces are looked for; in between, those found before and after are blurred."""

HOLD_S = 0.8
"""How long a face is blurred before and after it was found: detectors miss turned heads."""

SMALLEST_FACE_PX = 12.0
"""Smaller faces are not looked for; the side in the copy's pictures."""

MARGIN = 1.6
"""How many times wider than the face the blurred square is: hair, ears, and what moves."""

MOSAIC = 6
"""Fields of one colour along a side of the blurred square: too few to know anybody by."""

TIME_LIMIT_S = 6 * 3_600.0
"""A copy that takes longer is given up."""

LOOK_EVERY_S = 0.25
"""How often the progress of the copy is checked."""

Picture = UInt8[np.ndarray, "height width 3"]


def make_preview(
    recording: Path,
    out: Path,
    *,
    blur: bool = False,
    sound_track: int | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> None:
    """Writes a small mp4 of a recording that every browser plays, on the recording's clock.

    Its pictures are at most 640 pixels a side, 15 a second, H.264; its sound is mono AAC.

    Args:
        recording: With sound, pictures or both.
        out: Replaced when the copy is complete, never before.
        blur: Whether faces are made unrecognisable. Frontal faces are found; heads that are
            turned away, covered or very small may be missed, so watch it before you share.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.
        advance: Called, by another thread, with how many more seconds of its pictures are done.

    Raises:
        InputError: It is no recording, broken, or not a local regular file.
    """
    request = Path(recording), Path(out), blur, sound_track
    done_s = get_context("spawn").Value("d", 0.0)
    task = Task(_write, _begin, (done_s,), TIME_LIMIT_S)
    with _watched(done_s, advance), on_this_machine(task, 1) as engine:
        for _, outcome in engine.outcomes([request]):
            if isinstance(outcome, InputError):
                raise outcome


@contextmanager
def _watched(done_s: "Synchronized[float]", advance: Callable[[int], None]) -> Iterator[None]:
    """Reports the seconds that another process has done, as long as it works."""
    told, over = 0, Event()

    def tell() -> None:
        nonlocal told
        advance(int(done_s.value) - told)
        told = int(done_s.value)

    def watch() -> None:
        while not over.wait(LOOK_EVERY_S):
            tell()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    tell()


_done_s: "list[Synchronized[float]]" = []
"""In the process that writes the copy: how much of it is done."""


def _begin(done_s: "Synchronized[float]") -> None:
    _done_s.append(done_s)


def _write(request: tuple[Path, Path, bool, int | None]) -> None:
    recording, out, blur, sound_track = request

    def change(pictures: Iterator[Picture], rate_hz: float) -> Iterator[Picture]:
        for number, picture in enumerate(blurred(pictures, rate_hz) if blur else pictures, 1):
            yield picture
            _done_s[0].value = number / rate_hz

    write_small(recording, out, change, sound_track)


def blurred(pictures: Iterator[Picture], rate_hz: float) -> Iterator[Picture]:
    """Yields pictures in which every face that was found shortly before or after is a mosaic.

    Args:
        pictures: RGB, of one size; so many are held as are shown in ``HOLD_S``.
        rate_hz: Pictures per second.
    """
    detector = CenterFaceDetector(SMALLEST_FACE_PX)
    step, hold = max(1, round(rate_hz / DETECTIONS_PER_S)), max(1, round(HOLD_S * rate_hz))
    waiting: deque[Picture] = deque()
    found: deque[tuple[int, list[Face]]] = deque()
    done = 0
    for number, pixels in enumerate(pictures):
        waiting.append(pixels)
        if number % step == 0:
            found.append((number, detector.find(pixels)))
        if len(waiting) > hold:
            yield _covered(waiting.popleft(), _near(found, done, hold))
            done += 1
    for pixels in waiting:
        yield _covered(pixels, _near(found, done, hold))
        done += 1


def _near(found: deque[tuple[int, list[Face]]], number: int, hold: int) -> list[Face]:
    """Returns the faces found at most ``hold`` pictures from this one; forgets earlier ones."""
    while found and found[0][0] < number - hold:
        found.popleft()
    return [face for _, faces in found for face in faces]


def _covered(pixels: Picture, faces: Sequence[Face]) -> Picture:
    """Returns a copy with a mosaic over every face."""
    height, width = pixels.shape[:2]
    changed = pixels.copy()
    for box in _boxes(faces):
        left, top = (max(0, round(edge)) for edge in box[:2])
        right, bottom = min(width, round(box[2])), min(height, round(box[3]))
        if left < right and top < bottom:
            fields = resize(np.ascontiguousarray(pixels[top:bottom, left:right]), MOSAIC)
            rows = np.arange(bottom - top) * MOSAIC // (bottom - top)
            columns = np.arange(right - left) * MOSAIC // (right - left)
            changed[top:bottom, left:right] = fields[rows[:, None], columns]
    return changed


def _boxes(faces: Sequence[Face]) -> list[tuple[float, float, float, float]]:
    """Returns left, top, right and bottom of what is covered; one box for faces at one place."""
    boxes: list[tuple[float, float, float, float]] = []
    for face in faces:
        half = MARGIN * face.side_px / 2
        new = face.x_px - half, face.y_px - half, face.x_px + half, face.y_px + half
        for number, box in enumerate(boxes):
            if box[0] <= face.x_px <= box[2] and box[1] <= face.y_px <= box[3]:
                left, top = min(box[0], new[0]), min(box[1], new[1])
                boxes[number] = left, top, max(box[2], new[2]), max(box[3], new[3])
                break
        else:
            boxes.append(new)
    return boxes
