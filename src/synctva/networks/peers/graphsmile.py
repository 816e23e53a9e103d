"""GraphSmile: graphs between every two modalities, and the sentiment as a second task."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.networks.peers.layout import padded
from synctva.networks.peers.sentiment import (
    SENTIMENTS,
    mean_cross_entropy,
    sentiment_numbers,
    sentiments_of,
)
from synctva.networks.peers.sizes import Count, Rate, Reach, Weight
from synctva.output import Output


@dataclass(frozen=True)
class GraphSmileSettings:
    """Sizes of GraphSmile, as its authors' code runs it for IEMOCAP with six emotions.

    Attributes:
        width: Width of the nodes.
        layers: Layers of each graph.
        past: How many utterances back an edge reaches.
        future: How many ahead.
        shift_window: Turns of a block in which all pairs are asked for a shift of sentiment.
        sentiment: Weight of the loss of the sentiment.
        shift: Weight of the loss of the shift.
        dropout: Rate after the projections and in the graphs' layers.
        network: Its name in recipes.
    """

    width: Count = 512
    layers: Count = 7
    past: Reach = 17
    future: Reach = 17
    shift_window: Count = 19
    sentiment: Weight = 1.0
    shift: Weight = 0.7
    dropout: Rate = 0.2
    network: Literal["graphsmile"] = "graphsmile"


class PairGraph(nn.Module):
    """A graph between two modalities: the neighbours of a node are in the other modality.

    One layer carries what the other modality says, two carry what one's own modality says: both
    enter by turns. The sum of all layers leaves.

    Source: Li et al. 2024, section 3.2 (GSF), the normalised adjacency and the layers' equations.
    Departs: a learned weight for each distance, in either direction, is the exponential of a
        parameter, 1 at first; the authors' code has one for each place that an edge has in the
        batch, so that the same dialogue would depend on those before it.
    """

    def __init__(self, settings: GraphSmileSettings) -> None:
        super().__init__()
        width = settings.width
        self.past, self.future = settings.past, settings.future
        self.distance = nn.Parameter(torch.zeros(2, settings.past + 1 + settings.future))
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(settings.layers))
        self.leave = nn.ModuleList(nn.Linear(width, width) for _ in range(settings.layers))
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self, nodes: Float[Tensor, "2 dialogue turn width"], there: Bool[Tensor, "dialogue turn"]
    ) -> Float[Tensor, "2 dialogue turn width"]:
        """Returns the nodes of both modalities after all layers."""
        edges = self.edges(there)
        total = state = nodes
        for layer, leave in zip(self.layers, self.leave, strict=True):
            state = layer(edges.to(state.dtype) @ state.flip(0))
            total = total + self.dropout(functional.leaky_relu(leave(state)))
        return total

    def edges(self, there: Bool[Tensor, "dialogue turn"]) -> Float[Tensor, "2 dialogue turn turn"]:
        """Returns the weights of the edges to each modality, normalised by the degrees."""
        place = torch.arange(there.shape[1], device=there.device)
        ahead = place.unsqueeze(0) - place.unsqueeze(1)
        near = (ahead >= -self.past) & (ahead <= self.future)
        row = (ahead + self.past).clamp(0, self.past + self.future)
        weight = self.distance.exp()[:, row].unsqueeze(1)
        weight = weight * (near & there.unsqueeze(1) & there.unsqueeze(2))
        scale = weight.sum(-1).clamp(min=1e-6).rsqrt()
        return weight * scale.unsqueeze(-1) * scale.flip(0).unsqueeze(-2)


class SentimentDynamics(nn.Module):
    """The loss of two more tasks: an utterance's sentiment, and whether that of two differs.

    Source: Li et al. 2024, section 3.3 (SDP); blocks of turns as in the authors' code.
    Departs: the sentiment is that of the emotion on every corpus (in MELD the annotators'), and
        an utterance whose emotion has none (surprise, or a name that ``SENTIMENTS`` does not know)
        is left out.
    """

    def __init__(self, emotions: tuple[str, ...], settings: GraphSmileSettings) -> None:
        super().__init__()
        self.settings = settings
        self.numbers = sentiment_numbers(emotions)
        self.sentiment = nn.Linear(settings.width, len(SENTIMENTS))
        self.here = nn.Linear(settings.width, 2)
        self.there = nn.Linear(settings.width, 2, bias=False)

    def forward(self, fused: Float[Tensor, "utterance width"], batch: Batch) -> Float[Tensor, ""]:
        """Returns the weighted sum of both losses over the utterances that have a sentiment."""
        sentiment = sentiments_of(batch.emotion, self.numbers)
        block = blocks_of_turns(batch.dialogue, self.settings.shift_window)
        here, _ = padded(self.here(fused), block)
        there, _ = padded(self.there(fused), block)
        shifted = (here.unsqueeze(2) + there.unsqueeze(1)).flatten(0, 2)
        shift = mean_cross_entropy(shifted, shifts(sentiment, block).flatten())
        own = mean_cross_entropy(self.sentiment(fused), sentiment)
        return self.settings.sentiment * own + self.settings.shift * shift


def blocks_of_turns(dialogue: Int[Tensor, " utterance"], window: int) -> Int[Tensor, " utterance"]:
    """Returns the number of each utterance's block: so many turns of one dialogue, then the next.

    The last block of a dialogue may be shorter.
    """
    lengths = torch.bincount(dialogue)
    place = torch.arange(len(dialogue), device=dialogue.device)
    place = place - (lengths.cumsum(0) - lengths)[dialogue]
    return (place % window == 0).cumsum(0) - 1


def shifts(
    sentiment: Int[Tensor, " utterance"], block: Int[Tensor, " utterance"]
) -> Int[Tensor, "block turn turn"]:
    """Returns 1 where two turns of a block differ in sentiment, 0 where not; -1 = not known."""
    laid_out, _ = padded(sentiment + 1, block)
    one, other = laid_out.unsqueeze(2), laid_out.unsqueeze(1)
    return (one != other).long().masked_fill((one == 0) | (other == 0), -1)


class GraphSmile(nn.Module):
    """GraphSmile: a graph for every two modalities, their mean, and two tasks of sentiment.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Li et al. 2024 (TPAMI), section 3; one layer for all modalities before the mean as in
        the authors' code.
    Departs: text has no batch normalisation, because the features come normalised. Two modalities
        have one graph; a single modality is both sides of its graph. The node of a missing modality
        has zero features and stays in the graph.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: GraphSmileSettings
    ) -> None:
        super().__init__()
        width = settings.width
        self.pairs = list(combinations(dims, 2)) or [(m, m) for m in dims]
        self.enter = nn.ModuleDict({m: nn.Linear(dim, width) for m, dim in dims.items()})
        self.graphs = nn.ModuleList(PairGraph(settings) for _ in self.pairs)
        self.fusion = nn.Linear(width, width)
        self.classifier = nn.Linear(width, len(emotions))
        self.dynamics = SentimentDynamics(emotions, settings)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        nodes, there = {}, None
        for m, enter in self.enter.items():
            rows = self.dropout(functional.leaky_relu(enter(batch.features[m])))
            nodes[m], there = padded(rows, batch.dialogue)
        views = [
            graph(torch.stack([nodes[one], nodes[other]]), there)[:, there]
            for graph, (one, other) in zip(self.graphs, self.pairs, strict=True)
        ]
        fused = functional.leaky_relu(self.fusion(torch.cat(views))).mean(0)
        return Output(
            logits=self.classifier(fused),
            fused=fused,
            auxiliary=self.dynamics(fused, batch) if self.training else None,
        )
