"""The choices that make one Sync-TVA differ from another: sizes and, for ablations, its parts."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, cast

from synctva.errors import InputError

PAIRS = {
    "text_audio": ("text", "audio"),
    "text_visual": ("text", "visual"),
    "audio_visual": ("audio", "visual"),
}
"""The graphs, each between two modalities."""

Graph = Literal["text_audio", "text_visual", "audio_visual"]
Reach = int | Literal["all"]


@dataclass(frozen=True)
class Sizes:
    """The few numbers that every layer with attention is made by.

    Attributes:
        width: Hidden width.
        heads: Attention heads; each sees ``width / heads`` numbers.
        dropout: Dropout rate of what a layer adds.
        node_dropout: Rate at which a node sends nothing, in training.
        relations: Speakers and distances have a bias; else every visible key is alike.
    """

    width: int
    heads: int
    dropout: float
    node_dropout: float = 0.0
    relations: bool = True


MOST_LAYERS = 64
"""Far beyond any use: a checkpoint with more is damaged, and would take hours to build."""


@dataclass(frozen=True)
class Architecture:
    """The sizes of a model, and which submodules exist in it.

    Attributes:
        width: Hidden width; a multiple of ``heads``.
        heads: Attention heads.
        enhancement_layers: MSDE layers of each modality; 0 = no MSDE.
        graph_layers: Layers of each graph; 0 = no graphs.
        context_layers: Layers of attention over the fused vectors; 0 = none. With one modality,
            where nothing is fused, there are none.
        past: How many utterances back a node sees.
        future: How many ahead; 0 = causal.
        semantic_k: Semantic edges of a node; 0 = none.
        dropout: Dropout rate inside the layers.
        feature_dropout: Dropout rate of the features.
        node_dropout: Rate at which a node sends nothing in a layer, in training.
        future_dropout: Rate at which a batch is seen without any future, in training, so that the
            same weights serve with ``future`` and with 0 in its place.
        nonlinear_projection: ReLU and dropout after the projection of the features; else linear.
        gating: MSDE's dynamic gates.
        self_attention: MSDE's self-attention.
        graphs: Which graphs there are; those of modalities that the corpus lacks fall away.
        enforced: Edges between the two nodes of an utterance.
        heterogeneous: Projections of their own for the modalities of a graph.
        interaction: Attention over a modality's views; else their mean.
        fusion: CAF; else concatenation.
        relations: Speakers and distances in every attention.
        network: Its name in recipes.

    Raises:
        InputError: Sizes that do not fit together, or out of range.
    """

    width: int = 128
    heads: int = 4
    enhancement_layers: int = 1
    graph_layers: int = 1
    context_layers: int = 1
    past: Reach = 10
    future: Reach = 10
    semantic_k: int = 4
    dropout: float = 0.4
    feature_dropout: float = 0.3
    node_dropout: float = 0.2
    future_dropout: float = 0.0
    nonlinear_projection: bool = True
    gating: bool = True
    self_attention: bool = True
    graphs: tuple[Graph, ...] = ("text_audio", "text_visual", "audio_visual")
    enforced: bool = True
    heterogeneous: bool = True
    interaction: bool = True
    fusion: bool = True
    relations: bool = True
    network: Literal["sync-tva"] = "sync-tva"

    def __post_init__(self) -> None:
        if self.width < 1 or self.heads < 1 or self.width % self.heads:
            raise InputError(f"model.width {self.width}: not a multiple of {self.heads} heads")
        for name in (
            "enhancement_layers",
            "graph_layers",
            "context_layers",
            "past",
            "future",
            "semantic_k",
        ):
            value = getattr(self, name)
            if value != "all" and value < 0:
                raise InputError(f"model.{name} {value}: must be 0 or more")
        for name in ("enhancement_layers", "graph_layers", "context_layers"):
            if getattr(self, name) > MOST_LAYERS:
                raise InputError(
                    f"model.{name} {getattr(self, name)}: must be {MOST_LAYERS} or fewer"
                )
        for name in ("dropout", "feature_dropout", "node_dropout", "future_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"model.{name} {getattr(self, name)}: must be in [0, 1)")

    @property
    def sizes(self) -> Sizes:
        """What its layers are made by."""
        return Sizes(self.width, self.heads, self.dropout, self.node_dropout, self.relations)

    def within(self, modalities: Collection[str]) -> "Architecture":
        """Returns what is left of it in a model of these modalities: what cannot be there is off.

        Two architectures that are equal within the modalities make the same model of them.
        """
        there = [name for name, pair in PAIRS.items() if set(pair) <= set(modalities)]
        graphs = tuple(cast(Graph, name) for name in there if name in self.graphs)
        several = len(modalities) > 1
        own = self
        if not self.enhancement_layers:
            own = replace(own, gating=False, self_attention=False)
        if self.future == 0:
            own = replace(own, future_dropout=0.0)
        if not graphs or not self.graph_layers:
            left = replace(
                own, graphs=(), graph_layers=0, semantic_k=0,
                enforced=False, heterogeneous=False, interaction=False,
            )  # fmt: skip
        else:
            left = replace(own, graphs=graphs)
        return left if several else replace(left, fusion=False, context_layers=0)
