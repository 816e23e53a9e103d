"""Sync-TVA: the whole model, from the features of a batch to the logits of its emotions."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.model.attention import blocks_of
from synctva.model.enhancement import Enhancement
from synctva.model.fusion import (
    Concatenation,
    CrossModalFusion,
    Interaction,
    MeanOfViews,
    OnlyModality,
)
from synctva.model.graph import GraphLayer, Presence, States

PAIRS = {
    "text_audio": ("text", "audio"),
    "text_visual": ("text", "visual"),
    "audio_visual": ("audio", "visual"),
}
"""The graphs, each between two modalities."""


@dataclass(frozen=True)
class Output:
    """What the model says of a batch.

    Attributes:
        logits: Of the emotions, from all modalities together.
        unimodal: Logits from each modality's enhanced states alone.
        fused: The fused vector under the logits.
    """

    logits: Float[Tensor, "utterance emotion"]
    unimodal: Mapping[str, Float[Tensor, "utterance emotion"]]
    fused: Float[Tensor, "utterance width"]


class Projection(nn.Module):
    """Features to hidden states; where the modality is absent, a learned vector stands in.

    Features are standardised with the training split's mean and sd, which are part of the model.
    The speaker enters only as whether this turn has the same speaker as the one before.

    Source: our reconstruction.
    """

    mean: Tensor
    sd: Tensor

    def __init__(self, dim: int, width: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("sd", torch.ones(dim))
        self.project = nn.Linear(dim, width)
        self.norm = nn.LayerNorm(width)
        self.absent = nn.Parameter(torch.randn(width) * 0.02)
        self.speaker = nn.Embedding(2, width)
        nn.init.normal_(self.speaker.weight, std=0.02)
        self.dropout = nn.Dropout(dropout)

    def standardise(
        self, features: Float[Tensor, "utterance dim"], present: Bool[Tensor, " utterance"]
    ) -> None:
        """Takes mean and sd from features of the training split."""
        rows = features[present]
        if len(rows):
            self.mean.copy_(rows.mean(0))
            sd = rows.std(0, unbiased=False)
            self.sd.copy_(torch.where(sd > 1e-6 * (1 + self.mean.abs()), sd, 1.0))

    def forward(
        self,
        features: Float[Tensor, "utterance dim"],
        present: Bool[Tensor, " utterance"],
        same_speaker: Int[Tensor, " utterance"],
    ) -> Float[Tensor, "utterance width"]:
        """Returns the hidden states."""
        standard = ((features - self.mean) / self.sd).clamp(-10, 10)
        state = self.norm(self.project(self.dropout(standard)))
        state = torch.where(present.unsqueeze(1), state, self.absent.to(state.dtype))
        return state + self.speaker(same_speaker)


class SyncTVA(nn.Module):
    """The graph-attention framework for emotion recognition in conversation.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has; at least one.
        width: Hidden width; a multiple of ``heads``.
        heads: Attention heads.
        enhancement_layers: MSDE layers of each modality; 0 = no MSDE.
        graph_layers: Layers of each graph.
        past: How many utterances back a node sees; None = all.
        future: How many ahead; None = all, 0 = causal.
        semantic_k: Semantic edges of a node; 0 = none.
        dropout: Dropout rate inside the layers.
        feature_dropout: Dropout rate of the features.
        gating: MSDE's dynamic gates.
        self_attention: MSDE's self-attention.
        graphs: Which graphs there are; those of absent modalities fall away.
        enforced: Edges between the two nodes of an utterance.
        heterogeneous: Projections per modality inside the graphs.
        interaction: Attention over a modality's views; else their mean.
        fusion: CAF; else concatenation.
        relations: Speakers and distances in every attention.

    Raises:
        InputError: A modality or graph that does not exist, or sizes that do not fit.

    Source: our reconstruction of arXiv 2507.21395, whose equations are not public.
    """

    def __init__(
        self,
        emotions: tuple[str, ...],
        dims: Mapping[str, int],
        *,
        width: int = 128,
        heads: int = 4,
        enhancement_layers: int = 1,
        graph_layers: int = 1,
        past: int | None = None,
        future: int | None = None,
        semantic_k: int = 4,
        dropout: float = 0.3,
        feature_dropout: float = 0.2,
        gating: bool = True,
        self_attention: bool = True,
        graphs: tuple[str, ...] = tuple(PAIRS),
        enforced: bool = True,
        heterogeneous: bool = True,
        interaction: bool = True,
        fusion: bool = True,
        relations: bool = True,
    ) -> None:
        super().__init__()
        _check(dims, width, heads, graphs)
        self.emotions, self.past, self.future = tuple(emotions), past, future
        self.modalities = tuple(m for m in MODALITIES if m in dims)
        self.projection = nn.ModuleDict(
            {m: Projection(dims[m], width, feature_dropout) for m in self.modalities}
        )
        self.enhancement = nn.ModuleDict(
            {
                m: nn.ModuleList(
                    Enhancement(width, heads, dropout, relations, gating, self_attention)
                    for _ in range(enhancement_layers)
                )
                for m in self.modalities
            }
        )
        self.graphs = nn.ModuleDict(
            {
                name: nn.ModuleList(
                    GraphLayer(PAIRS[name], width, heads, dropout, relations, semantic_k,
                               enforced, heterogeneous)
                    for _ in range(graph_layers)
                )
                for name in PAIRS
                if name in graphs and all(m in dims for m in PAIRS[name])
            }
        )  # fmt: skip
        self.interaction = nn.ModuleDict()
        for m in self.modalities:
            views = 1 + sum(m in PAIRS[name] for name in self.graphs)
            self.interaction[m] = (
                Interaction(width, views, heads, dropout)
                if interaction and views > 1
                else MeanOfViews()
            )
        if len(self.modalities) == 1:
            self.fusion: nn.Module = OnlyModality()
        elif fusion:
            self.fusion = CrossModalFusion(self.modalities, width, heads, dropout, relations)
        else:
            self.fusion = Concatenation(self.modalities, width)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, len(self.emotions)),
        )
        self.unimodal = nn.ModuleDict(
            {m: nn.Linear(width, len(self.emotions)) for m in self.modalities}
        )

    def standardise(self, batch: Batch) -> None:
        """Takes the features' mean and sd from the training split."""
        for m, projection in self.projection.items():
            projection.standardise(batch.features[m], batch.present[:, MODALITIES.index(m)])

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        blocks = blocks_of(batch, self.past, self.future)
        present: Presence = {m: batch.present[:, MODALITIES.index(m)] for m in self.modalities}
        same_speaker = _same_speaker_as_before(batch)

        enhanced: States = {}
        for m, projection in self.projection.items():
            state = projection(batch.features[m], present[m], same_speaker)
            for layer in self.enhancement[m]:
                state = layer(state, present[m], blocks)
            enhanced[m] = state

        views = {m: [enhanced[m]] for m in self.modalities}
        for name, layers in self.graphs.items():
            states = {m: enhanced[m] for m in PAIRS[name]}
            for layer in layers:
                states = layer(states, present, blocks)
            for m in PAIRS[name]:
                views[m].append(states[m])

        mixed = {m: self.interaction[m](torch.stack(views[m], dim=1)) for m in self.modalities}
        fused = self.fusion(mixed, present, blocks)
        return Output(
            logits=self.classifier(fused),
            unimodal={m: self.unimodal[m](enhanced[m]) for m in self.modalities},
            fused=fused,
        )


def _same_speaker_as_before(batch: Batch) -> Int[Tensor, " utterance"]:
    same = (batch.speaker[1:] == batch.speaker[:-1]) & (batch.dialogue[1:] == batch.dialogue[:-1])
    return torch.cat([same.new_zeros(1), same]).long()


def _check(dims: Mapping[str, int], width: int, heads: int, graphs: tuple[str, ...]) -> None:
    unknown = [m for m in dims if m not in MODALITIES]
    if unknown or not dims:
        raise InputError(f"modalities {list(dims)}: one or more of {', '.join(MODALITIES)}")
    if width % heads:
        raise InputError(f"width {width} is not a multiple of {heads} heads")
    wrong = [name for name in graphs if name not in PAIRS]
    if wrong:
        raise InputError(f"graph {wrong[0]!r} is none of {', '.join(PAIRS)}")
