"""Cross-modal context fusion, then an adaptive graph of who speaks to whom.

We could read the paper's abstract and index terms (co-attention transformer, graph convolution,
multi-task learning), but not its equations or sizes. The parts and their order are the paper's; how
each is made is our reconstruction, after the works cited at each part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.errors import InputError
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
class ContextFusionAgcnSettings:
    """Sizes of the network; ours, as we could read no published ones.

    Attributes:
        width: Width of everything after the features; a multiple of ``heads``.
        heads: Attention heads of alignment and context.
        layers: Layers of the graph.
        past: How many utterances back an edge reaches.
        future: How many ahead.
        sentiment: Weight of the loss of the second task.
        dropout: Rate in every part.
        network: Its name in recipes.

    Raises:
        InputError: A width that the heads cannot share.
    """

    width: Count = 128
    heads: Count = 4
    layers: Count = 2
    past: Reach = 10
    future: Reach = 10
    sentiment: Weight = 0.5
    dropout: Rate = 0.4
    network: Literal["context-fusion-agcn"] = "context-fusion-agcn"

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise InputError(f"model.width {self.width}: not a multiple of {self.heads} heads")


class AttentionBlock(nn.Module):
    """A transformer's block whose queries and keys may come from different modalities.

    Source: Lu et al. 2019 (ViLBERT), section 3.1, the co-attentional transformer layer.
    Departs: where no key is visible, nothing is added.
    """

    def __init__(self, settings: ContextFusionAgcnSettings) -> None:
        super().__init__()
        width = settings.width
        self.heads = settings.heads
        self.query = nn.Linear(width, width)
        self.pair = nn.Linear(width, 2 * width)
        self.leave = nn.Linear(width, width)
        self.forth = nn.Linear(width, 2 * width)
        self.back = nn.Linear(2 * width, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self,
        states: Float[Tensor, "dialogue turn width"],
        others: Float[Tensor, "dialogue turn width"],
        visible: Bool[Tensor, "dialogue turn"],
    ) -> Float[Tensor, "dialogue turn width"]:
        """Returns the states with what they asked of the other's visible turns."""
        query = self.query(states).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        pair = self.pair(others).unflatten(-1, (2, self.heads, -1)).transpose(1, 3)
        key, value = pair.unbind(2)
        hidden = torch.finfo(query.dtype).min * (~visible).to(query.dtype)[:, None, None]
        heard = functional.scaled_dot_product_attention(query, key, value, hidden)
        heard = self.leave(heard.transpose(1, 2).flatten(2)) * visible.any(1)[:, None, None]
        states = self.norms[0](states + self.dropout(heard))
        inner = self.back(self.dropout(self.forth(states).relu()))
        return self.norms[1](states + self.dropout(inner))


class AdaptiveConvolution(nn.Module):
    """Messages by relation, along edges that are partly given and partly learned.

    A relation is whether the neighbour is the same speaker and whether it comes before or after.
    Given: all neighbours of a relation alike. Learned: a softmax of their likeness to the node. How
    much of each is learned too, by relation. A separate matrix keeps what the node says itself.

    Source: Feng & Fan 2025, abstract (a directed graph of dependencies between speakers and of
        speakers on themselves); Shi et al. 2019, section 4.1, equation 3, adaptive graphs A + C.
    Departs: our reconstruction; no free matrix B, which needs a fixed number of nodes.
    """

    RELATIONS = 4

    def __init__(self, settings: ContextFusionAgcnSettings) -> None:
        super().__init__()
        width = settings.width
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.learned = nn.Parameter(torch.zeros(self.RELATIONS))
        self.tell = nn.Linear(width, self.RELATIONS * width, bias=False)
        self.itself = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self,
        nodes: Float[Tensor, "dialogue turn width"],
        relations: Bool[Tensor, "dialogue relation turn turn"],
    ) -> Float[Tensor, "dialogue turn width"]:
        """Returns the nodes with what their neighbours tell them."""
        told = self.tell(nodes).unflatten(-1, (self.RELATIONS, -1)).transpose(1, 2)
        heard = (self.edges(nodes, relations).to(told.dtype) @ told).sum(1)
        return self.norm(nodes + self.dropout((self.itself(nodes) + heard).relu()))

    def edges(
        self,
        nodes: Float[Tensor, "dialogue turn width"],
        relations: Bool[Tensor, "dialogue relation turn turn"],
    ) -> Float[Tensor, "dialogue relation turn turn"]:
        """Returns the weights of the edges to the first turn; those of a relation sum to 1."""
        given = relations / relations.sum(-1, keepdim=True).clamp(min=1)
        likeness = self.query(nodes) @ self.key(nodes).mT / nodes.shape[-1] ** 0.5
        likeness = likeness.float().unsqueeze(1).masked_fill(~relations, -1e9)
        learned = likeness.softmax(-1) * relations
        return given.lerp(learned, self.learned.sigmoid()[:, None, None])


