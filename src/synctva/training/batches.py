"""Which dialogues make a batch, who computes which of them, and what is hidden of them."""

from dataclasses import replace

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from synctva.batch import Batch

SORTED_BATCHES = 8


def batches_of(
    lengths: Int[Tensor, " dialogue"], size: int, seed: int, epoch: int, window: int = 0
) -> list[Int[Tensor, " chosen"]]:
    """Returns the epoch's batches: random, but dialogues of like length share one.

    A batch holds as many dialogues as fit into ``size`` utterances, at least one. The dialogues are
    shuffled; those of ``SORTED_BATCHES`` batches in a row are sorted by length, packed, and the
    batches are shuffled, so that little attention goes into padding.

    Args:
        lengths: Utterances of each dialogue.
        size: Utterances of a batch.
        seed: Determines the order, with the two numbers that follow.
        epoch: Number of the epoch.
        window: Number of the window in the epoch, for a split that is read window by window.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch + window * 7_368_787)
    order = torch.randperm(len(lengths), generator=generator)
    pools = ((lengths[order].cumsum(0) - 1) // (SORTED_BATCHES * size)).tolist()
    places = sorted(zip(pools, lengths[order].tolist(), range(len(order)), strict=True))
    batches: list[list[int]] = []
    room, last_pool = 0, -1
    for pool, length, place in places:
        if length > room or pool != last_pool:
            batches.append([])
            room, last_pool = size, pool
        batches[-1].append(int(order[place]))
        room -= length
    shuffled = torch.randperm(len(batches), generator=generator).tolist()
    return [torch.tensor(batches[i]) for i in shuffled]


def shares_of(lengths: Int[Tensor, " dialogue"], ranks: int) -> list[Int[Tensor, " share"]]:
    """Returns the dialogues that each of ``ranks`` processes computes, in their order.

    The longest dialogue comes first, and each goes to the process with the fewest utterances.
    """
    shares: list[list[int]] = [[] for _ in range(ranks)]
    loads = [0] * ranks
    for dialogue in lengths.argsort(descending=True, stable=True).tolist():
        rank = loads.index(min(loads))
        shares[rank].append(dialogue)
        loads[rank] += int(lengths[dialogue])
    return [torch.tensor(sorted(share), dtype=torch.long) for share in shares]


def share_of(batch: Batch, rank: int, ranks: int) -> Batch:
    """Returns the dialogues of a batch that one of ``ranks`` processes computes.

    If there are fewer dialogues than processes, a process that gets none is given the first,
    unlabelled: it takes part in whatever all do together, and adds nothing to the loss.
    """
    if ranks == 1:
        return batch
    share = shares_of(torch.bincount(batch.dialogue).cpu(), ranks)[rank].to(batch.dialogue.device)
    if len(share):
        return batch.select(share)
    first = batch.select(torch.zeros_like(batch.dialogue[:1]))
    return replace(first, emotion=torch.full_like(first.emotion, -1))


def hide_modalities(batch: Batch, rate: float, dialogue_rate: float = 0.0) -> Batch:
    """Returns the batch with modalities hidden at random; an utterance keeps at least one.

    Args:
        batch: Whole dialogues.
        rate: How often an utterance's modality is hidden.
        dialogue_rate: How often a modality is hidden in all of a dialogue.
    """
    if dialogue_rate:
        kept = torch.rand(int(batch.dialogue[-1]) + 1, 3) >= dialogue_rate
        batch = _kept(batch, kept.to(batch.dialogue.device)[batch.dialogue])
    if rate:
        kept = torch.rand(batch.present.shape) >= rate
        batch = _kept(batch, kept.to(batch.present.device))
    return batch


def _kept(batch: Batch, kept: Bool[Tensor, "utterance 3"]) -> Batch:
    kept = kept & batch.present
    return batch.with_present(torch.where(kept.any(1, keepdim=True), kept, batch.present))
