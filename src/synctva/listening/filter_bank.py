"""Kaldi's filter bank, in plain torch: what networks of speakers' voices hear of sound."""

import functools
import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from synctva.media import SAMPLE_RATE_HZ

BANDS = 80
FRAME = SAMPLE_RATE_HZ * 25 // 1000
"""Samples of a frame."""

STEP = SAMPLE_RATE_HZ * 10 // 1000
"""Samples from one frame to the next."""

FOURIER = 512
LOWEST_HZ = 20.0
PREEMPHASIS = 0.97
FLOOR = torch.finfo(torch.float32).eps


def filter_bank(sounds: Float[Tensor, "sound sample"]) -> Float[Tensor, "sound frame band"]:
    """Returns the logarithms of energies in mel bands; the mean of each band is 0.

    Only whole frames count, as Kaldi's ``snip_edges`` has it; nothing is added at random.

    Args:
        sounds: At 16 kHz, in -1..1; at least a frame long.

    Source: Kaldi, ``compute-fbank-feats``; Povey's window (Hann's to the power of 0.85).
    """
    frames = sounds.unfold(1, FRAME, STEP)
    frames = frames - frames.mean(2, keepdim=True)
    before = functional.pad(frames, (1, 0), mode="replicate")[..., :-1]
    spectrum = torch.fft.rfft((frames - PREEMPHASIS * before) * _window(), FOURIER)
    energies = spectrum.abs().square()[..., : FOURIER // 2] @ _mel_bands()
    logs = energies.clamp(min=FLOOR).log()
    return logs - logs.mean(1, keepdim=True)


@functools.cache
def _window() -> Float[Tensor, " sample"]:
    return torch.hann_window(FRAME, periodic=False, dtype=torch.float64).pow(0.85).float()


@functools.cache
def _mel_bands() -> Float[Tensor, "frequency band"]:
    """Returns the weight of each frequency in each band: triangles on the mel scale."""
    highest = _mel(torch.tensor(SAMPLE_RATE_HZ / 2, dtype=torch.float64))
    lowest = _mel(torch.tensor(LOWEST_HZ, dtype=torch.float64))
    corners = torch.linspace(float(lowest), float(highest), BANDS + 2, dtype=torch.float64)
    hertz = torch.arange(FOURIER // 2, dtype=torch.float64) * SAMPLE_RATE_HZ / FOURIER
    mel = _mel(hertz)[:, None]
    left, centre, right = corners[:-2], corners[1:-1], corners[2:]
    up, down = (mel - left) / (centre - left), (right - mel) / (right - centre)
    return torch.minimum(up, down).clamp(min=0).float()


def _mel(hertz: Tensor) -> Tensor:
    return (
        1127.0 * torch.log1p(hertz / 700.0)
        if hertz.ndim
        else hertz.new_tensor(1127.0 * math.log1p(float(hertz) / 700.0))
    )
