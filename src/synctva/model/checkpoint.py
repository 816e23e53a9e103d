"""Checkpoints: a folder of ``config.json`` and ``model.safetensors``, nothing that can run.

Each holds its own hash, so that damage is detected, and what a training that was killed between the
two left is no checkpoint.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from pydantic import TypeAdapter
from safetensors import SafetensorError
from torch import Tensor

from synctva.corpus import Description
from synctva.emotions import MODALITIES
from synctva.errors import DAMAGE, InputError
from synctva.files import write_json
from synctva.model.confidence import Confidence, Positive
from synctva.tables import read_json
from synctva.tensors import read_tensors, write_tensors

CONFIG, WEIGHTS = "config.json", "model.safetensors"


@dataclass(frozen=True)
class Provenance:
    """What a checkpoint was trained on.

    Attributes:
        corpus: The corpus's name.
        schema: The name of its emotion schema.
        features: What each modality's features are; others do not fit the model.
        temperature: The logits are divided by it for calibrated probabilities.
        confidence: How far its logits may be believed, where that was fitted; its calibrations
            stand for ``temperature``.
        voices: ``mean`` and ``sd`` of the audio features of the training voices, where they were
            normalised by speaker: what a voice that is hardly heard yet is normalised by.
    """

    corpus: str = ""
    schema: str = ""
    features: Mapping[str, Description] = field(default_factory=dict)
    temperature: Positive = 1.0
    confidence: Confidence = field(default_factory=Confidence)
    voices: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def is_by_speaker(self) -> bool:
        """Whether voices are normalised by their speaker."""
        audio = self.features.get("audio")
        return audio is not None and audio.normalised_by is not None

    def adjusted(
        self,
        logits: Float[np.ndarray, "utterance emotion"],
        present: Bool[np.ndarray, "utterance 3"],
    ) -> Float[np.ndarray, "utterance emotion"]:
        """Returns calibrated logits: by the calibration for the modalities an utterance has."""
        found = logits / self.temperature
        for row in np.unique(present, axis=0):
            name = "+".join(np.array(MODALITIES)[row])
            if (own := self.confidence.calibrations.get(name)) is not None:
                chosen = (present == row).all(1)
                found[chosen] = own.apply(logits[chosen])
        return found

    def check(
        self,
        fingerprints: Mapping[str, str],
        place: str,
        remedy: str = "extract them again with that one, or train a new model",
    ) -> None:
        """Checks that features with these fingerprints fit the model.

        Args:
            fingerprints: Of each modality's features; one that is not there is not checked.
            place: Where they lie, for the error.
            remedy: What to do, for the error.

        Raises:
            InputError: A modality's features are of another extractor than in training.
        """
        for m, expected in self.features.items():
            found = fingerprints.get(m)
            if found is not None and found != expected.fingerprint:
                raise InputError(
                    f"{place}: its {m} features ({found}) are not of the extractor that the"
                    f" checkpoint was trained on ({expected.name},"
                    f" {expected.fingerprint}); {remedy}"
                )


def save_checkpoint(
    weights: Mapping[str, Tensor],
    arguments: Mapping[str, Any],
    provenance: Provenance,
    folder: Path,
) -> None:
    """Writes a model's weights and constructor arguments into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / WEIGHTS, weights)
    config = {"arguments": arguments, "provenance": asdict(provenance)}
    write_json(folder / CONFIG, {**config, "sha256": _config_sha256(config)})


def read_checkpoint(source: str | Path) -> tuple[dict[str, Any], Provenance, dict[str, Tensor]]:
    """Returns the constructor arguments, the provenance and the weights of a checkpoint.

    Args:
        source: A folder, or the id of a repository on the Hugging Face hub.

    A checkpoint from before there were hashes is accepted as it is.

    Raises:
        InputError: There is no checkpoint, it is damaged, or an older version saved it.
    """
    folder = Path(source) if Path(source).is_dir() else _download(str(source))
    for file in (CONFIG, WEIGHTS):
        if not (folder / file).is_file():
            raise InputError(f"{folder}: no checkpoint here ({file} is missing); train one first")
    config = read_json(folder / CONFIG, "not a checkpoint's configuration")
    try:
        arguments = config["arguments"]
        is_older = "fingerprints" in config["provenance"]
        provenance = TypeAdapter(Provenance).validate_python(_as_now(config["provenance"]))
    except DAMAGE as error:
        raise InputError(
            f"{folder / CONFIG}: not a checkpoint's configuration ({one_line(error)})"
        ) from error
    if is_older:
        raise InputError(f"{folder}: {_OLDER} ({_command(folder)})")
    if "sha256" in config and config["sha256"] != _config_sha256(config):
        raise InputError(
            f"{folder / CONFIG}: not as it was saved (its sha256 differs); get it again"
        )
    try:
        weights, _ = read_tensors(folder / WEIGHTS)
    except SafetensorError as error:
        raise InputError(
            f"{folder / WEIGHTS}: damaged weights ({one_line(error)}); get them again"
        ) from error
    return arguments, provenance, weights


def _as_now(provenance: dict[str, Any]) -> dict[str, Any]:
    """Returns what version 0.1 wrote as this one does: its temperatures are calibrations."""
    if not (found := provenance.get("temperatures")):
        return provenance
    calibrations = {name: {"scale": 1 / temperature} for name, temperature in found.items()}
    return {**provenance, "confidence": {"calibrations": calibrations}}


def _config_sha256(config: Mapping[str, Any]) -> str:
    """Returns the hash of what a configuration says, however it is laid out."""
    told = json.dumps([config["arguments"], config["provenance"]], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


_OLDER = (
    "saved by an older version of synctva, which did not note what makes its features; train it"
    " again"
)


def _command(folder: Path) -> str:
    """Returns the command that makes an old checkpoint new, with the recipe that lies with it."""
    beside = [place / "recipe.toml" for place in (folder, folder.parent, folder.parent.parent)]
    recipe = next((path for path in beside if path.is_file()), Path("RECIPE"))
    return f"`synctva train {recipe} --store STORE --out NEW`"


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(name, allow_patterns=[CONFIG, WEIGHTS]))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        told = f"it could not be got from the hub ({one_line(error)})"
        if isinstance(error, LocalEntryNotFoundError):
            told = "the hub was not reached"
        elif isinstance(error, HFValidationError | RepositoryNotFoundError):
            told = "none of this name on the hub"
        raise InputError(
            f"{name}: no such folder, and {told}; name a checkpoint's folder, or `lite`"
        ) from error


def one_line(error: Exception) -> str:
    """Returns what a library's error says, in one line of at most 200 characters."""
    return " ".join(str(error).split())[:200]
