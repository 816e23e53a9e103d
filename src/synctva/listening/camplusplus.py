"""CAM++: a stretch of speech in, a vector out that identifies its speaker; weights are shipped."""

from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from synctva.errors import InputError
from synctva.listening.filter_bank import BANDS, filter_bank
from synctva.tensors import read_tensors

WEIGHTS = Path(__file__).parent / "weights" / "camplusplus.safetensors"
"""The weights that ship with the package."""

DIM = 192
"""Width of a voice's vector."""

CHANNELS = 32
"""Channels of the front end, and channels that each dense layer adds."""

BOTTLENECK = 128
SEGMENT = 100
"""Frames whose mean is the nearer context of a gate."""

BLOCKS = ((12, 1), (24, 2), (16, 2))
"""Dense layers of each block, and their dilation."""


class Residual(nn.Module):
    """Two convolutions over bands and frames around a shortcut; the first may halve the bands."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(CHANNELS, CHANNELS, 3, (stride, 1), 1)
        self.second = nn.Conv2d(CHANNELS, CHANNELS, 3, 1, 1)
        self.shortcut = (
            nn.Conv2d(CHANNELS, CHANNELS, 1, (stride, 1)) if stride > 1 else nn.Identity()
        )

    def forward(self, x: Float[Tensor, "n c band frame"]) -> Float[Tensor, "n c b frame"]:
        """Returns the next channels."""
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


class Affine(nn.Module):
    """What is left of a batch normalisation that no convolution can take in: scale and shift."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1))

    def forward(self, x: Float[Tensor, "n c frame"]) -> Float[Tensor, "n c frame"]:
        """Returns the rectified channels."""
        return functional.relu(x * self.scale + self.shift)


class MaskedDense(nn.Module):
    """A dense layer whose output is masked by its context: that of all, and that of a segment."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.enter = Affine(channels)
        self.narrow = nn.Conv1d(channels, BOTTLENECK, 1)
        self.local = nn.Conv1d(
            BOTTLENECK, CHANNELS, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.squeeze = nn.Conv1d(BOTTLENECK, BOTTLENECK // 2, 1)
        self.mask = nn.Conv1d(BOTTLENECK // 2, CHANNELS, 1)

    def forward(self, x: Float[Tensor, "n c frame"]) -> Float[Tensor, "n d frame"]:
        """Returns the channels that are added."""
        h = functional.relu(self.narrow(self.enter(x)))
        near = functional.avg_pool1d(h, SEGMENT, SEGMENT, ceil_mode=True)
        context = h.mean(2, keepdim=True) + near
        mask = torch.sigmoid(self.mask(functional.relu(self.squeeze(context))))
        return self.local(h) * mask.repeat_interleave(SEGMENT, 2)[..., : h.shape[2]]


class CamPlusPlus(nn.Module):
    """The network. Batch normalisations are part of the convolutions beside them.

    Source: Wang, Zheng, Chen, Cheng, Chen: CAM++: A Fast and Efficient Network for Speaker
    Verification Using Context-Aware Masking, Interspeech 2023 (arXiv 2303.00332), figure 1; the
    constants of 3D-Speaker's ``campplus``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.front = nn.Sequential(
            *(nn.Conv2d(1, CHANNELS, 3, 1, 1), nn.ReLU()),
            *(Residual(2), Residual(1), Residual(2), Residual(1)),
            *(nn.Conv2d(CHANNELS, CHANNELS, 3, (2, 1), 1), nn.ReLU()),
        )
        channels = BOTTLENECK
        self.stem = nn.Conv1d(CHANNELS * BANDS // 8, channels, 5, 2, 2)
        self.blocks, self.enters, self.transitions = (nn.ModuleList() for _ in range(3))
        for layers, dilation in BLOCKS:
            self.blocks.append(
                nn.ModuleList(MaskedDense(channels + CHANNELS * n, dilation) for n in range(layers))
            )
            channels += layers * CHANNELS
            self.enters.append(Affine(channels))
            self.transitions.append(nn.Conv1d(channels, channels // 2, 1))
            channels //= 2
        self.out = nn.Linear(2 * channels, DIM)

    def forward(self, sounds: Float[Tensor, "sound sample"]) -> Float[Tensor, "sound 192"]:
        """Returns a vector of length 1 for each sound at 16 kHz; of half a second or longer."""
        x = self.front(filter_bank(sounds).transpose(1, 2).unsqueeze(1))
        x = functional.relu(self.stem(x.flatten(1, 2)))
        for layers, enter, transition in zip(
            self.blocks, self.enters, self.transitions, strict=True
        ):
            for layer in layers:  # pyright: ignore[reportGeneralTypeIssues]
                x = torch.cat([x, layer(x)], dim=1)
            x = transition(enter(x))
        x = functional.relu(x)  # its normalisation is in the last transition
        pooled = torch.cat([x.mean(2), x.std(2)], dim=1)
        return functional.normalize(self.out(pooled), dim=1)


def load_camplusplus(path: Path = WEIGHTS) -> CamPlusPlus:
    """Returns the network with the weights of a file, in float32 and ready to use.

    Raises:
        InputError: The file is damaged, or holds something else.
    """
    try:
        network = CamPlusPlus()
        network.load_state_dict({k: v.float() for k, v in read_tensors(path)[0].items()})
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path}: not the weights of CAM++ ({reason}); install synctva again"
        ) from error
    return network.eval()
