"""M3NET: hyperedges over whole dialogues and utterances, beside a graph of several frequencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.networks.peers.modality_graph import Edges, ModalityNodes, edges_of, flat
from synctva.networks.peers.sizes import Count, Even, Rate
from synctva.output import Output


@dataclass(frozen=True)
class M3netSettings:
    """Sizes of M3NET, as published for IEMOCAP.

    Attributes:
        width: Width of the nodes.
        graph_width: Width inside both graphs.
        hypergraph_layers: Layers of the hypergraph (L).
        frequency_layers: Layers of the multi-frequency graph (K).
        speakers: Speakers told apart; all later ones of a dialogue count as the last.
        dropout: Rate in the recurrent network and before the classifier.
        network: Its name in recipes.
    """

    width: Even = 512
    graph_width: Count = 512
    hypergraph_layers: Count = 3
    frequency_layers: Count = 4
    speakers: Count = 9
    dropout: Rate = 0.5
    network: Literal["m3net"] = "m3net"


class HypergraphLayer(nn.Module):
    """Nodes to hyperedges and back: all turns of a modality, and all modalities of a turn.

    A node weighs in a hyperedge by its own state, and a hyperedge in a node by a learned share;
    in the beginning both are means.

    Source: Chen et al. 2023, section 3.3: D^-1 H W B^-1 H'^T V, H' with edge-dependent weights.
    Departs: the paper does not say what the weights are functions of; in the authors' code each is
        a parameter of its place in the batch, which cannot be learned. Here a node's weight is a
        softmax inside its hyperedge of a score, with a vector for either kind of hyperedge.
    """

    def __init__(self, width: int, modalities: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 2, bias=False)
        self.share = nn.Parameter(torch.zeros(modalities, 1, 1))
        self.bias = nn.Parameter(torch.zeros(width))
        nn.init.zeros_(self.score.weight)

    def forward(
        self,
        nodes: Float[Tensor, "dialogue modality turn width"],
        there: Bool[Tensor, "dialogue turn"],
    ) -> Float[Tensor, "dialogue modality turn width"]:
        """Returns each node as the mean of its two hyperedges."""
        in_dialogue, in_turn = (self.score(nodes) / nodes.shape[-1] ** 0.5).unbind(-1)
        hidden = torch.finfo(in_dialogue.dtype).min
        in_dialogue = in_dialogue.masked_fill(~there.unsqueeze(1), hidden).softmax(-1)
        contextual = (in_dialogue.unsqueeze(-1) * nodes).sum(2, keepdim=True)
        multimodal = (in_turn.softmax(1).unsqueeze(-1) * nodes).sum(1, keepdim=True)
        share = self.share.sigmoid()
        mixed = share * contextual + (1 - share) * multimodal
        return functional.leaky_relu(mixed + self.bias)


class FrequencyLayer(nn.Module):
    """What a node takes from each neighbour, from all of it to all of it with the sign changed.

    Source: Chen et al. 2023, section 3.4; the gate tanh(W [x_i ; x_j]) is the difference of the
        low-pass and the high-pass filter, after Bo et al. 2021 (FAGCN), equation 4.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Linear(2 * width, 1)

    def forward(
        self,
        nodes: Float[Tensor, "dialogue modality turn width"],
        edges: Edges,
    ) -> Float[Tensor, "dialogue modality turn width"]:
        """Returns the nodes and what reaches them along the gated edges."""
        to, of = functional.linear(nodes, self.gate.weight.view(2, -1)).unbind(-1)
        to = to + self.gate.bias
        turns = torch.tanh(to.unsqueeze(-1) + of.unsqueeze(-2))
        modalities = torch.tanh(to.mT.unsqueeze(-1) + of.mT.unsqueeze(-2))
        gated = Edges(edges.turns * turns, edges.modalities * modalities)
        return nodes + gated.gathered(nodes)


class M3net(nn.Module):
    """M3NET: multivariate (hypergraph) and multi-frequency propagation side by side.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Chen et al. 2023 (CVPR), section 3; dropout and order of layers as in the authors' code.
    Departs: one vector of text in place of the mean of four normalised ones of RoBERTa. With one
        modality the hyperedges of utterances hold one node each. The node of a missing modality has
        zero features and stays in both graphs.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: M3netSettings
    ) -> None:
        super().__init__()
        width, graph_width = settings.width, settings.graph_width
        self.nodes = ModalityNodes(dims, width, settings.speakers, settings.dropout, nn.GRU)
        self.enter = nn.Linear(width, graph_width)
        self.hypergraph = nn.ModuleList(
            HypergraphLayer(graph_width, len(dims)) for _ in range(settings.hypergraph_layers)
        )
        self.frequencies = nn.ModuleList(
            FrequencyLayer(graph_width) for _ in range(settings.frequency_layers)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear(2 * graph_width * len(dims), len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        nodes, there = self.nodes(batch)
        together = frequencies = self.enter(nodes)
        for layer in self.hypergraph:
            together = layer(together, there)
        edges = even_edges(there, nodes.shape[1])
        for layer in self.frequencies:
            frequencies = layer(frequencies, edges)
        fused = flat(torch.cat([together, frequencies], dim=-1), there).relu()
        return Output(logits=self.classifier(self.dropout(fused)), fused=fused)


def even_edges(there: Bool[Tensor, "dialogue turn"], modalities: int) -> Edges:
    """Returns edges to all other turns and modalities, each 1 over the degree.

    Source: Chen et al. 2023, section 3.4: 1 / sqrt(d_i d_j), where all degrees of a dialogue agree.
    """
    turns, others = edges_of(there, modalities)
    itself = torch.eye(there.shape[1], dtype=torch.bool, device=there.device)
    degree = (there.sum(1) + modalities - 2).clamp(min=1)[:, None, None, None]
    return Edges((turns & ~itself) / degree, others / degree)
