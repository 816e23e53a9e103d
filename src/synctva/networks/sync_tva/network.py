"""Sync-TVA: the whole network, from normalised features to the logits of the emotions."""

from collections.abc import Mapping
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.networks.sync_tva.architecture import PAIRS, Architecture, Reach
from synctva.networks.sync_tva.attention import Blocks, blocks_of
from synctva.networks.sync_tva.enhancement import Enhancement
from synctva.networks.sync_tva.fusion import (
    ConcatenationFusion,
    CrossModalFusion,
    Interaction,
    MeanOfViews,
    OnlyModality,
)
from synctva.networks.sync_tva.graph import GraphLayer, Presence, States
from synctva.output import Output


class Projection(nn.Module):
    """Normalised features to hidden states; a learned vector where the modality is absent.

    Dropout before and after the ReLU: else most of a small corpus would be memorised here.

    The speaker enters only as whether this turn has the same speaker as the one before.

        h = LayerNorm(dropout(ReLU(W dropout(x)))) + same speaker

    Args:
        dim: Width of the features.
        width: Of the hidden states.
        feature_dropout: Dropout rate of the features.
        nonlinear: Dropout rate after a ReLU; None = the projection is linear.

    Source: our reconstruction.
    """

    def __init__(
        self, dim: int, width: int, *, feature_dropout: float, nonlinear: float | None
    ) -> None:
        super().__init__()
        self.project = nn.Linear(dim, width)
        self.activation = nn.Identity()
        if nonlinear is not None:
            self.activation = nn.Sequential(nn.ReLU(), nn.Dropout(nonlinear))
        self.norm = nn.LayerNorm(width)
        self.absent = nn.Parameter(nn.init.normal_(torch.empty(width), std=0.02))
        self.speaker = nn.Embedding(2, width)
        nn.init.normal_(self.speaker.weight, std=0.02)
        self.dropout = nn.Dropout(feature_dropout)

    def forward(
        self,
        features: Float[Tensor, "utterance dim"],
        present: Bool[Tensor, " utterance"],
        same_speaker: Int[Tensor, " utterance"],
    ) -> Float[Tensor, "utterance width"]:
        """Returns the hidden states."""
        state = self.norm(self.activation(self.project(self.dropout(features))))
        state = torch.where(present.unsqueeze(1), state, self.absent.to(state.dtype))
        return state + self.speaker(same_speaker)


class SyncTVA(nn.Module):
    """The graph-attention framework for emotion recognition in conversation.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has; at least one.
        architecture: Sizes, and which submodules there are.

    Source: our reconstruction of arXiv 2507.21395, whose equations are not public.
    """

    def __init__(
        self,
        emotions: tuple[str, ...],
        dims: Mapping[str, int],
        architecture: Architecture,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.dims = dict(dims)
        width = architecture.width
        self.projection = nn.ModuleDict(
            {m: _projection(dim, architecture) for m, dim in self.dims.items()}
        )
        self.enhancement = nn.ModuleDict({m: _enhancement(architecture) for m in self.dims})
        left, sizes = architecture.within(dims), architecture.sizes
        self.graphs = nn.ModuleDict(
            {
                name: nn.ModuleList(_graph(PAIRS[name], left) for _ in range(left.graph_layers))
                for name in left.graphs
            }
        )
        self.interaction = nn.ModuleDict({m: self._interaction(m) for m in self.dims})
        self.fusion = self._fusion()
        self.context = nn.ModuleList(Enhancement(sizes) for _ in range(left.context_layers))
        self.classifier = nn.Sequential(
            nn.Dropout(architecture.dropout),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Dropout(architecture.dropout),
            nn.Linear(width, len(emotions)),
        )
        self.unimodal = nn.ModuleDict({m: nn.Linear(width, len(emotions)) for m in self.dims})

    def _interaction(self, modality: str) -> nn.Module:
        views = 1 + sum(modality in PAIRS[name] for name in self.graphs)
        if views == 1 or not self.architecture.interaction:
            return MeanOfViews()
        return Interaction(views, self.architecture.sizes)

    def _fusion(self) -> nn.Module:
        if len(self.dims) == 1:
            return OnlyModality()
        if not self.architecture.fusion:
            return ConcatenationFusion(tuple(self.dims), self.architecture.width)
        return CrossModalFusion(tuple(self.dims), self.architecture.sizes)

    @property
    def reach(self) -> tuple[int, int] | None:
        """How many utterances back and ahead the logits of one depend on; None = on all."""
        past, future = self.architecture.past, self.architecture.future
        if past == "all" or future == "all":
            return None
        sizes = self.architecture
        stages = sizes.enhancement_layers + sizes.graph_layers + len(self.context) + 1
        return past * stages + 1, future * stages

    def _future(self) -> Reach:
        """Returns how many utterances ahead this batch is seen."""
        rate = self.architecture.future_dropout
        hidden = self.training and rate > 0 and bool(torch.rand(()) < rate)
        return 0 if hidden else self.architecture.future

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        return self.over(batch, blocks_of(batch, self.architecture.past, self._future()))

    def over(self, batch: Batch, blocks: Blocks) -> Output:
        """Returns the logits of a batch of whole dialogues, laid out in blocks."""
        present: Presence = {m: batch.present[:, MODALITIES.index(m)] for m in self.dims}
        same_speaker = _same_speaker_as_before(batch)

        enhanced: States = {}
        for m, projection in self.projection.items():
            state = projection(batch.features[m], present[m], same_speaker)
            for layer in cast(nn.ModuleList, self.enhancement[m]):
                state = layer(state, present[m], blocks)
            enhanced[m] = state

        views = {m: [enhanced[m]] for m in self.dims}
        for name, layers in self.graphs.items():
            states = {m: enhanced[m] for m in PAIRS[name]}
            for layer in cast(nn.ModuleList, layers):
                states = layer(states, present, blocks)
            for m in PAIRS[name]:
                views[m].append(states[m])

        mixed = {m: self.interaction[m](torch.stack(views[m], dim=1)) for m in self.dims}
        fused = self.fusion(mixed, present, blocks)
        is_sensed = torch.stack(list(present.values())).any(0)
        for layer in self.context:
            fused = layer(fused, is_sensed, blocks)
        return Output(
            logits=self.classifier(fused),
            fused=fused,
            unimodal={m: self.unimodal[m](enhanced[m]) for m in self.dims},
        )


def _same_speaker_as_before(batch: Batch) -> Int[Tensor, " utterance"]:
    same = (batch.speaker[1:] == batch.speaker[:-1]) & (batch.dialogue[1:] == batch.dialogue[:-1])
    return torch.cat([same.new_zeros(1), same]).long()


def _projection(dim: int, architecture: Architecture) -> Projection:
    return Projection(
        dim,
        architecture.width,
        feature_dropout=architecture.feature_dropout,
        nonlinear=architecture.dropout if architecture.nonlinear_projection else None,
    )


def _graph(pair: tuple[str, str], architecture: Architecture) -> GraphLayer:
    return GraphLayer(
        pair,
        architecture.sizes,
        semantic_k=architecture.semantic_k,
        enforced=architecture.enforced,
        heterogeneous=architecture.heterogeneous,
    )


def _enhancement(architecture: Architecture) -> nn.ModuleList:
    gating, self_attention = architecture.gating, architecture.self_attention
    return nn.ModuleList(
        Enhancement(architecture.sizes, gating=gating, self_attention=self_attention)
        for _ in range(architecture.enhancement_layers)
    )
