"""MSDE: modality-specific dynamic enhancement, inside one modality."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.networks.sync_tva.architecture import Sizes
from synctva.networks.sync_tva.attention import (
    Blocks,
    NodeDropout,
    attend,
    relation_bias,
    split_heads,
)


class Gate(nn.Module):
    """How much of an update enters, feature by feature.

        gate(h, u) = sigmoid(W [h ; u]) * u

    Source: our reconstruction of MSDE's dynamic gating (arXiv 2507.21395).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weigh = nn.Linear(2 * width, width)

    def forward(
        self, state: Float[Tensor, "*row width"], update: Float[Tensor, "*row width"]
    ) -> Float[Tensor, "*row width"]:
        """Returns the gated update."""
        return torch.sigmoid(self.weigh(torch.cat([state, update], dim=-1))) * update


class Plain(nn.Module):
    """No gate: the whole update enters (the ablation's counterpart of ``Gate``)."""

    def __init__(self, width: int) -> None:
        super().__init__()

    def forward(
        self, state: Float[Tensor, "*row width"], update: Float[Tensor, "*row width"]
    ) -> Float[Tensor, "*row width"]:
        """Returns the update as it is."""
        return update


class FeedForward(nn.Module):
    """A residual feed-forward block whose update passes a gate.

    h <- LayerNorm(h + gate(h, W2 GELU(W1 h)))
    """

    def __init__(self, width: int, dropout: float, gate: nn.Module) -> None:
        super().__init__()
        self.update = nn.Sequential(
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
            nn.Dropout(dropout),
        )
        self.gate = gate
        self.norm = nn.LayerNorm(width)

    def forward(self, state: Float[Tensor, "*row width"]) -> Float[Tensor, "*row width"]:
        """Returns the updated state."""
        return self.norm(state + self.gate(state, self.update(state)))


class ContextAttention(nn.Module):
    """Self-attention over the utterances of a dialogue, gated.

        c = attend(Q h, K h, V h; relations),  h <- LayerNorm(h + gate(h, W c))

    Source: our reconstruction of MSDE's self-attention (arXiv 2507.21395).
    """

    def __init__(self, sizes: Sizes, *, gating: bool) -> None:
        super().__init__()
        width, self.heads = sizes.width, sizes.heads
        self.project = nn.Linear(width, 3 * width)
        self.bias = relation_bias(sizes)
        self.sends = NodeDropout(sizes.node_dropout)
        self.out = nn.Linear(width, width)
        self.gate = Gate(width) if gating else Plain(width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(
        self,
        state: Float[Tensor, "utterance width"],
        present: Bool[Tensor, " utterance"],
        blocks: Blocks,
    ) -> Float[Tensor, "utterance width"]:
        """Returns the updated state; utterances that lack the modality receive but never send."""
        laid = split_heads(blocks.queries(self.project(state)), 3, self.heads)
        query, pairs = laid[:, :, 0], blocks.keys(laid[:, :, 1:])
        visible = blocks.sees(self.sends(present))
        mixed = attend(query, pairs[:, :, 0], pairs[:, :, 1], visible, self.bias(blocks))
        context = self.dropout(self.out(blocks.flat(mixed.flatten(2))))
        return self.norm(state + self.gate(state, context))


class Enhancement(nn.Module):
    """Gated self-attention over the dialogue, then a gated feed-forward block.

    A layer of MSDE inside one modality; and one of the dialogue's context after fusion.

    Args:
        sizes: Of its layers.
        gating: Dynamic gates; else the whole updates enter.
        self_attention: Attention over the dialogue; else the feed-forward block alone.

    Source: our reconstruction (arXiv 2507.21395 gives no equations).
    """

    def __init__(self, sizes: Sizes, *, gating: bool = True, self_attention: bool = True) -> None:
        super().__init__()
        width = sizes.width
        gate = Gate(width) if gating else Plain(width)
        self.context = ContextAttention(sizes, gating=gating) if self_attention else None
        self.feed_forward = FeedForward(width, sizes.dropout, gate)

    def forward(
        self,
        state: Float[Tensor, "utterance width"],
        present: Bool[Tensor, " utterance"],
        blocks: Blocks,
    ) -> Float[Tensor, "utterance width"]:
        """Returns the enhanced states; utterances that are not present receive and never send."""
        if self.context is not None:
            state = self.context(state, present, blocks)
        return self.feed_forward(state)
