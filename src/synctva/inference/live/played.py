"""A recording as it would come live: sound and pictures, piece after piece, at their own pace."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError
from synctva.inference.live.clip import MOST_HZ, Picture
from synctva.media import (
    SAMPLE_RATE_HZ,
    Frames,
    apart,
    length_of,
    probe,
    read_audio,
    read_frames,
    seen_apart,
)

READ_S = 4.0
"""How much of the recording is read at once, in a separate process."""

PIECE = SAMPLE_RATE_HZ // 10
"""How many samples come at once."""

Sound = Float32[np.ndarray, " sample"]


def played(
    recording: str | Path,
    pace: float | None = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[Sound, float, Picture | None]]:
    """Yields sound, the moment at which it begins, and a picture where there is a new one.

    Args:
        recording: Sound, pictures or both.
        pace: How many seconds of it come in a second; None = as fast as they are taken.
        clock: Tells the time, in seconds.
        sleep: Waits.

    Raises:
        InputError: It has no sound, or is missing, broken or hostile.
    """
    began_s = clock()
    for sound, at_s, picture in _pieces(Path(recording)):
        if pace is not None:
            early_s = (at_s + len(sound) / SAMPLE_RATE_HZ) / pace - (clock() - began_s)
            if early_s > 0:  # a piece is there when it is over, as from a microphone
                sleep(early_s)
        yield sound, at_s, picture


def _pieces(recording: Path) -> Iterator[tuple[Sound, float, Picture | None]]:
    with apart() as looking:
        length_s = seen_apart(_length, recording, looking)
        starts_s = np.arange(0.0, length_s, READ_S).tolist()
        for start_s in starts_s:
            end_s = min(start_s + READ_S, length_s)
            sound, frames = seen_apart(partial(_read, start_s, end_s), recording, looking)
            for first in range(0, len(sound), PIECE):
                own_s = first / SAMPLE_RATE_HZ
                picture = _picture(frames, own_s, PIECE / SAMPLE_RATE_HZ)
                yield sound[first : first + PIECE], start_s + own_s, picture


def _picture(frames: Frames | None, start_s: float, length_s: float) -> Picture | None:
    """Returns the first picture that is seen in a piece."""
    if frames is None:
        return None
    place = int(np.searchsorted(frames.times_s, start_s))
    is_here = place < len(frames.times_s) and frames.times_s[place] < start_s + length_s
    return frames.pixels[place] if is_here else None


def _length(recording: Path) -> float:
    length_s = length_of(recording) if probe(recording).has_audio else None
    if not length_s:
        raise InputError(
            f"{recording}: no sound in it that can be played; `synctva recognise` says more"
        )
    return length_s


def _read(start_s: float, end_s: float, recording: Path) -> tuple[Sound, Frames | None]:
    sound = read_audio(recording, start_s, end_s)
    assert sound is not None  # it was asked for before
    most = round((end_s - start_s) * MOST_HZ) or 1
    return sound, read_frames(recording, start_s, end_s, rate_hz=MOST_HZ, most=most)
