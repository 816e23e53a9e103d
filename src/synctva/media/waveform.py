"""How loud a recording is over time, to be drawn."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from synctva.media.sound import SAMPLE_RATE_HZ, stream_audio

WAVEFORM_HZ = 10
"""How many values a second: a syllable is seen, and two hours are 72 kB."""


def waveform(path: str | Path, sound_track: int | None = None) -> UInt8[np.ndarray, " value"]:
    """Returns the peak of each tenth of a second; 255 is the loudest one of the recording.

    Nothing where there is no sound. The recording is read piece by piece.

    Args:
        path: A local recording.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.

    Raises:
        InputError: It is no recording, broken, longer than 12 hours, or not a local regular file.
    """
    step = SAMPLE_RATE_HZ // WAVEFORM_HZ
    peaks, rest = [np.zeros(0, np.float32)], np.zeros(0, np.float32)
    for piece in stream_audio(path, sound_track):
        rest = np.concatenate([rest, np.abs(piece)])
        whole = len(rest) // step * step
        peaks.append(rest[:whole].reshape(-1, step).max(axis=1))
        rest = rest[whole:]
    if len(rest):
        peaks.append(rest.max(keepdims=True))
    return _scaled(np.concatenate(peaks))


def _scaled(peaks: Float32[np.ndarray, " value"]) -> UInt8[np.ndarray, " value"]:
    return np.round(255 * peaks / max(peaks.max(initial=0.0), 1e-9)).astype(np.uint8)
