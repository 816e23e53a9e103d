"""Flat rows laid out the way the peers' papers have them: dialogues side by side, padded."""

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from synctva.batch import Batch
from synctva.emotions import MODALITIES


def padded(
    rows: Shaped[Tensor, "utterance *rest"], dialogue: Int[Tensor, " utterance"]
) -> tuple[Shaped[Tensor, "dialogue turn *rest"], Bool[Tensor, "dialogue turn"]]:
    """Returns the rows by dialogue and place in it, zero where a dialogue has ended, and where not.

    ``blocks[there]`` are the flat rows again.
    """
    lengths = torch.bincount(dialogue)
    places = torch.arange(int(lengths.max()), device=rows.device)
    there = places.unsqueeze(0) < lengths.unsqueeze(1)
    blocks = rows.new_zeros(*there.shape, *rows.shape[1:])
    blocks[there] = rows
    return blocks, there


def speaker_numbers(batch: Batch, most: int) -> Int[Tensor, " utterance"]:
    """Returns each utterance's speaker by the order of their first turns, below ``most``.

    So a network that embeds speakers does not depend on how they are numbered; all speakers after
    the first ``most - 1`` share the last number.
    """
    speakers, there = padded(batch.speaker + 1, batch.dialogue)
    alike = speakers.unsqueeze(1) == speakers.unsqueeze(2)
    first = alike.int().argmax(-1)
    opens = (first == torch.arange(first.shape[1], device=first.device)) & there
    return (opens.cumsum(1) - 1).gather(1, first)[there].clamp(max=most - 1)


def concatenated(batch: Batch, modalities: tuple[str, ...]) -> Float[Tensor, "utterance dim"]:
    """Returns the features of these modalities side by side; an absent one is zero."""
    return torch.cat([batch.features[m] for m in MODALITIES if m in modalities], dim=1)
