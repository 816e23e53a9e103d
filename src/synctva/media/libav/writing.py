"""Movies written by libav: containers and frames."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from jaxtyping import Float32, UInt8


def new_movie(path: Path) -> OutputContainer:
    """Returns a container for an mp4 that holds neither the time nor libav's version."""
    return av.open(str(path), "w", "mp4", container_options={"fflags": "+bitexact"})


def picture_frame(
    pixels: UInt8[np.ndarray, "height width 3"], number: int, rate_hz: Fraction
) -> av.VideoFrame:
    """Returns an RGB picture as libav's frame of that number."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
    frame.pts, frame.time_base = number, 1 / rate_hz
    return frame


def sound_frame(
    samples: Float32[np.ndarray, " sample"], number: int, rate_hz: int
) -> av.AudioFrame:
    """Returns mono samples, the first of which has that number, as libav's frame."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), "fltp", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, number, Fraction(1, rate_hz)
    return frame
