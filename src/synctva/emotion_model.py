"""A network with all that must travel with it: what is trained, saved, loaded and evaluated."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Bool, Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.model.architecture import Architecture
from synctva.model.checkpoint import Provenance, one_line, read_checkpoint, save_checkpoint
from synctva.networks import AnySettings, NetworkSettings, build
from synctva.output import Output

CLAMP = 10.0
"""Standardised features are cut at so many sd, so that no single wild number rules."""


class Standardisation(nn.Module):
    """A modality's features by mean and sd of the training split, which are part of the model."""

    mean: Tensor
    sd: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("sd", torch.ones(dim))

    def fit(
        self, features: Float[Tensor, "utterance dim"], present: Bool[Tensor, " utterance"]
    ) -> None:
        """Takes mean and sd from features of the training split."""
        rows = features[present]
        if len(rows):
            self.mean.copy_(rows.mean(0))
            sd = rows.std(0, unbiased=False)
            self.sd.copy_(torch.where(sd > 1e-6 * (1 + self.mean.abs()), sd, 1.0))

    def forward(
        self, features: Float[Tensor, "utterance dim"], present: Bool[Tensor, " utterance"]
    ) -> Float[Tensor, "utterance dim"]:
        """Returns standardised features, zero where the modality is absent."""
        standard = ((features - self.mean) / self.sd).clamp(-CLAMP, CLAMP)
        return standard.masked_fill(~present.unsqueeze(1), 0.0)


class _Arguments(BaseModel):
    """The constructor's arguments as a checkpoint holds them."""

    model_config = ConfigDict(extra="forbid")

    emotions: tuple[str, ...]
    dims: dict[str, int]
    settings: AnySettings


class EmotionModel(nn.Module):
    """A network that knows its emotions, its features' statistics and where it comes from.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has; at least one.
        settings: Which network, its sizes and parts; else Sync-TVA's defaults.

    Raises:
        InputError: No modality, or one that does not exist.
    """

    def __init__(
        self,
        emotions: tuple[str, ...],
        dims: Mapping[str, int],
        settings: NetworkSettings | None = None,
    ) -> None:
        super().__init__()
        if not dims or not set(dims) <= set(MODALITIES):
            raise InputError(f"modalities {list(dims)}: one or more of {', '.join(MODALITIES)}")
        self.emotions = tuple(emotions)
        self.dims = {m: dims[m] for m in MODALITIES if m in dims}
        self.settings = settings or Architecture()
        self.provenance = Provenance()
        self.standardisation = nn.ModuleDict({m: Standardisation(d) for m, d in self.dims.items()})
        self.network = build(self.emotions, self.dims, self.settings)

    @property
    def reach(self) -> tuple[int, int] | None:
        """How many utterances back and ahead the logits of one depend on; None = on all."""
        return cast("tuple[int, int] | None", self.network.reach)

    def standardise(self, batch: Batch) -> None:
        """Takes the features' mean and sd from the training split."""
        for i, m in enumerate(MODALITIES):
            if m in self.dims:
                cast(Standardisation, self.standardisation[m]).fit(
                    batch.features[m], batch.present[:, i]
                )

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        standard: dict[str, Any] = {
            m: self.standardisation[m](batch.features[m], batch.present[:, i])
            for i, m in enumerate(MODALITIES)
            if m in self.dims
        }
        return self.network(replace(batch, **standard))

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model into a folder: weights as safetensors, the rest as JSON."""
        arguments = {
            "emotions": self.emotions,
            "dims": self.dims,
            "settings": asdict(cast(Any, self.settings)),
        }
        save_checkpoint(self, arguments, self.provenance, Path(folder))

    @classmethod
    def from_pretrained(cls, source: str | Path) -> "EmotionModel":
        """Returns the model of a folder or of a repository on the Hugging Face hub, in eval mode.

        Raises:
            InputError: There is no checkpoint, it is damaged, or its weights do not fit.
        """
        arguments, provenance, weights = read_checkpoint(source)
        try:
            known = _Arguments.model_validate(arguments)
            with torch.device("meta"):  # nothing is allocated before the shapes are known to fit
                model = cls(known.emotions, known.dims, known.settings)
            model.load_state_dict(weights, assign=True)
        except (ValueError, TypeError, RuntimeError) as error:
            raise InputError(
                f"{source}: weights and configuration do not make a model ({one_line(error)});"
                " get the checkpoint again, or train a new one"
            ) from error
        model.provenance = provenance
        return model.eval()
