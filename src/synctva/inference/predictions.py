"""What a model predicts of whole dialogues: probabilities, with what carried them."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.attribution import shapley_values
from synctva.evaluation.prediction import calibrated, predict
from synctva.model.causal import rebuilt
from synctva.model.emotion_model import EmotionModel, Normalisation
from synctva.tensors import in_one_thread, in_threads

ENCODED_AT_ONCE = 64
"""So many utterances go through a model's own encoders together; some such pieces at once."""


@dataclass(frozen=True)
class Predictions:
    """What is expressed in utterances.

    Attributes:
        probabilities: Calibrated.
        contributions: What text, audio and visual add to the probability of the emotion that is
            the most probable one: exact Shapley values; 0 where the utterance lacks the modality.
    """

    probabilities: Float[np.ndarray, "utterance emotion"]
    contributions: Float[np.ndarray, "utterance 3"]


def predictions_of(model: EmotionModel, batch: Batch) -> Predictions:
    """Returns calibrated probabilities of whole dialogues, and what carried them.

    A model's own encoders run once, and not again for each subset of the modalities.
    """
    with in_one_thread():
        plain, encoded = _encoded(model, batch)
        probabilities = _probabilities(plain, encoded)
        carried = shapley_values(plain, encoded, probabilities.argmax(1))
    return Predictions(probabilities, np.where(batch.present.numpy(), carried, 0.0))


def probabilities_of(model: EmotionModel, batch: Batch) -> Float[np.ndarray, "utterance emotion"]:
    """Returns calibrated probabilities of whole dialogues."""
    with in_one_thread():
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
        made[m] = torch.cat(list(in_threads(partial(_vectors, encoder), parts)))
    dims = {m: len(cast(Normalisation, own).mean) for m, own in model.normalisation.items()}
    return rebuilt(model, cast(Any, model.settings), dims, {}), replace(batch, **made)


@torch.inference_mode()
def _vectors(
    encoder: nn.Module, part: tuple[Float[Tensor, "utterance wide"], Bool[Tensor, " utterance"]]
) -> Float[Tensor, "utterance dim"]:
    return encoder(*part)
