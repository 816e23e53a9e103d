"""Dialogues as blocks: the one place where utterances see each other.

Everything else in the model runs on flat rows. Here rows are laid out in blocks of equal length,
attention runs inside a block and a margin on both sides of it, and the result is laid flat again.
One block per dialogue is plain dense attention; shorter blocks with margins are banded attention,
whose time and memory grow linearly with the dialogue. Both give the same numbers.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.networks.sync_tva.architecture import Reach, Sizes

BUCKETS = 8
"""Distances 0, 1, 2, 3-4, 5-8, 9-16, 17-32 and more have a bucket each."""

OTHER, SAME = 0, 1
"""The rows of the biases: for turns of another speaker, and of the same one."""

LEANS = -1.0
"""The bias with which a head begins towards the turns that it does not lean to."""


@dataclass(frozen=True)
class Blocks:
    """How the utterances of a batch are laid out in blocks, and who may look at whom.

    Attributes:
        slot: Each utterance's place in the flattened blocks.
        shape: Number of blocks and their length.
        before: Length of the margin of keys before a block.
        after: Length of the margin of keys after a block.
        ahead: How many utterances a key is ahead of a query; the same in every block.
        same_speaker: 1 where query and key have the same speaker, else 0.
        visible: Whether the key is an utterance of the query's dialogue within its window.
    """

    slot: Int[Tensor, " utterance"]
    shape: tuple[int, int]
    before: int
    after: int
    ahead: Int[Tensor, "query key"]
    same_speaker: Float[Tensor, "block query key"]
    visible: Bool[Tensor, "block query key"]

    def queries(
        self, rows: Shaped[Tensor, "utterance *rest"]
    ) -> Shaped[Tensor, "block query *rest"]:
        """Returns the rows laid out in blocks; places without an utterance are zero."""
        return _lay_out(rows, self.slot, self.shape)

    def keys(
        self, queries: Shaped[Tensor, "block query *rest"]
    ) -> Shaped[Tensor, "block key *rest"]:
        """Returns each block with its margins, taken from the blocks beside it."""
        return _with_margins(queries, self.before, self.after)

    def sees(self, sends: Bool[Tensor, " utterance"]) -> Bool[Tensor, "block query key"]:
        """Returns which keys each query sees, of those utterances that send at all."""
        return self.visible & self.keys(self.queries(sends)).unsqueeze(1)

    def flat(
        self, blocks: Shaped[Tensor, "block query *rest"]
    ) -> Shaped[Tensor, "utterance *rest"]:
        """Returns the utterances' rows, flat again: the inverse of ``queries``."""
        return blocks.flatten(0, 1).index_select(0, self.slot)


def blocks_of(batch: Batch, past: Reach, future: Reach) -> Blocks:
    """Returns the cheaper of the dense and the banded layout of a batch.

    Args:
        batch: Whole dialogues.
        past: How many utterances back attention reaches.
        future: How many utterances ahead attention reaches; 0 = causal.

    Source: our reconstruction (relations are not public for arXiv 2507.21395).
    """
    lengths = torch.bincount(batch.dialogue)
    longest = int(lengths.max())
    if past == "all" or future == "all" or longest <= 2 * (past + future + 1):
        return _layout(batch, lengths, longest, (0, 0), (past, future))
    block = max(past, future, 16)
    return _layout(batch, lengths, block, (past, future), (past, future))


