"""Recordings for browsers: whether one plays as it is, and a small movie of one that does not."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from synctva.errors import InputError
from synctva.media.libav import Recording, opened, sound_of
from synctva.media.mix import shares_of
from synctva.media.movie import (
    PICTURES,
    Packets,
    picture_packets,
    sound_packets,
    write_tracks,
)
from synctva.media.pictures import on_screen, upright

PLAYS = {
    "mp4": ("mp4", {"h264"}, {"aac", "mp3", "mp3float"}),
    "matroska": ("webm", {"vp8", "vp9"}, {"opus", "vorbis"}),
    "ogg": ("ogg", set[str](), {"opus", "vorbis"}),
    "flac": ("flac", set[str](), {"flac"}),
    "wav": ("wav", set[str](), {"pcm_s16le", "pcm_u8"}),
}
"""Format -> its name in a media type, and what all of today's browsers play and seek in it exactly.
Not mp3: of a variable bit rate they guess the place, and play up to minutes beside it."""

PICTURE_RATE_HZ = Fraction(15)
"""The rate of pictures in a small movie: lips still move with the voice."""

SOUND_RATE_HZ = 24_000
SOUND_BITS_PER_S = 48_000

SMALL = {**PICTURES, "crf": "28", "maxrate": "350k", "bufsize": "700k", "g": "30"}
"""For H.264: two seconds between pictures that stand alone, so that a click is answered at once."""

LONGEST_S = 12 * 3_600.0
"""A longer recording is given up: clocks of broken files run on for ever."""

Pictures = Iterator[UInt8[np.ndarray, "height width 3"]]


def browser_type(path: str | Path) -> str | None:
    """Returns the media type of a recording that every browser plays as it is, such as video/mp4.

    None if some browser may not play it.

    Raises:
        InputError: It is no recording, broken, too large, or not a local regular file.
    """
    with opened(path) as recording:
        name, pictures, sounds = PLAYS.get(recording.kind, ("", set[str](), set[str]()))
        streams = recording.container.streams
        if any(stream.codec_context is None for stream in (*streams.video, *streams.audio)):
            return None
        if len(streams.audio) > 1:  # a browser may play another one than is heard here
            return None
        video, audio = recording.stream("video"), recording.stream("audio")
        if video is not None:
            codec = video.codec_context
            if codec.name not in pictures or codec.pix_fmt not in ("yuv420p", "yuvj420p"):
                return None
        if audio is not None and audio.codec_context.name not in sounds:
            return None
        if not name or recording.is_chain or not recording.duration_s:
            return None
        if recording.kind == "matroska" and b"webm" not in _head(recording):
            return None
    return f"{'audio' if video is None else 'video'}/{name}"


def _head(recording: Recording) -> bytes:
    recording.file.seek(0)
    return recording.file.read(64)


def write_small(
    path: str | Path,
    out: str | Path,
    change: Callable[[Pictures, float], Pictures] | None = None,
    sound_track: int | None = None,
) -> None:
    """Writes a recording again as a small mp4 (H.264 and AAC) that every browser plays.

    Its clock is the recording's: where pictures or sound begin late, the first picture and silence
    stand in. What is of an unknown codec is left out. It is read packet by packet, so memory does
    not grow with its length.

    Args:
        path: A local recording.
        out: Replaced when the movie is complete, never before.
        change: Given the pictures and how many there are in a second, returns them changed.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.

    Raises:
        InputError: It is no recording, broken, a still picture, or not a local regular file.
    """
    with opened(path) as seen, opened(path, sound_track) as heard:
        video, audio = seen.decodable("video"), heard.decodable("audio")
        if seen.is_still:
            raise InputError(f"{path}: a still picture; give a recording")

        def tracks(movie: Any) -> Iterator[Packets]:
            if video is not None:
                pictures = _pictures(seen, video)
                if change is not None:
                    pictures = change(pictures, float(PICTURE_RATE_HZ))
                yield picture_packets(Path(out), movie, pictures, PICTURE_RATE_HZ, SMALL)
            if audio is not None:
                yield sound_packets(movie, _sound(heard, audio), SOUND_RATE_HZ, SOUND_BITS_PER_S)

        write_tracks(Path(out), tracks)


def _pictures(recording: Recording, stream: Any) -> Pictures:
    """Yields the picture on screen at every tick, scaled down to an even width and height."""
    number, size = 0, None
    end_s = recording.stated_end_s(stream) or math.inf
    for _, until_s, frame in on_screen(recording, stream, 0.0):
        _check_end(recording, until_s)
        pixels = None
        while number < min(until_s, end_s) * PICTURE_RATE_HZ:
            if size is None:
                height, width = upright(recording, frame, None, None).shape[:2]
                size = max(2, height - height % 2), max(2, width - width % 2)
            pixels = upright(recording, frame, None, size) if pixels is None else pixels
            yield pixels
            number += 1


def _sound(recording: Recording, stream: Any) -> Iterator[Float32[np.ndarray, " sample"]]:
    """Yields the sound without gaps, from the recording's start."""
    end = 0
    shares = shares_of(recording.path, recording.sound_track)
    for position, piece in sound_of(recording, stream, 0.0, SOUND_RATE_HZ, shares):
        _check_end(recording, position / SOUND_RATE_HZ)
        while end < position:
            silence = np.zeros(min(SOUND_RATE_HZ, position - end), np.float32)
            yield silence
            end += len(silence)
        piece = np.nan_to_num(piece[end - position :], nan=0.0, posinf=0.0, neginf=0.0)
        if len(piece):
            yield np.clip(piece, -1.0, 1.0)
            end += len(piece)


def _check_end(recording: Recording, end_s: float) -> None:
    if end_s > LONGEST_S:
        raise InputError(
            f"{recording.path}: longer than {LONGEST_S / 3600:.0f} hours; cut it into parts"
        )
