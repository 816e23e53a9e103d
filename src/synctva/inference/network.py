"""A model as recognition runs it: causal on request, probabilities with what carried them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotion_model import EmotionModel, Standardisation
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.evaluation.attribution import shapley_values
from synctva.evaluation.prediction import calibrated, predict
from synctva.model.architecture import Architecture
from synctva.run_folder import SeedFolder

SHIPPED = Path(__file__).parents[1] / "models"
"""Where the package has models of its own, a folder each."""

ENCODED_AT_ONCE = 256
"""So many utterances go through a model's own encoders at a time; it bounds the memory."""


@dataclass(frozen=True)
class Felt:
    """How utterances are felt.

    Attributes:
        probabilities: Calibrated.
        contributions: What text, audio and visual add to the probability of the emotion that is
            the most probable one: exact Shapley values; 0 where the utterance lacks the modality.
    """

    probabilities: Float[np.ndarray, "utterance emotion"]
    contributions: Float[np.ndarray, "utterance 3"]


def load_model(source: str | Path) -> EmotionModel:
    """Returns a model by its name in the package, its folder, a run's seed, or its id on the hub.

    Raises:
        InputError: There is none, it is damaged, or its weights do not fit.
    """
    shipped = SHIPPED / str(source)
    if (shipped / "config.json").is_file():
        return EmotionModel.from_pretrained(shipped)
    if (Path(source) / "run.json").is_file():
        raise InputError(f"{source}: a run; name one of its seeds, such as {source}/seed-0")
    if (checkpoint := SeedFolder(Path(source)).checkpoint).is_dir():
        return EmotionModel.from_pretrained(checkpoint)
    if str(source) == "lite":
        raise InputError(
            f"{shipped}: the model `lite` is not in this installation; install the package again,"
            " or name a checkpoint's folder with --model"
        )
    return EmotionModel.from_pretrained(source)


def causal(model: EmotionModel, place: str) -> EmotionModel:
    """Returns the model with the same weights that looks at no later utterance.

    Args:
        model: Of Sync-TVA, or of a network that looks at each utterance alone.
        place: Where it is, for messages.

    Raises:
        InputError: Its network has no such mode.
    """
    if model.reach is not None and model.reach[1] == 0:
        return model
    if not isinstance(model.settings, Architecture):
        raise InputError(
            f"{place}: a {model.settings.network} looks at the whole dialogue and has no causal"
            " mode; take a Sync-TVA, or leave --causal away"
        )
    settings = replace(model.settings, future=0)
    return _rebuilt(model, settings, dict(model.dims), dict(model.encoders.items()))


def feel(model: EmotionModel, batch: Batch) -> Felt:
    """Returns calibrated probabilities of whole dialogues, and what carried them.

    A model's own encoders run once, and not again for each subset of the modalities.
    """
    plain, encoded = _encoded(model, batch)
    probabilities = _probabilities(plain, encoded)
    carried = shapley_values(plain, encoded, probabilities.argmax(1))
    return Felt(probabilities, np.where(batch.present.numpy(), carried, 0.0))


def probabilities_of(model: EmotionModel, batch: Batch) -> Float[np.ndarray, "utterance emotion"]:
    """Returns calibrated probabilities of whole dialogues."""
    return _probabilities(*_encoded(model, batch))


def _probabilities(model: EmotionModel, batch: Batch) -> Float[np.ndarray, "utterance emotion"]:
    return calibrated(predict(model, batch), model, batch)


@torch.inference_mode()
def _encoded(model: EmotionModel, batch: Batch) -> tuple[EmotionModel, Batch]:
    """Returns the model without encoders, and the batch of what its encoders make."""
    if not model.encoders:
        return model, batch
    model.eval()
    made: dict[str, Any] = {}
    for m, encoder in model.encoders.items():
        rows, present = batch.features[m], batch.present[:, MODALITIES.index(m)]
        parts = zip(rows.split(ENCODED_AT_ONCE), present.split(ENCODED_AT_ONCE), strict=True)
        made[m] = torch.cat([encoder(part, there) for part, there in parts])
    dims = {m: len(cast(Standardisation, own).mean) for m, own in model.standardisation.items()}
    return _rebuilt(model, cast(Any, model.settings), dims, {}), replace(batch, **made)


def _rebuilt(
    model: EmotionModel, settings: Any, dims: dict[str, int], encoders: dict[str, nn.Module]
) -> EmotionModel:
    """Returns a model around the same weights."""
    other = EmotionModel(model.emotions, dims, settings, cast(Any, encoders))
    weights: dict[str, Tensor] = model.state_dict()
    own = other.state_dict().keys()
    other.load_state_dict({name: weights[name] for name in own}, assign=True)
    other.provenance = model.provenance
    return other.eval()
