"""LoRA: a frozen matrix or convolution and, beside it, two small ones that are trained.

Names and first weights are those of the library ``peft``, whose checkpoints fit; recognition starts
sooner without it.
"""

import math
from collections.abc import Collection
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn

NAME = "default"
"""The adapters' name in the names of their weights."""


class Adapted(nn.Module):
    """``base(x) + alpha / rank * B(A(dropout(x)))``; B is zero at first.

    Args:
        base: A matrix or a convolution, which stays as it is.
        rank: Width between A and B.
        alpha: How much the adapter counts.
        dropout: Of its input, in training.

    Source: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022, equation 3.
    """

    def __init__(
        self, base: nn.Linear | nn.Conv2d, rank: int, alpha: float, dropout: float
    ) -> None:
        super().__init__()
        self.base_layer = base.requires_grad_(False)
        self.lora_dropout = nn.ModuleDict({NAME: nn.Dropout(dropout) if dropout else nn.Identity()})
        if isinstance(base, nn.Linear):
            down = nn.Linear(base.in_features, rank, bias=False)
            up: nn.Linear | nn.Conv2d = nn.Linear(rank, base.out_features, bias=False)
        else:
            shape = base.kernel_size, base.stride, base.padding, base.dilation
            down = nn.Conv2d(base.in_channels, rank, *shape, bias=False)  # pyright: ignore
            up = nn.Conv2d(rank, base.out_channels, 1, bias=False)
        nn.init.kaiming_uniform_(down.weight, a=math.sqrt(5))
        nn.init.zeros_(up.weight)
        self.lora_A, self.lora_B = nn.ModuleDict({NAME: down}), nn.ModuleDict({NAME: up})
        self._scale = alpha / rank

    def forward(self, values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Returns what the layer makes of values, with its adapter."""
        small = self.lora_A[NAME](self.lora_dropout[NAME](values))
        return self.base_layer(values) + self._scale * self.lora_B[NAME](small)

    @torch.no_grad()
    def merged(self) -> nn.Module:
        """Returns one layer that does the same, up to rounding."""
        down, up = (part[NAME].weight for part in (self.lora_A, self.lora_B))
        layer = deepcopy(self.base_layer)
        layer.weight += self._scale * torch.einsum("or,ri...->oi...", up.flatten(1), down)  # pyright: ignore
        return layer


def add_adapters(
    part: nn.Module, rank: int, alpha: float, dropout: float, left_out: Collection[str] = ()
) -> None:
    """Puts an adapter beside every matrix and convolution in a module, and freezes all else.

    Args:
        part: Changed in place.
        rank: As for :class:`Adapted`.
        alpha: As for :class:`Adapted`.
        dropout: As for :class:`Adapted`.
        left_out: Endings of the names of those that get none.
    """
    part.requires_grad_(False)
    for name, module in list(part.named_modules()):
        if isinstance(module, nn.Linear | nn.Conv2d) and not name.endswith(tuple(left_out)):
            place, _, own = name.rpartition(".")
            setattr(part.get_submodule(place), own, Adapted(module, rank, alpha, dropout))


def merged(part: nn.Module) -> nn.Module:
    """Returns a copy of a module in which each layer with an adapter is one layer again."""
    whole = deepcopy(part)
    for name, module in list(whole.named_modules()):
        if isinstance(module, Adapted):
            place, _, own = name.rpartition(".")
            setattr(whole.get_submodule(place), own, module.merged())
    return whole
