"""A network with all that must travel with it: what is trained, saved, loaded and evaluated."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Bool, Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.encoders.encoder import Encoder, load_encoders
from synctva.encoders.settings import EncoderSettings
from synctva.errors import InputError
from synctva.features.extractors.hub import named_in
from synctva.model.checkpoint import Provenance, one_line, read_checkpoint, save_checkpoint
from synctva.model.familiarity import Familiarity, modalities_of, names_of
from synctva.networks.registry import AnySettings, NetworkSettings, build
from synctva.networks.sync_tva.architecture import Architecture
from synctva.output import Output
from synctva.tensors import shapes_only

CLAMP = 10.0
"""Normalised features are cut at this many sd, so that no single wild number rules."""


class Normalisation(nn.Module):
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
            self.take(rows.mean(0), rows.std(0, unbiased=False))

    def take(self, mean: Float[Tensor, " dim"], sd: Float[Tensor, " dim"]) -> None:
        """Takes mean and sd that are known; what does not vary is only centred."""
        self.mean.copy_(mean)
        self.sd.copy_(torch.where(sd > 1e-6 * (1 + mean.abs()), sd, 1.0))

    def forward(
        self, features: Float[Tensor, "utterance dim"], present: Bool[Tensor, " utterance"]
    ) -> Float[Tensor, "utterance dim"]:
        """Returns normalised features, zero where the modality is absent."""
        standard = ((features - self.mean) / self.sd).clamp(-CLAMP, CLAMP)
        return standard.masked_fill(~present.unsqueeze(1), 0.0)


class _Arguments(BaseModel):
    """The constructor's arguments as a checkpoint holds them."""

    model_config = ConfigDict(extra="forbid")

    emotions: tuple[str, ...]
    dims: dict[str, int]
    settings: AnySettings
    encoders: dict[str, EncoderSettings] = {}
    base: dict[str, str] = {}
    familiar: tuple[str, ...] = ()


