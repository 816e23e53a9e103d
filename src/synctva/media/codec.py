"""Sound as a lossy codec leaves it: encoded and decoded again."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError, did_you_mean
from synctva.media.movie import sound_packets, write_tracks
from synctva.media.sound import SAMPLE_RATE_HZ, read_audio

ENCODERS = {"aac": "aac", "mp3": "libmp3lame", "opus": "libopus"}
"""Codec -> libav's encoder: what films, music and calls over the net use."""

SHORTEST_S = 0.1
"""Shorter sound is left as it is: codecs have frames of up to 64 ms and a run-up."""


def through_codec(
    samples: Float32[np.ndarray, " sample"], codec: str, bits_per_s: int
) -> Float32[np.ndarray, " sample"]:
    """Returns sound of the same length after a codec; its delay is taken out.

    Args:
        samples: 16 kHz mono, -1..1.
        codec: One of ``ENCODERS``.
        bits_per_s: Of the coded sound; the nearest that the codec knows.

    Raises:
        InputError: There is no such codec.
    """
    if codec not in ENCODERS:
        known = ", ".join(ENCODERS)
        raise InputError(
            f"unknown codec {codec!r}: known are {known}." + did_you_mean(codec, ENCODERS)
        )
    if len(samples) < SHORTEST_S * SAMPLE_RATE_HZ:
        return samples
    with TemporaryDirectory() as folder:
        path = Path(folder, "sound.mp4")
        write_tracks(
            path,
            lambda movie: [
                sound_packets(movie, iter([samples]), SAMPLE_RATE_HZ, bits_per_s, ENCODERS[codec])
            ],
        )
        coded = read_audio(path)
    return samples if coded is None else _aligned(coded, samples)


def _aligned(
    coded: Float32[np.ndarray, " coded"], samples: Float32[np.ndarray, " sample"]
) -> Float32[np.ndarray, " sample"]:
    """Returns what a codec left, at the place where the sound was, and as long."""
    size = len(samples) + len(coded)
    spectrum = np.fft.rfft(coded, size) * np.conj(np.fft.rfft(samples, size))
    delay = int(np.fft.irfft(spectrum, size)[: max(1, len(coded) - len(samples) // 2)].argmax())
    kept = coded[delay : delay + len(samples)]
    return np.pad(kept, (0, len(samples) - len(kept))).astype(np.float32)
