"""Heterogeneous cross-modal graphs: one for each pair of modalities."""

from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from synctva.networks.sync_tva.architecture import Sizes
from synctva.networks.sync_tva.attention import (
    Blocks,
    NodeDropout,
    attend,
    relation_bias,
    split_heads,
)
from synctva.networks.sync_tva.enhancement import FeedForward, Plain

ALIKE = 1e-5
"""Cosines this near are equal: of utterances that say the same, all are chosen or none."""

States = dict[str, Float[Tensor, "utterance width"]]
Presence = dict[str, Bool[Tensor, " utterance"]]


class SemanticEdges(nn.Module):
    """The k most similar other nodes in sight: a learned bias and slope on the cosine, per head.

        bias_ij = b + s cos(h_i, h_j) for the k nodes j of greatest cosine, else 0

    Source: our reconstruction.
    Departs: the most similar nodes are looked for where the window reaches, which is the whole
        dialogue only where the window is unlimited; so time stays linear and a causal model causal.
    """

    def __init__(self, heads: int, k: int) -> None:
        super().__init__()
        self.k = k
        self.bias = nn.Parameter(torch.zeros(heads))
        self.slope = nn.Parameter(torch.ones(heads))

    def forward(
        self,
        query: Float[Tensor, "block query width"],
        key: Float[Tensor, "block key width"],
        visible: Bool[Tensor, "block query key"],
    ) -> Float[Tensor, "block head query key"]:
        """Returns the bias of the semantic edges, zero on all others."""
        cosine = functional.normalize(query, dim=-1) @ functional.normalize(key, dim=-1).mT
        ranked = cosine.detach().masked_fill(~visible, -2.0)
        most = cast(int, torch.sym_min(self.k, ranked.shape[-1]))  # traced, it is not read
        least = ranked.topk(most, dim=-1).values[..., -1:]
        chosen = ((ranked >= least - ALIKE) & visible).to(cosine.dtype).unsqueeze(1)
        slope, bias = self.slope[:, None, None], self.bias[:, None, None]
        return torch.addcmul(slope * (cosine.unsqueeze(1) * chosen), bias, chosen)


class EdgeBias(nn.Module):
    """The bias per head of the edges from one modality to one modality: type plus relation."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.edge_type = nn.Parameter(torch.zeros(sizes.heads))
        self.relation = relation_bias(sizes)

    def forward(self, blocks: Blocks) -> Float[Tensor, "#block head query key"]:
        """Returns the bias of every edge."""
        return self.edge_type[:, None, None] + self.relation(blocks)


class GraphLayer(nn.Module):
    """One layer of heterogeneous graph attention between two modalities.

    A node is an utterance in one modality. It attends, in one softmax, over all its incoming
    edges: the enforced edge from the same utterance in the other modality, and cross-modal edges
    and temporal edges of its own modality in the window. The semantic edges are the k of them with
    the greatest cosine: they have a bias of their own and a slope on it. Queries, keys and values
    are projected per modality; every edge type has a bias per head.

        m = attend(Q_t h, [K_s h], [V_s h]; edge types, relations, semantic edges)
        h <- FeedForward(LayerNorm(h + W_t m)),  t the node's modality, s that of a neighbour

    Args:
        pair: The two modalities.
        sizes: Of its layers.
        semantic_k: Semantic edges of a node; 0 = none.
        enforced: Edges between the two nodes of an utterance.
        heterogeneous: Projections of their own for each modality.

    Source: our reconstruction (arXiv 2507.21395 gives no equations).
    """

    def __init__(
        self,
        pair: tuple[str, str],
        sizes: Sizes,
        *,
        semantic_k: int,
        enforced: bool = True,
        heterogeneous: bool = True,
    ) -> None:
        super().__init__()
        width = sizes.width
        self.pair, self.heads, self.enforced = pair, sizes.heads, enforced
        self.node = {m: m if heterogeneous else "node" for m in pair}
        nodes = dict.fromkeys(self.node.values())
        self.project = nn.ModuleDict({n: nn.Linear(width, 3 * width) for n in nodes})
        self.out = nn.ModuleDict({n: nn.Linear(width, width) for n in nodes})
        self.norm = nn.ModuleDict({n: nn.LayerNorm(width) for n in nodes})
        self.feed_forward = nn.ModuleDict(
            {n: FeedForward(width, sizes.dropout, Plain(width)) for n in nodes}
        )
        self.edges = nn.ModuleDict({f"{s}_to_{t}": EdgeBias(sizes) for t in pair for s in pair})
        self.semantic = SemanticEdges(sizes.heads, semantic_k) if semantic_k else None
        self.sends = NodeDropout(sizes.node_dropout)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, states: States, present: Presence, blocks: Blocks) -> States:
        """Returns the updated states of both modalities."""
        laid = {m: blocks.queries(states[m]) for m in self.pair}
        heads = {
            m: split_heads(blocks.queries(self.project[self.node[m]](states[m])), 3, self.heads)
            for m in self.pair
        }
        sent = torch.cat([blocks.keys(heads[m][:, :, 1:]) for m in self.pair], dim=1)
        nodes = torch.cat([blocks.keys(laid[m]) for m in self.pair], dim=1)
        updated = {}
        for m in self.pair:
            visible = torch.cat([self._visible(s, m, present[s], blocks) for s in self.pair], -1)
            bias = torch.cat([self.edges[f"{s}_to_{m}"](blocks) for s in self.pair], dim=-1)
            if self.semantic is not None:
                itself = torch.cat([(blocks.ahead == 0) & (s == m) for s in self.pair], dim=-1)
                bias = bias + self.semantic(laid[m], nodes, visible & ~itself)
            mixed = attend(heads[m][:, :, 0], sent[:, :, 0], sent[:, :, 1], visible, bias)
            message = self.dropout(self.out[self.node[m]](blocks.flat(mixed.flatten(2))))
            state = self.norm[self.node[m]](states[m] + message)
            updated[m] = self.feed_forward[self.node[m]](state)
        return updated

    def _visible(
        self, source: str, target: str, present: Bool[Tensor, " utterance"], blocks: Blocks
    ) -> Bool[Tensor, "block query key"]:
        """Returns which nodes of the source a target sees: those that have their modality."""
        visible = blocks.sees(self.sends(present))
        if source != target and not self.enforced:
            visible = visible & (blocks.ahead != 0)
        return visible
