"""Deep information interaction fusion, then CAF: cross-modal attention fusion."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from synctva.networks.sync_tva.architecture import Sizes
from synctva.networks.sync_tva.attention import Blocks, attend, relation_bias, split_heads
from synctva.networks.sync_tva.enhancement import Gate
from synctva.networks.sync_tva.graph import Presence, States


class Interaction(nn.Module):
    """The views of a modality (its enhanced self and its graphs) exchange, then are pooled.

    A small self-attention over the view tokens of an utterance; then, head by head, a softmax
    over the views decides how much of each enters.

        v <- LayerNorm(v + W attend(Q v, K v, V v)),  z = sum over views of softmax(w v) * v

    Source: our reconstruction of deep information interaction fusion (arXiv 2507.21395).
    """

    def __init__(self, views: int, sizes: Sizes) -> None:
        super().__init__()
        width, heads = sizes.width, sizes.heads
        self.heads = heads
        self.view = nn.Parameter(torch.zeros(views, width))
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, heads, bias=False)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(
        self, views: Float[Tensor, "utterance view width"]
    ) -> Float[Tensor, "utterance width"]:
        """Returns one vector per utterance."""
        tokens = views + self.view
        parts = split_heads(self.project(tokens), 3, self.heads).transpose(1, 3)
        query, key, value = parts.unbind(2)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        tokens = self.norm(views + self.dropout(self.out(mixed.transpose(1, 2).flatten(2))))
        weights = self.score(tokens).softmax(dim=1).unsqueeze(-1)
        return (weights * split_heads(tokens, 1, self.heads)[:, :, 0]).sum(1).flatten(1)


class MeanOfViews(nn.Module):
    """The mean over the views (the ablation's counterpart of ``Interaction``)."""

    def forward(
        self, views: Float[Tensor, "utterance view width"]
    ) -> Float[Tensor, "utterance width"]:
        """Returns one vector per utterance."""
        return views.mean(1)


class CrossModalAttention(nn.Module):
    """A modality's nodes query the nodes of all other modalities in the window; gated residual.

        c = attend(Q_m z_m, [K_o z_o], [V_o z_o]),  z_m <- LayerNorm(z_m + gate(z_m, W c))

    Source: our reconstruction of CAF (arXiv 2507.21395).
    """

    def __init__(self, modality: str, others: tuple[str, ...], sizes: Sizes) -> None:
        super().__init__()
        width = sizes.width
        self.modality, self.others, self.heads = modality, others, sizes.heads
        self.query = nn.Linear(width, width)
        self.pair = nn.ModuleDict({m: nn.Linear(width, 2 * width) for m in others})
        self.bias = nn.ModuleDict({m: relation_bias(sizes) for m in others})
        self.out = nn.Linear(width, width)
        self.gate = Gate(width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(
        self, states: States, present: Presence, blocks: Blocks
    ) -> Float[Tensor, "utterance width"]:
        """Returns the updated states of the modality."""
        state = states[self.modality]
        query = split_heads(blocks.queries(self.query(state)), 1, self.heads)[:, :, 0]
        pairs = [
            blocks.keys(split_heads(blocks.queries(self.pair[m](states[m])), 2, self.heads))
            for m in self.others
        ]
        key, value = torch.cat(pairs, dim=1).unbind(2)
        visible = torch.cat([blocks.sees(present[m]) for m in self.others], dim=-1)
        bias = torch.cat([self.bias[m](blocks) for m in self.others], dim=-1)
        mixed = attend(query, key, value, visible, bias)
        message = self.dropout(self.out(blocks.flat(mixed.flatten(2))))
        return self.norm(state + self.gate(state, message))


class CrossModalFusion(nn.Module):
    """CAF: cross-modal attention, then pooling by a softmax over the modalities that are present.

    An utterance that lacks every modality is pooled from what its nodes received.

        f = sum over present modalities m of softmax(w_m z_m) z_m

    Source: our reconstruction (arXiv 2507.21395 gives no equations).
    """

    def __init__(self, modalities: tuple[str, ...], sizes: Sizes) -> None:
        super().__init__()
        self.attention = nn.ModuleDict(
            {
                m: CrossModalAttention(m, tuple(o for o in modalities if o != m), sizes)
                for m in modalities
            }
        )
        self.score = nn.ModuleDict({m: nn.Linear(sizes.width, 1) for m in modalities})

    def forward(
        self, states: States, present: Presence, blocks: Blocks
    ) -> Float[Tensor, "utterance width"]:
        """Returns one fused vector per utterance."""
        states = {m: attention(states, present, blocks) for m, attention in self.attention.items()}
        stacked = torch.stack(list(states.values()), dim=1)
        scores = torch.cat([self.score[m](states[m]) for m in states], dim=1)
        return (_over_present(scores, present) * stacked).sum(1)


class ConcatenationFusion(nn.Module):
    """All modalities side by side through one layer (the ablation's counterpart of CAF).

    An absent one is zero, unless the utterance lacks all of them.
    """

    def __init__(self, modalities: tuple[str, ...], width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(len(modalities) * width, width)

    def forward(
        self, states: States, present: Presence, blocks: Blocks
    ) -> Float[Tensor, "utterance width"]:
        """Returns one fused vector per utterance."""
        stacked = torch.stack(list(states.values()), dim=1)
        return self.mix((_counted(present).unsqueeze(-1) * stacked).flatten(1))


class OnlyModality(nn.Module):
    """Nothing to fuse: the corpus has one modality."""

    def forward(
        self, states: States, present: Presence, blocks: Blocks
    ) -> Float[Tensor, "utterance width"]:
        """Returns that modality's vectors."""
        return next(iter(states.values()))


def _over_present(
    scores: Float[Tensor, "utterance modality"], present: Presence
) -> Float[Tensor, "utterance modality 1"]:
    hidden = torch.finfo(scores.dtype).min
    return scores.masked_fill(~_counted(present), hidden).softmax(1).unsqueeze(-1)


def _counted(present: Presence) -> Bool[Tensor, "utterance modality"]:
    """Returns which modalities count: those that are present, or all where none is."""
    there = torch.stack(list(present.values()), dim=1)
    return there | ~there.any(1, keepdim=True)