def relations_of(
    speaker: Int[Tensor, "dialogue turn"],
    there: Bool[Tensor, "dialogue turn"],
    past: int,
    future: int,
) -> Bool[Tensor, "dialogue 4 turn turn"]:
    """Returns where the second turn is the first's neighbour, by relation.

    In this order: the same speaker before, after; another speaker before, after.
    """
    place = torch.arange(there.shape[1], device=there.device)
    ahead = place.unsqueeze(0) - place.unsqueeze(1)
    before, after = (ahead < 0) & (ahead >= -past), (ahead > 0) & (ahead <= future)
    direction = torch.stack([before, after])
    same = speaker.unsqueeze(1) == speaker.unsqueeze(2)
    speakers = torch.stack([same, ~same], dim=1)
    both = (there.unsqueeze(1) & there.unsqueeze(2))[:, None, None]
    return (speakers.unsqueeze(2) & direction & both).flatten(1, 2)


class ContextFusionAgcn(nn.Module):
    """Alignment of the modalities, their fusion in context, an adaptive graph, and two tasks.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Feng & Fan 2025 (arXiv 2501.15063), abstract and index terms.
    Departs: all sizes, and how each part is made, are our reconstruction: co-attention of every
        modality with every other aligns them; side by side through one layer and a block of
        self-attention over the dialogue they are fused; then the graph. The second of the tasks is
        taken to be the sentiment. An absent modality is never a key. One modality has nothing to
        be aligned with.
    """

    reach = None

    def __init__(
        self,
        emotions: tuple[str, ...],
        dims: Mapping[str, int],
        settings: ContextFusionAgcnSettings,
    ) -> None:
        super().__init__()
        width = settings.width
        self.settings, self.modalities = settings, tuple(dims)
        self.sentiments = sentiment_numbers(emotions)
        self.enter = nn.ModuleDict({m: nn.Linear(dim, width) for m, dim in dims.items()})
        self.alignment = nn.ModuleDict(
            {f"{m}_{o}": AttentionBlock(settings) for m in dims for o in dims if m != o}
        )
        self.together = nn.Linear(width * len(dims) * max(1, len(dims) - 1), width)
        self.context = AttentionBlock(settings)
        self.graph = nn.ModuleList(AdaptiveConvolution(settings) for _ in range(settings.layers))
        self.hidden = nn.Linear(2 * width, width)
        self.classifier = nn.Linear(width, len(emotions))
        self.second = nn.Linear(width, len(SENTIMENTS))
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        present, there = padded(batch.present, batch.dialogue)
        speaker, _ = padded(batch.speaker, batch.dialogue)
        states = {
            m: padded(self.dropout(enter(batch.features[m])), batch.dialogue)[0]
            for m, enter in self.enter.items()
        }
        aligned = self.aligned(states, present)
        fused = self.together(torch.cat(aligned, dim=-1)).relu()
        context = self.context(fused, fused, there)
        relations = relations_of(speaker, there, self.settings.past, self.settings.future)
        nodes = context
        for layer in self.graph:
            nodes = layer(nodes, relations)
        both = torch.cat([context, nodes], dim=-1)[there]
        vector = self.hidden(self.dropout(both)).relu()
        return Output(
            logits=self.classifier(self.dropout(vector)),
            fused=vector,
            auxiliary=self.second_task(vector, batch) if self.training else None,
        )

    def aligned(
        self,
        states: dict[str, Float[Tensor, "dialogue turn width"]],
        present: Bool[Tensor, "dialogue turn 3"],
    ) -> list[Float[Tensor, "dialogue turn width"]]:
        """Returns every modality as it is after asking each other one."""
        if len(states) == 1:
            return list(states.values())
        return [
            self.alignment[f"{m}_{o}"](states[m], states[o], present[:, :, MODALITIES.index(o)])
            for m in states
            for o in states
            if m != o
        ]

    def second_task(
        self, vector: Float[Tensor, "utterance width"], batch: Batch
    ) -> Float[Tensor, ""]:
        """Returns the weighted loss of the sentiment."""
        sentiment = sentiments_of(batch.emotion, self.sentiments)
        logits = self.second(self.dropout(vector))
        return self.settings.sentiment * mean_cross_entropy(logits, sentiment)
