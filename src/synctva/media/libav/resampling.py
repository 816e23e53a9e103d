"""Decoded sound of any form on its way to mono at one rate."""

import math
from typing import Any

import av
import numpy as np
from jaxtyping import Float32

from synctva.media.channels import Shares, downmix
from synctva.media.libav.clock import GAP_S


class Run:
    """Frames of one form without a gap, on their way to mono at one rate.

    It begins at a sample that has a counterpart at the other rate, so that sound from there on is
    resampled as it is from the recording's start, to the bit.
    """

    def __init__(self, time_s: float, frame: av.AudioFrame, rate_hz: int, shares: Shares) -> None:
        self.form, self.clock_s, self.shares = _form(frame), time_s, shares
        common = math.gcd(frame.sample_rate, rate_hz)
        first, step = round(time_s * frame.sample_rate), frame.sample_rate // common
        self.left_out = -first % step
        self.position = round((first + self.left_out) * rate_hz / frame.sample_rate)
        # Packed: of planar frames PyAV follows pointers beyond the eighth channel into nowhere.
        self.resampler = av.AudioResampler("flt", frame.layout, rate_hz)

    def continues(self, time_s: float, frame: av.AudioFrame) -> bool:
        """Returns whether a frame follows the last one."""
        return _form(frame) == self.form and abs(time_s - self.clock_s) <= GAP_S

    def pieces(
        self, frame: av.AudioFrame | None
    ) -> list[tuple[int, Float32[np.ndarray, " sample"]]]:
        """Returns what a frame adds, None for what was held back, with positions in samples."""
        if frame is not None:
            self.clock_s += frame.samples / frame.sample_rate
            frame = self._trimmed(frame)
            if frame is None:
                return []
            frame.pts = None  # the position says where it belongs
        made = []
        for piece in self.resampler.resample(frame):
            names = [channel.name for channel in piece.layout.channels]
            values = piece.to_ndarray().reshape(-1, len(names)).T
            made.append((self.position, downmix(values, self.shares(names))))
            self.position += piece.samples
        return made

    def _trimmed(self, frame: av.AudioFrame) -> av.AudioFrame | None:
        """Returns a frame without the samples before the first; None if nothing is left."""
        out, self.left_out = (
            min(self.left_out, frame.samples),
            max(0, self.left_out - frame.samples),
        )
        if not out:
            return frame
        if out == frame.samples:
            return None
        rows: Any = frame.to_ndarray()
        width = 1 if frame.format.is_planar else frame.layout.nb_channels
        kept = np.ascontiguousarray(rows[:, out * width :])
        shorter = av.AudioFrame.from_ndarray(kept, frame.format.name, frame.layout.name)
        shorter.sample_rate = frame.sample_rate
        return shorter


def channels_of(
    frame: av.AudioFrame,
) -> tuple[tuple[str, ...], Float32[np.ndarray, "channel sample"]]:
    """Returns the names of a frame's channels, and their samples in -1..1."""
    names = tuple(channel.name for channel in frame.layout.channels)
    frame.pts = None
    packed = av.AudioResampler("flt", frame.layout, frame.sample_rate).resample(frame)
    values = [piece.to_ndarray().reshape(-1, len(names)).T for piece in packed]
    return names, np.concatenate([np.zeros((len(names), 0), np.float32), *values], axis=1)


def _form(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
