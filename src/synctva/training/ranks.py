"""The processes that train one model together: each has a rank, and a share of every batch.

``torchrun`` starts them, and ends them all when one dies. Without it there is one process, for
which all of this does nothing.
"""

import os
from datetime import timedelta
from typing import cast

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import gather_object, reduce
from torch import Tensor

PATIENCE = timedelta(hours=6)
"""So long a process waits for the others, as while they read a large store for the first time."""


def processes() -> PartialState:
    """Returns which of how many processes this one is; the first call brings them together."""
    many = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return PartialState(cpu=many and not torch.cuda.is_available(), timeout=PATIENCE)


def accelerator_of(precision: str) -> Accelerator:
    """Returns what carries the device, the precision and the gradients between the processes."""
    processes()
    AcceleratorState._reset_state()  # it would refuse another precision in the same process
    # A share may give some weights no gradient: where it lacks a modality, or has no emotions.
    kwargs = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(mixed_precision=precision, kwargs_handlers=[kwargs])


def gathered(rows: list[Tensor]) -> Tensor:
    """Returns the rows of all processes, one after another, on every one of them.

    Args:
        rows: Of this process, on the CPU, whose numbers mean the same to all.
    """
    return torch.cat(gather_object(rows))


def summed(number: Tensor) -> float:
    """Returns the sum of a number over all processes, on every one of them."""
    return float(cast(Tensor, reduce(number, "sum")))


def seed_step(place: tuple[int, int, int], rank: int) -> None:
    """Makes the random numbers of a step depend on where it is in the training and on the rank.

    So a process that begins again needs none of another's random state.

    Args:
        place: The training's seed, the epoch and the position in it.
        rank: Of this process.
    """
    seed, epoch, position = place
    torch.manual_seed((((seed * 10_007 + epoch) * 1_000_003 + position) * 10_007 + rank) % 2**63)
