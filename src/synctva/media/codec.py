"""Sound as a lossy codec leaves it: encoded and decoded again, in memory."""

from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError, did_you_mean
from synctva.media.sound import SAMPLE_RATE_HZ

CODECS = {
    "aac": ("adts", "aac", 16_000),
    "mp3": ("mp3", "libmp3lame", 16_000),
    "opus": ("ogg", "libopus", 16_000),
    "amr": ("amr", "libopencore_amrnb", 8_000),
}
"""Name -> its container, libav's encoder, and the rate at which it hears."""


def through_codec(
    samples: Float32[np.ndarray, " sample"], codec: str, bit_rate: int
) -> Float32[np.ndarray, " sample"]:
    """Returns sound of the same length after a codec; its delay is taken out.

    Args:
        samples: 16 kHz mono, -1..1.
        codec: One of ``CODECS``: what films (AAC), music (MP3), calls over the net (Opus) and
            telephones (AMR) use.
        bit_rate: Bits per second; AMR knows some rates from 4,750 to 12,200.

    Raises:
        InputError: There is no such codec, here or in this libav.
    """
    if codec not in CODECS:
        raise InputError(
            f"unknown codec {codec!r}: known are {', '.join(CODECS)}." + did_you_mean(codec, CODECS)
        )
    if not len(samples):
        return samples
    form, encoder, rate = CODECS[codec]
    file = BytesIO()
    with av.open(file, "w", format=form) as container:
        try:
            stream: Any = container.add_stream(encoder, rate=rate)
        except ValueError as error:
            raise InputError(f"{codec}: this build of PyAV has no {encoder}") from error
        stream.bit_rate, stream.layout = bit_rate, "mono"
        resampler = av.AudioResampler(stream.format, "mono", rate, stream.frame_size or None)
        for frame in [*resampler.resample(_frame(samples)), *resampler.resample(None)]:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return _aligned(_decoded(file.getvalue(), form), samples)


def _frame(samples: Float32[np.ndarray, " sample"]) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples[None], np.float32), "flt", "mono"
    )
    frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, 0
    frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
    return frame


def _decoded(data: bytes, form: str) -> Float32[np.ndarray, " sample"]:
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    with av.open(BytesIO(data), "r", format="aac" if form == "adts" else form) as container:
        frames = [one for frame in container.decode(audio=0) for one in resampler.resample(frame)]
    frames += resampler.resample(None)
    nothing = np.zeros(0, np.float32)  # some codecs give nothing back for a millisecond
    return np.concatenate([nothing, *(frame.to_ndarray().reshape(-1) for frame in frames)])


def _aligned(
    coded: Float32[np.ndarray, " coded"], samples: Float32[np.ndarray, " sample"]
) -> Float32[np.ndarray, " sample"]:
    """Returns what a codec left, at the place where the sound was, and as long."""
    if not len(coded):
        return np.zeros_like(samples)
    size = len(samples) + len(coded)
    spectrum = np.fft.rfft(coded, size) * np.conj(np.fft.rfft(samples, size))
    likeness = np.fft.irfft(spectrum, size)[: max(1, len(coded) - len(samples) // 2)]
    delay = int(likeness.argmax())
    kept = coded[delay : delay + len(samples)]
    return np.pad(kept, (0, len(samples) - len(kept))).astype(np.float32)
