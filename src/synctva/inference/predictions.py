"""What a model predicts of whole dialogues: probabilities, with what carried them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from synctva.batch import Batch
from synctva.evaluation.confidence import Views, views_of
from synctva.model.causal import without_encoders
from synctva.model.emotion_model import EmotionModel
from synctva.tensors import in_one_thread


@dataclass(frozen=True)
class Predictions:
    """What is expressed in utterances.

    Attributes:
        probabilities: Calibrated.
        contributions: What text, audio and visual add to the probability of the emotion that is
            the most probable one: exact Shapley values; 0 where the utterance lacks the modality.
        trust: How far each is trusted, in [0, 1]; 0 = it does not count, or is absent.
        unusual: Where a modality is farther from the training's than usual.
    """

    probabilities: Float[np.ndarray, "utterance emotion"]
    contributions: Float[np.ndarray, "utterance 3"]
    trust: Float[np.ndarray, "utterance 3"]
    unusual: Bool[np.ndarray, "utterance 3"]


def predictions_of(
    model: EmotionModel, batch: Batch, expected: Float[np.ndarray, " emotion"] | None = None
) -> Predictions:
    """Returns calibrated probabilities of whole dialogues, and what carried them.

    Args:
        model: Any model of this project.
        batch: Whole dialogues.
        expected: How often each emotion is expected; None = as in what the model was calibrated on.

    Raises:
        InputError: Frequencies are expected, and the model does not say which it knows.
    """
    with in_one_thread():
        views = seen_in_part(model, batch)
        probabilities = views.probabilities(tuple(model.dims), expected)
        contributions = views.contributions(expected)
    return Predictions(probabilities, contributions, views.trust, views.unusual)


def seen_in_part(model: EmotionModel, batch: Batch) -> Views:
    """Returns what a model says of whole dialogues, seeing each subset of the modalities.

    A model's own encoders run once, and not again for each subset.
    """
    return views_of(*without_encoders(model, batch))


def probabilities_of(model: EmotionModel, batch: Batch) -> Float[np.ndarray, "utterance emotion"]:
    """Returns calibrated probabilities of whole dialogues."""
    with in_one_thread():
        return seen_in_part(model, batch).probabilities(tuple(model.dims))
