"""The pictures of a span."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64, UInt8

from synctva.errors import InputError
from synctva.media.libav import Recording, frames_of, opened
from synctva.media.span import Span

Half = Literal["left", "right"]

LONGER_SIDE_PX = 640
"""Larger pictures are scaled down to this."""

HOLD_S = 0.5
"""How long the first and the last picture stand in before and after their own time."""


@dataclass(frozen=True)
class Frames:
    """Pictures of a span.

    Attributes:
        pixels: RGB.
        times_s: The moment at which each was on screen, in seconds since the span's start.
    """

    pixels: UInt8[np.ndarray, "frame height width 3"]
    times_s: Float64[np.ndarray, " frame"]


def read_frames(
    path: str | Path,
    start_s: float | None = None,
    end_s: float | None = None,
    *,
    rate_hz: float = 5.0,
    most: int = 64,
    half: Half | None = None,
) -> Frames | None:
    """Returns the pictures on screen at even moments of a span; None if there is no video stream.

    The span is divided into equal parts, and the picture in the middle of each is taken. A
    picture is on screen until the next one, so that a variable frame rate gives the same moments
    (and a rate below ``rate_hz`` the same picture more than once). A still picture is one frame,
    whatever the span.

    Args:
        path: A local recording, or a JPEG or PNG.
        start_s: Seconds since the recording's start; None for its start.
        end_s: Seconds since the recording's start; None for its end.
        rate_hz: Pictures per second.
        most: The most pictures; those of a longer span are spread evenly.
        half: The half of the picture to take, where the screen is split.

    Raises:
        InputError: It is no recording, broken, too large, not a local regular file, or less than
            half of the span is there.
    """
    with opened(path) as recording:
        stream = recording.stream("video")
        if stream is None:
            return None
        if recording.is_still:
            return _still(recording, stream, half)
        span = Span(str(path), start_s or 0.0, end_s, recording.stated_end_s(stream))
        stop_s = span.end_s
        if stop_s is None or span.stated_s is None or stop_s > span.stated_s:
            stop_s = min(stop_s or np.inf, recording.measured_end_s(stream, span.start_s))
        length_s = stop_s - span.start_s
        span.check(length_s, "video")
        if length_s > span.most_s:
            raise span.too_long(f"{length_s:.0f} s")
        times_s = moments_of(length_s, rate_hz, most)
        number = len(times_s)
        shown = dict(_shown_at(recording, stream, (times_s + span.start_s).tolist(), half))
    span.check(len(shown) / number * length_s, "video")
    return Frames(np.stack(list(shown.values())), times_s[list(shown)])


def moments_of(length_s: float, rate_hz: float, most: int) -> Float64[np.ndarray, " moment"]:
    """Returns the middles of equal parts of a span, in seconds since its start.

    Args:
        length_s: Of the span.
        rate_hz: How many parts a second.
        most: The most parts; those of a longer span are longer.
    """
    number = min(most, max(1, round(length_s * rate_hz)))
    return (np.arange(number) + 0.5) * length_s / number


def _still(recording: Recording, stream: Any, half: Half | None) -> Frames:
    for _, frame in frames_of(recording, stream, 0.0):
        return Frames(upright(recording, frame, half, None)[None], np.zeros(1))
    raise InputError(f"{recording.path}: the picture is damaged or cut off; save it again")


def _shown_at(
    recording: Recording, stream: Any, moments_s: list[float], half: Half | None
) -> Iterator[tuple[int, UInt8[np.ndarray, "height width 3"]]]:
    """Yields the number and the picture of every moment that has one; moments ascend."""
    number, size = 0, None
    for since_s, until_s, frame in on_screen(recording, stream, moments_s[0]):
        pixels = None
        while moments_s[number] < until_s:
            if moments_s[number] >= since_s:
                pixels = upright(recording, frame, half, size) if pixels is None else pixels
                size = pixels.shape[:2]
                yield number, pixels
            number += 1
            if number == len(moments_s):
                return


def on_screen(
    recording: Recording, stream: Any, since_s: float
) -> Iterator[tuple[float, float, Any]]:
    """Yields from when to when each frame is on screen, and the frame; two are held at a time."""
    shown, shown_s = None, 0.0
    for time_s, frame in frames_of(recording, stream, since_s):
        if shown is not None:
            yield shown_s, time_s, shown
        shown, shown_s = frame, time_s if shown is not None else time_s - HOLD_S
    if shown is not None:
        own_s = float((shown.duration or 0) * shown.time_base)
        yield shown_s, shown_s + max(own_s, 2 * HOLD_S), shown


def upright(
    recording: Recording, frame: Any, half: Half | None, size: tuple[int, int] | None
) -> UInt8[np.ndarray, "height width 3"]:
    """Returns a frame of square pixels, upright, its half cut out, scaled down or to that size."""
    quarters = round(frame.rotation / 90) % 4
    sides = (max(1, round(frame.width * recording.pixel_aspect)), frame.height)
    width, height = sides[::-1] if quarters % 2 else sides
    parts = 1 if half is None else 2
    if size is None:
        scale = min(1.0, LONGER_SIDE_PX / max(width / parts, height))
        size = max(1, round(height * scale)), max(1, round(width / parts * scale))
    height, width = size[0], size[1] * parts
    sides = (width, height)
    pixels = recording.rgb(frame, *(sides[::-1] if quarters % 2 else sides))
    pixels = np.rot90(pixels, quarters)
    if half is not None:
        pixels = pixels[:, : size[1]] if half == "left" else pixels[:, size[1] :]
    return np.ascontiguousarray(pixels)
