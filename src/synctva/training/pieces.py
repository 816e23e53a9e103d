"""Recordings are few and long: cut into pieces, they give an epoch several steps."""

from dataclasses import replace

import torch
from jaxtyping import Int
from torch import Tensor

from synctva.training.splits import InMemory, Split


def in_pieces(train: Split, most: int) -> Split:
    """Returns a split whose long dialogues are cut, so that one recording gives several batches.

    Args:
        train: The training split; a large one stays as it is.
        most: The most utterances of a piece.
    """
    if not isinstance(train, InMemory):
        return train
    dialogue = train.batch.dialogue
    key = torch.stack([dialogue, _numbers_within(dialogue) // most])
    _, piece = torch.unique_consecutive(key, dim=1, return_inverse=True)
    return InMemory(replace(train.batch, dialogue=piece))


def _numbers_within(dialogue: Int[Tensor, " row"]) -> Int[Tensor, " row"]:
    """Returns each row's number in its dialogue, from 0; rows of a dialogue are neighbours."""
    _, counts = torch.unique_consecutive(dialogue, return_counts=True)
    first = counts.cumsum(0) - counts
    return torch.arange(len(dialogue)) - torch.repeat_interleave(first, counts)