def alike_blocks(batch: Batch, dialogues: int, past: Reach, future: Reach) -> Blocks:
    """Returns the dense layout of dialogues that are all of one length.

    It reads no number out of the batch, so a trace of it holds for any length.

    Args:
        batch: The dialogues.
        dialogues: How many they are.
        past: As for ``blocks_of``.
        future: As for ``blocks_of``.
    """
    utterances = batch.dialogue.shape[0]
    slot = torch.arange(utterances, device=batch.dialogue.device)
    shape = (dialogues, utterances // dialogues)
    return _laid_out(batch, slot, shape, (0, 0), (past, future))


def _layout(
    batch: Batch,
    lengths: Int[Tensor, " dialogue"],
    block: int,
    margins: tuple[int, int],
    window: tuple[Reach, Reach],
) -> Blocks:
    place = torch.arange(len(batch), device=lengths.device)
    place = place - (lengths.cumsum(0) - lengths)[batch.dialogue]
    blocks_each = (lengths + block - 1) // block
    first_block = blocks_each.cumsum(0) - blocks_each
    slot = first_block[batch.dialogue] * block + place
    return _laid_out(batch, slot, (int(blocks_each.sum()), block), margins, window)


def _laid_out(
    batch: Batch,
    slot: Int[Tensor, " utterance"],
    shape: tuple[int, int],
    margins: tuple[int, int],
    window: tuple[Reach, Reach],
) -> Blocks:
    query = _lay_out(torch.stack([batch.dialogue, batch.speaker], dim=-1) + 1, slot, shape)
    key = _with_margins(query, *margins)
    same_dialogue, same_speaker = (query.unsqueeze(2) == key.unsqueeze(1)).unbind(-1)
    visible = same_dialogue & (key[:, :, 0] > 0).unsqueeze(1)
    steps = torch.arange(key.shape[1], device=slot.device) - margins[0]
    ahead = steps.unsqueeze(0) - torch.arange(shape[1], device=slot.device).unsqueeze(1)
    past, future = window
    if past != "all":
        visible = visible & (ahead >= -past)
    if future != "all":
        visible = visible & (ahead <= future)
    return Blocks(slot, shape, *margins, ahead, same_speaker.float(), visible)


def _lay_out(
    rows: Shaped[Tensor, "utterance *rest"], slot: Int[Tensor, " utterance"], shape: tuple[int, int]
) -> Shaped[Tensor, "block query *rest"]:
    empty = rows.new_zeros(shape[0] * shape[1], *rows.shape[1:])
    return empty.index_copy(0, slot, rows).unflatten(0, shape)


def _with_margins(
    queries: Shaped[Tensor, "block query *rest"], before: int, after: int
) -> Shaped[Tensor, "block key *rest"]:
    parts = [queries]
    if before:
        tail = torch.roll(queries[:, -before:], 1, dims=0)
        parts.insert(0, torch.cat([torch.zeros_like(tail[:1]), tail[1:]]))
    if after:
        head = torch.roll(queries[:, :after], -1, dims=0)
        parts.append(torch.cat([head[:-1], torch.zeros_like(head[:1])]))
    return torch.cat(parts, dim=1) if len(parts) > 1 else queries


class RelationBias(nn.Module):
    """A learned bias per head for each relation: kind of relation plus distance bucket.

    The kinds are the same turn, and past or future by the same or another speaker. The heads begin
    with different reach, from the whole window to the nearest utterances; and every other one leans
    to turns of the same speaker, the rest to turns of other ones.

    Args:
        heads: Number of attention heads.

    Source: our reconstruction; the slopes at the beginning are after ALiBi (Press et al. 2022,
        section 3), on the logarithm of the distance.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        kind = torch.zeros(2, 2, 1, heads)
        kind[OTHER, ..., ::2] = kind[SAME, ..., 1::2] = LEANS
        self.kind = nn.Parameter(kind)
        slopes = torch.arange(heads) / max(1, heads - 1)
        nearest_first = -torch.arange(BUCKETS).unsqueeze(1) * slopes
        self.distance = nn.Parameter(nearest_first.repeat(2, 2, 1, 1))

    def forward(self, blocks: Blocks) -> Float[Tensor, "block head query key"]:
        """Returns the bias of every pair of query and key."""
        distance = blocks.ahead.abs()
        bucket = torch.ceil(torch.log2(distance.clamp(min=1).float())).long() + 1
        bucket = torch.where(distance == 0, 0, bucket).clamp(max=BUCKETS - 1)
        row = (blocks.ahead > 0).long() * BUCKETS + bucket
        biases = (self.kind + self.distance).flatten(1, 2)
        other = functional.embedding(row, biases[OTHER]).permute(2, 0, 1)
        same = functional.embedding(row, biases[SAME]).permute(2, 0, 1)
        return torch.addcmul(other, blocks.same_speaker.unsqueeze(1), same - other)


class NoBias(nn.Module):
    """No relations: every visible key is alike (the ablation's counterpart)."""

    def __init__(self, heads: int) -> None:
        super().__init__()

    def forward(self, blocks: Blocks) -> Float[Tensor, "1 1 query key"]:
        """Returns zero for every pair of query and key."""
        return blocks.same_speaker.new_zeros(1, 1, *blocks.ahead.shape)


def relation_bias(sizes: Sizes) -> nn.Module:
    """Returns a bias for each head that knows relations, or none."""
    return (RelationBias if sizes.relations else NoBias)(sizes.heads)


class NodeDropout(nn.Module):
    """In training, a random part of the nodes sends nothing: context must not hang on one turn.

    Source: our reconstruction; it takes the place of dropout on attention weights, which needs a
        random number for every pair of utterances.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, sends: Bool[Tensor, " utterance"]) -> Bool[Tensor, " utterance"]:
        """Returns which of the nodes that send still do."""
        if not self.training or self.rate == 0:
            return sends
        return sends & (torch.rand(sends.shape, device=sends.device) >= self.rate)


def split_heads(
    projected: Float[Tensor, "*row all"], parts: int, heads: int
) -> Float[Tensor, "*row part head dim"]:
    """Returns projected rows as their parts (queries, keys, values), each head by head."""
    return projected.unflatten(-1, (parts, heads, -1))


def attend(
    query: Float[Tensor, "block query head dim"],
    key: Float[Tensor, "block key head dim"],
    value: Float[Tensor, "block key head dim"],
    visible: Bool[Tensor, "block query key"],
    bias: Float[Tensor, "#block #head query key"],
) -> Float[Tensor, "block query head dim"]:
    """Returns multi-head attention over the visible keys; zero where no key is visible.

    For each head, softmax over the visible keys j of (q_i k_j / sqrt(dim) + bias_ij), times v_j.

    Source: Vaswani et al. 2017, equation 1, with a bias.
    """
    hidden = torch.finfo(query.dtype).min * (~visible).to(query.dtype).unsqueeze(1)
    mixed = functional.scaled_dot_product_attention(
        query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), bias + hidden
    ).transpose(1, 2)
    return mixed * visible.any(-1)[:, :, None, None]