class EmotionModel(nn.Module):
    """A network that knows its emotions, its features' statistics and where it comes from.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has; at least one.
        settings: Which network, its sizes and parts; else Sync-TVA's defaults.
        encoders: Encoders that are fine-tuned jointly, by modality: what the corpus has of it are
            the encoder's inputs (tokens, crops, sound), of which it makes the features.

    Raises:
        InputError: No modality, or one that does not exist or that the corpus lacks.
    """

    def __init__(
        self,
        emotions: tuple[str, ...],
        dims: Mapping[str, int],
        settings: NetworkSettings | None = None,
        encoders: Mapping[str, Encoder] | None = None,
    ) -> None:
        super().__init__()
        if not dims or not set(dims) <= set(MODALITIES):
            raise InputError(f"modalities {list(dims)}: one or more of {', '.join(MODALITIES)}")
        self.emotions = tuple(emotions)
        self.dims = {m: dims[m] for m in MODALITIES if m in dims}
        self.settings = settings or Architecture()
        self.provenance = Provenance()
        self.encoders = nn.ModuleDict(dict(encoders or {}))
        if not set(self.encoders) <= set(self.dims):
            raise InputError(f"encoders of {list(self.encoders)}: the corpus has {list(self.dims)}")
        widths = {m: self._encoder(m).dim if m in self.encoders else d for m, d in dims.items()}
        self.normalisation = nn.ModuleDict({m: Normalisation(d) for m, d in widths.items()})
        self.familiarity = nn.ModuleDict()
        self.network = build(self.emotions, widths, self.settings)

    def become_familiar(self, modalities: Iterable[str]) -> None:
        """Adds what distinguishes familiar inputs of these modalities from others, to be fitted."""
        for m in modalities:
            width = len(cast(Normalisation, self.normalisation[m]).mean)
            self.familiarity[m] = Familiarity(width)

    @property
    def reach(self) -> tuple[int, int] | None:
        """How many utterances back and ahead the logits of one depend on; None = on all."""
        return cast("tuple[int, int] | None", self.network.reach)

    def normalise(self, batch: Batch) -> None:
        """Takes the features' mean and sd from the training split."""
        for i, m in enumerate(MODALITIES):
            if m not in self.dims:
                continue
            rows, present = batch.features[m], batch.present[:, i]
            if m in self.encoders:
                rows = self._encoder(m).sample(rows, present)
                present = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
            cast(Normalisation, self.normalisation[m]).fit(rows, present)

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        return self.network(replace(batch, **self.normalised(batch)))

    def normalised(self, batch: Batch) -> dict[str, Any]:
        """Returns a batch's features by modality as the network reads them."""
        found: dict[str, Any] = {}
        for i, m in enumerate(MODALITIES):
            if m in self.dims:
                rows, present = batch.features[m], batch.present[:, i]
                features = self.encoders[m](rows, present) if m in self.encoders else rows
                found[m] = self.normalisation[m](features, present)
        return found

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Returns what an optimiser trains: the network's weights, and each encoder's.

        Args:
            learning_rate: The network's; an encoder has its own.
        """
        network = {"params": list(self.network.parameters()), "lr": learning_rate}
        encoders = [self._encoder(m) for m in self.encoders]
        return [network] + [
            {
                "params": [p for n, p in one.named_parameters() if n in one.trained],
                "lr": one.settings.learning_rate,
            }
            for one in encoders
            if one.trained
        ]

    def trained_state(self) -> dict[str, Tensor]:
        """Returns all weights and statistics but the pretrained ones that stay as they are."""
        left_out = self._pretrained()
        return {n: w for n, w in self.state_dict().items() if n not in left_out}

    def load_trained_state(self, weights: Mapping[str, Tensor], *, assign: bool = False) -> None:
        """Takes what ``trained_state`` returned.

        Args:
            weights: All of it.
            assign: Take the tensors themselves, as for a model on the meta device.

        Raises:
            RuntimeError: Something is missing, unknown, or of another shape.
        """
        own = {name: w for name, w in weights.items() if not name.startswith("encoders.")}
        encoders = {name: w for name, w in weights.items() if name not in own}
        found = self.load_state_dict(own, strict=False, assign=assign)
        self.load_state_dict(encoders, strict=False)  # their weights are there, as laid out
        lacking = sorted(set(found.missing_keys) - self._pretrained() - set(encoders))
        unknown = [*found.unexpected_keys, *(set(encoders) - set(self.state_dict()))]
        if lacking or unknown:
            raise RuntimeError(f"missing {lacking[:3]}, unknown {unknown[:3]}")

    def _pretrained(self) -> set[str]:
        """Returns the names of the weights that no training of this model changes."""
        return {
            f"encoders.{m}.{name}"
            for m in self.encoders
            for name in self.encoders[m].state_dict()
            if name not in self._encoder(m).trained
        }

    def _encoder(self, modality: str) -> Encoder:
        return cast(Encoder, self.encoders[modality])

    def check_features(
        self, dims: Mapping[str, int], fingerprints: Mapping[str, str], place: str, remedy: str
    ) -> None:
        """Checks that features fit the model: their widths, and where known their extractors.

        Args:
            dims: Width of each modality's features; one that is not there is not checked.
            fingerprints: Of the same.
            place: Where they lie, for the error.
            remedy: What to do, for the error.

        Raises:
            InputError: They do not fit.
        """
        self.provenance.check(fingerprints, place, remedy)
        for m, dim in self.dims.items():
            if dims.get(m, dim) != dim:
                raise InputError(
                    f"{place}: its {m} features are {dims[m]} wide, the model reads {dim}; {remedy}"
                )

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model into a folder: weights as safetensors, the rest as JSON."""
        arguments = {
            "emotions": self.emotions,
            "dims": self.dims,
            "settings": asdict(cast(Any, self.settings)),
        }
        if self.encoders:
            own = {m: self._encoder(m) for m in self.encoders}
            arguments["encoders"] = {m: asdict(one.settings) for m, one in own.items()}
            arguments["base"] = {m: one.weights for m, one in own.items()}
        if self.familiarity:
            arguments["familiar"] = names_of(self.familiarity, self.provenance.is_by_speaker)
        save_checkpoint(self.trained_state(), arguments, self.provenance, Path(folder))

    @classmethod
    def from_pretrained(cls, source: str | Path, *, downloads: bool = False) -> "EmotionModel":
        """Returns the model of a folder or of a repository on the Hugging Face hub, in eval mode.

        Args:
            source: The folder, or the repository's id.
            downloads: Whether to fetch the encoders that it needs from the hub and this machine
                lacks.

        Raises:
            InputError: There is no checkpoint, it is damaged or of another version, or its weights
                do not fit.
        """
        arguments, provenance, weights = read_checkpoint(source)
        with _making_a_model(source):
            known = _Arguments.model_validate(arguments)
        _check_all_is_said(known.settings, arguments["settings"], source)
        familiar = modalities_of(known.familiar, provenance.is_by_speaker, str(source))
        with named_in(str(source), downloads=downloads):
            encoders = load_encoders(known.encoders)
        _check_base(encoders, known.base, str(source))
        with _making_a_model(source):
            with shapes_only():  # nothing is allocated before the shapes are known to fit
                model = cls(known.emotions, known.dims, known.settings, encoders)
                model.become_familiar(familiar)
            model.load_trained_state(weights, assign=True)
        model.provenance = provenance
        return model.eval()


@contextmanager
def _making_a_model(source: str | Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"{source}: weights and configuration do not make a model ({one_line(error)});"
            " get the checkpoint again, or train a new one"
        ) from error


def _check_all_is_said(
    settings: NetworkSettings, said: Mapping[str, Any], source: str | Path
) -> None:
    """Checks that a checkpoint says all of its settings: a default may be newer than it is."""
    silent = [field.name for field in fields(cast(Any, settings)) if field.name not in said]
    if silent:
        raise InputError(
            f"{source}: its configuration does not say {', '.join(silent)}; another version of"
            " synctva saved it: load it with that one, or train a new model"
        )


def _check_base(encoders: Mapping[str, Encoder], base: Mapping[str, str], place: str) -> None:
    for modality, encoder in encoders.items():
        if encoder.weights != base.get(modality):
            raise InputError(
                f"{place}: its {modality} encoder was trained on weights that begin with"
                f" {base.get(modality, 'nothing')[:12]}, but {encoder.settings.model!r} here has"
                f" {encoder.weights[:12]}; get the same version of {encoder.settings.model!r}"
            )
