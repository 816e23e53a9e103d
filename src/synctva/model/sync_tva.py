"""Sync-TVA: the whole model, from the features of a batch to the logits of its emotions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.model.architecture import PAIRS, Architecture
from synctva.model.attention import blocks_of
from synctva.model.checkpoint import Provenance, one_line, read_checkpoint, save_checkpoint
from synctva.model.enhancement import Enhancement
from synctva.model.fusion import (
    Concatenation,
    CrossModalFusion,
    Interaction,
    MeanOfViews,
    OnlyModality,
)
from synctva.model.graph import GraphLayer, Presence, States


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


class _Arguments(BaseModel):
    """The constructor's arguments as a checkpoint holds them."""

    model_config = ConfigDict(extra="forbid")

    emotions: tuple[str, ...]
    dims: dict[str, int]
    architecture: Architecture


class SyncTVA(nn.Module):
    """The graph-attention framework for emotion recognition in conversation.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has; at least one.
        architecture: Sizes, and which submodules there are.

    Raises:
        InputError: No modality, or one that does not exist.

    Source: our reconstruction of arXiv 2507.21395, whose equations are not public.
    """

    def __init__(
        self,
        emotions: tuple[str, ...],
        dims: Mapping[str, int],
        architecture: Architecture | None = None,
    ) -> None:
        super().__init__()
        if not dims or not set(dims) <= set(MODALITIES):
            raise InputError(f"modalities {list(dims)}: one or more of {', '.join(MODALITIES)}")
        self.architecture = architecture = architecture or Architecture()
        self.emotions = tuple(emotions)
        self.provenance = Provenance()
        self.dims = {m: dims[m] for m in MODALITIES if m in dims}
        width = architecture.width
        self.projection = nn.ModuleDict(
            {
                m: Projection(dim, width, architecture.feature_dropout)
                for m, dim in self.dims.items()
            }
        )
        self.enhancement = nn.ModuleDict({m: _enhancement(architecture) for m in self.dims})
        self.graphs = nn.ModuleDict(
            {
                name: nn.ModuleList(
                    GraphLayer(pair, architecture) for _ in range(architecture.graph_layers)
                )
                for name, pair in PAIRS.items()
                if name in architecture.graphs
                and architecture.graph_layers
                and all(m in dims for m in pair)
            }
        )
        self.interaction = nn.ModuleDict({m: self._interaction(m) for m in self.dims})
        self.fusion = self._fusion()
        self.classifier = nn.Sequential(
            nn.Dropout(architecture.dropout),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Dropout(architecture.dropout),
            nn.Linear(width, len(self.emotions)),
        )
        self.unimodal = nn.ModuleDict({m: nn.Linear(width, len(self.emotions)) for m in self.dims})

    def _interaction(self, modality: str) -> nn.Module:
        views = 1 + sum(modality in PAIRS[name] for name in self.graphs)
        if views == 1 or not self.architecture.interaction:
            return MeanOfViews()
        return Interaction(views, self.architecture)

    def _fusion(self) -> nn.Module:
        if len(self.dims) == 1:
            return OnlyModality()
        if not self.architecture.fusion:
            return Concatenation(tuple(self.dims), self.architecture.width)
        return CrossModalFusion(tuple(self.dims), self.architecture)

    @property
    def reach(self) -> tuple[int, int] | None:
        """How many utterances back and ahead the logits of one depend on; None = on all."""
        past, future = self.architecture.past, self.architecture.future
        if past == "all" or future == "all":
            return None
        stages = self.architecture.enhancement_layers + self.architecture.graph_layers + 1
        return past * stages + 1, future * stages

    def standardise(self, batch: Batch) -> None:
        """Takes the features' mean and sd from the training split."""
        for m, projection in self.projection.items():
            cast(Projection, projection).standardise(
                batch.features[m], batch.present[:, MODALITIES.index(m)]
            )

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        blocks = blocks_of(batch, self.architecture.past, self.architecture.future)
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
        return Output(
            logits=self.classifier(fused),
            unimodal={m: self.unimodal[m](enhanced[m]) for m in self.dims},
            fused=fused,
        )

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model into a folder: weights as safetensors, the rest as JSON."""
        arguments = {
            "emotions": self.emotions,
            "dims": self.dims,
            "architecture": asdict(self.architecture),
        }
        save_checkpoint(self, arguments, self.provenance, Path(folder))

    @classmethod
    def from_pretrained(cls, source: str | Path) -> "SyncTVA":
        """Returns the model of a folder or of a repository on the Hugging Face hub, in eval mode.

        Raises:
            InputError: There is no checkpoint, it is damaged, or its weights do not fit.
        """
        arguments, provenance, weights = read_checkpoint(source)
        try:
            known = _Arguments.model_validate(arguments)
            with torch.device("meta"):  # nothing is allocated before the shapes are known to fit
                model = cls(known.emotions, known.dims, known.architecture)
            model.load_state_dict(weights, assign=True)
        except (ValueError, TypeError, RuntimeError) as error:
            raise InputError(
                f"{source}: weights and configuration do not make a model ({one_line(error)});"
                " get the checkpoint again, or train a new one"
            ) from error
        model.provenance = provenance
        return model.eval()


def _same_speaker_as_before(batch: Batch) -> Int[Tensor, " utterance"]:
    same = (batch.speaker[1:] == batch.speaker[:-1]) & (batch.dialogue[1:] == batch.dialogue[:-1])
    return torch.cat([same.new_zeros(1), same]).long()


def _enhancement(architecture: Architecture) -> nn.ModuleList:
    return nn.ModuleList(Enhancement(architecture) for _ in range(architecture.enhancement_layers))
