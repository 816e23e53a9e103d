"""A split divided for training that has no other one to validate on, and few but long dialogues."""

from dataclasses import replace

import torch
from jaxtyping import Int
from torch import Tensor

from synctva.errors import InputError
from synctva.training.splits import InMemory, Split

HELD_OUT_SHARE = 0.2
"""Share of the labelled utterances that choose the epoch and are not learnt from."""

BLOCK = 5
"""So many neighbours are held out together: turns that follow each other are alike."""


def held_out(train: Split, seed: int, place: str) -> tuple[InMemory, InMemory]:
    """Returns a split to learn from and one to validate on, of the same dialogues.

    Both hold every utterance, as context, and each labelled one's emotion is in one of them. So
    nothing is learnt from what validates; the people in both are the same, though.

    Args:
        train: The training split.
        seed: Chooses the blocks of neighbours that are held out.
        place: Of the store, for messages.

    Raises:
        InputError: Less than two utterances are labelled, or the split is not in memory.
    """
    if not isinstance(train, InMemory):
        raise InputError(
            f"{place}: the split 'valid' is empty, and 'train' too large to hold a part of it out;"
            " give some dialogues split='valid' and import them again"
        )
    batch = train.batch
    labelled = (batch.emotion >= 0).nonzero()[:, 0]
    if len(labelled) < 2:
        raise InputError(
            f"{place}: {len(labelled)} utterances have an emotion, and the split 'valid' is empty;"
            " correct some more"
        )
    numbers = _numbers_within(batch.dialogue[labelled])
    size = BLOCK if len(labelled) >= BLOCK / HELD_OUT_SHARE else 1
    key = torch.stack([batch.dialogue[labelled], numbers // size])
    _, block = torch.unique_consecutive(key, dim=1, return_inverse=True)
    generator = torch.Generator().manual_seed(seed * 1_000_003 + 9_000_011)
    order = torch.randperm(int(block.max()) + 1, generator=generator)
    before = torch.bincount(block)[order].cumsum(0) - torch.bincount(block)[order]
    chosen = order[before < HELD_OUT_SHARE * len(labelled)]
    rows = labelled[torch.isin(block, chosen)]
    is_held_out = torch.zeros_like(batch.emotion, dtype=torch.bool)
    is_held_out[rows] = True
    kept = InMemory(replace(batch, emotion=batch.emotion.masked_fill(is_held_out, -1)))
    return kept, InMemory(replace(batch, emotion=batch.emotion.masked_fill(~is_held_out, -1)))


def in_pieces(train: Split, most: int) -> Split:
    """Returns a split whose long dialogues are cut, so that one recording gives several batches.

    Args:
        train: The training split; a large one stays as it is.
        most: Utterances of a piece at the most.
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
