"""Small movies, written."""

import heapq
import secrets
from collections.abc import Iterable, Iterator
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from synctva.errors import InputError
from synctva.media.libav import new_movie, picture_frame, sound_frame

REPEATABLE = {"threads": "1", "flags": "+bitexact"}
"""For the encoders: the same input gives the same bytes."""

PICTURES = {"preset": "veryfast", "x264-params": "mbtree=0", **REPEATABLE}
"""For H.264; macroblock trees differ from run to run."""

Packets = Iterator[tuple[Fraction, list[Any]]]
"""Encoded packets, with the second they belong to."""


def write_movie(
    path: str | Path,
    frames: Iterable[UInt8[np.ndarray, "height width 3"]] | None,
    rate_hz: float,
    audio: Float32[np.ndarray, " sample"] | None,
    sample_rate_hz: int,
) -> None:
    """Writes an mp4 of H.264 and AAC; the same input gives the same bytes.

    Args:
        path: Replaced when the movie is complete, never before.
        frames: RGB pictures of one size, of even height and width; None for sound alone.
        rate_hz: Pictures per second.
        audio: Mono in -1..1; None for pictures alone.
        sample_rate_hz: Of the audio; one that AAC has, such as 16000, 22050 or 48000.

    Raises:
        InputError: Neither pictures nor sound, or pictures of an odd or a changing size.
    """
    path = Path(path)
    staged = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with new_movie(staged) as movie:
            tracks = []
            if frames is not None:
                rate = Fraction(rate_hz).limit_denominator(1001)
                stream = movie.add_stream("libx264", rate, PICTURES)
                tracks.append(_pictures(path, stream, frames, rate))
            if audio is not None and len(audio):
                stream = movie.add_stream("aac", sample_rate_hz, dict(REPEATABLE), layout="mono")
                tracks.append(_sound(stream, audio, sample_rate_hz))
            if not tracks:
                raise InputError(f"{path}: neither pictures nor sound to write; give one of them")
            for _, packets in heapq.merge(*tracks, key=itemgetter(0)):
                movie.mux(packets)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _pictures(path: Path, stream: Any, frames: Iterable[Any], rate_hz: Fraction) -> Packets:
    number, size = 0, None
    for number, pixels in enumerate(frames, start=1):
        if size is None:
            size = stream.height, stream.width = pixels.shape[:2]
            stream.pix_fmt = "yuv420p"
        if pixels.shape[:2] != size or size[0] % 2 or size[1] % 2:
            raise InputError(
                f"{path}: picture {number} has {pixels.shape[1]} x {pixels.shape[0]} pixels; all"
                " need the same even width and height"
            )
        yield (number - 1) / rate_hz, stream.encode(picture_frame(pixels, number - 1, rate_hz))
    if size is None:
        raise InputError(f"{path}: no picture to write; give None for sound alone")
    yield number / rate_hz, stream.encode(None)


def _sound(stream: Any, audio: Float32[np.ndarray, " sample"], rate_hz: int) -> Packets:
    for start in range(0, len(audio), rate_hz // 10):
        samples = audio[start : start + rate_hz // 10]
        yield Fraction(start, rate_hz), stream.encode(sound_frame(samples, start, rate_hz))
    yield Fraction(len(audio), rate_hz), stream.encode(None)
