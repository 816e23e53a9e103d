"""Small movies, written."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from synctva.errors import InputError
from synctva.files import written
from synctva.media.libav import new_movie, picture_frame, sound_frame

REPEATABLE = {"threads": "1", "flags": "+bitexact"}
"""Options of the encoders, so that the same input gives the same bytes."""

PICTURES = {"preset": "veryfast", "x264-params": "mbtree=0", **REPEATABLE}
"""Options of H.264; macroblock trees differ from run to run."""

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

    def tracks(movie: Any) -> Iterator[Packets]:
        if frames is not None:
            rate = Fraction(rate_hz).limit_denominator(1001)
            yield picture_packets(path, movie, iter(frames), rate)
        if audio is not None and len(audio):
            step = sample_rate_hz // 10
            pieces = (audio[start : start + step] for start in range(0, len(audio), step))
            yield sound_packets(movie, pieces, sample_rate_hz)

    write_tracks(path, tracks)


def write_tracks(path: Path, tracks: Callable[[Any], Iterable[Packets]]) -> None:
    """Writes an mp4 whose tracks are encoded while they are read, in memory that does not grow.

    Args:
        path: Replaced when the movie is complete, never before.
        tracks: Given the movie, returns ``picture_packets`` and ``sound_packets`` of it.

    Raises:
        InputError: There is no track.
    """
    with written(path) as staged, new_movie(staged) as movie:
        opened = list(tracks(movie))
        if not opened:
            raise InputError(f"{path}: neither pictures nor sound to write; give one of them")
        for _, packets in heapq.merge(*opened, key=itemgetter(0)):
            movie.mux(packets)


def picture_packets(
    path: Path,
    movie: Any,
    frames: Iterator[UInt8[np.ndarray, "height width 3"]],
    rate_hz: Fraction,
    options: Mapping[str, str] = PICTURES,
) -> Packets:
    """Returns a new track of a movie: H.264 of RGB pictures of one size, even in both directions.

    Args:
        path: For messages.
        movie: Where the track is added.
        frames: Read when the packets are.
        rate_hz: Pictures per second.
        options: Of libx264.
    """
    return _pictures(path, movie.add_stream("libx264", rate_hz, dict(options)), frames, rate_hz)


def sound_packets(
    movie: Any,
    pieces: Iterator[Float32[np.ndarray, " sample"]],
    rate_hz: int,
    bits_per_s: int | None = None,
    encoder: str = "aac",
) -> Packets:
    """Returns a new track of a movie: mono pieces in -1..1 that follow one another, coded.

    Args:
        movie: Where the track is added.
        pieces: Read when the packets are.
        rate_hz: Samples per second.
        bits_per_s: Of the track; None for libav's choice.
        encoder: libav's name of it.
    """
    stream = movie.add_stream(encoder, rate_hz, dict(REPEATABLE), layout="mono")
    if bits_per_s is not None:
        stream.bit_rate = bits_per_s
    return _sound(stream, pieces, rate_hz)


def _pictures(path: Path, stream: Any, frames: Iterator[Any], rate_hz: Fraction) -> Packets:
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


def _sound(stream: Any, pieces: Iterator[Any], rate_hz: int) -> Packets:
    end = 0
    for piece in pieces:
        yield Fraction(end, rate_hz), stream.encode(sound_frame(piece, end, rate_hz))
        end += len(piece)
    yield Fraction(end, rate_hz), stream.encode(None)
