"""MMGCN: one graph of all utterances in all modalities, by angles, in deep spectral layers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.networks.peers.modality_graph import Edges, ModalityNodes, edges_of, flat
from synctva.networks.peers.sizes import Count, Even, Rate, Weight
from synctva.output import Output


@dataclass(frozen=True)
class MmgcnSettings:
    """Sizes of MMGCN, as published for IEMOCAP.

    Attributes:
        width: Width of the nodes.
        graph_width: Width of the graph's layers.
        layers: Layers of the graph.
        residual: Share of the first layer's input in that of every layer (alpha).
        strength: How much of a layer's matrix is felt; falls with depth (lambda).
        speakers: Speakers told apart; all later ones of a dialogue count as the last.
        dropout: Rate in the recurrent network, the graph and the classifier.
        network: Its name in recipes.
    """

    width: Even = 200
    graph_width: Count = 100
    layers: Count = 4
    residual: Rate = 0.1
    strength: Weight = 0.5
    speakers: Count = 9
    dropout: Rate = 0.4
    network: Literal["mmgcn"] = "mmgcn"


class SpectralLayer(nn.Module):
    """Graph convolution with the first layer's input and the identity mixed in.

    Args:
        width: Width of the nodes.
        residual: Share of the first layer's input (alpha).
        identity: Share of the matrix against the identity, log(lambda / layer + 1).

    Source: Hu et al. 2021, section 3.4; Chen et al. 2020 (GCNII), equation 5, in the variant of
        its code: the matrix reads the neighbours and the first layer's input side by side.
    """

    def __init__(self, width: int, residual: float, identity: float) -> None:
        super().__init__()
        self.residual, self.identity = residual, identity
        self.matrix = nn.Linear(2 * width, width, bias=False)
        nn.init.uniform_(self.matrix.weight, -(width**-0.5), width**-0.5)

    def forward(
        self,
        nodes: Float[Tensor, "dialogue modality turn width"],
        first: Float[Tensor, "dialogue modality turn width"],
        edges: Edges,
    ) -> Float[Tensor, "dialogue modality turn width"]:
        """Returns the nodes after one step along the edges."""
        heard = edges.gathered(nodes)
        plain = (1 - self.residual) * heard + self.residual * first
        mixed = self.matrix(torch.cat([heard, first], dim=-1))
        return (self.identity * mixed + (1 - self.identity) * plain).relu()


class Mmgcn(nn.Module):
    """MMGCN: a graph of all modalities, deep spectral convolution, then concatenation.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Hu et al. 2021 (ACL), section 3; dropout and order of layers as in the authors' code.
    Departs: edges between modalities weigh as much as others of the same angle, as in the authors'
        code (the paper has a factor for them). With one modality there are no such edges. The node
        of a missing modality has zero features and stays in the graph.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: MmgcnSettings
    ) -> None:
        super().__init__()
        width, graph_width = settings.width, settings.graph_width
        self.nodes = ModalityNodes(dims, width, settings.speakers, settings.dropout, nn.LSTM)
        self.enter = nn.Linear(width, graph_width)
        self.layers = nn.ModuleList(
            SpectralLayer(graph_width, settings.residual, math.log(settings.strength / depth + 1))
            for depth in range(1, settings.layers + 1)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear((width + graph_width) * len(dims), len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        nodes, there = self.nodes(batch)
        edges = angular_edges(nodes, there)
        kept = self.dropout(nodes)
        first = state = self.enter(kept).relu()
        for layer in self.layers:
            state = layer(self.dropout(state), first, edges)
        state = torch.cat([kept.to(state.dtype), self.dropout(state)], dim=-1)
        fused = flat(state, there).relu()
        return Output(logits=self.classifier(self.dropout(fused)), fused=fused)


def angular_edges(
    nodes: Float[Tensor, "dialogue modality turn width"], there: Bool[Tensor, "dialogue turn"]
) -> Edges:
    """Returns edges by the angle between nodes, normalised by the degrees of both.

    In float32 whatever the precision: near the angle 0 its gradient is steep.

    Source: Hu et al. 2021, section 3.3, equations of the edge weights and of the Laplacian.
    """
    turn_edges, modality_edges = edges_of(there, nodes.shape[1])
    with torch.autocast(nodes.device.type, enabled=False):
        unit = functional.normalize(nodes.float(), dim=-1)
        turns = _nearness(unit @ unit.mT) * turn_edges
        unit = unit.transpose(1, 2)
        modalities = _nearness(unit @ unit.mT) * modality_edges
        degree = turns.sum(-1) + modalities.sum(-1).mT
        scale = degree.clamp(min=1e-6).rsqrt()
        across = scale.mT
        return Edges(
            turns * scale.unsqueeze(-1) * scale.unsqueeze(-2),
            modalities * across.unsqueeze(-1) * across.unsqueeze(-2),
        )


def _nearness(cosine: Float[Tensor, "*pair"]) -> Float[Tensor, "*pair"]:
    """Returns 1 for the same direction, 0 for the opposite; short of both, where acos is steep."""
    return 1 - torch.acos(0.99999 * cosine.clamp(-1, 1)) / math.pi
