"""What a model predicts of whole dialogues: probabilities, with what carried them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.confidence import Views, views_of
from synctva.features.extractors.language import OTHER_LANGUAGE
from synctva.inference.encode import EncodedDialogue
from synctva.inference.recognition import NO_EVIDENCE, UNLIKE_TRAINING, RecognisedUtterance
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
    model: EmotionModel,
    batch: Batch,
    expected: Float[np.ndarray, " emotion"] | None = None,
    *,
    at_once: bool = False,
) -> Predictions:
    """Returns calibrated probabilities of whole dialogues, and what carried them.

    Args:
        model: Any model of this project.
        batch: Whole dialogues.
        expected: How often each emotion is expected; None = as in what the model was calibrated on.
        at_once: See the subsets of the modalities in one pass, which is quicker for a few
            utterances, and equal up to the last digits.

    Raises:
        InputError: Frequencies are expected, and the model does not say which it knows.
    """
    with in_one_thread():
        views = seen_in_part(model, batch)
        if at_once:
            views.look_at_once()
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


def recognised(
    encoded: EncodedDialogue, found: Predictions, heard: tuple[str, ...] = ()
) -> Iterator[RecognisedUtterance]:
    """Yields the utterances of a dialogue with what was predicted of them.

    Args:
        encoded: The dialogue.
        found: Of its utterances.
        heard: Flags of all of them.
    """
    features = encoded.corpus.features
    for row, (_, utterance) in enumerate(encoded.corpus.utterances()):
        flags = [*heard]
        flags += [word for f in features.values() if f.flags for word in f.flags[row].split()]
        flags += [f"{MODALITIES[n]}{UNLIKE_TRAINING}" for n in np.flatnonzero(found.unusual[row])]
        if not found.trust[row].any():
            flags.append(NO_EVIDENCE)
        yield RecognisedUtterance(
            utterance.start_s or 0.0,
            utterance.end_s or 0.0,
            utterance.speaker,
            utterance.text,
            tuple(found.probabilities[row].tolist()),
            {
                m: float(found.contributions[row, i])
                for i, m in enumerate(MODALITIES)
                if m in features and features[m].present[row]
            },
            tuple(dict.fromkeys(flags)),
            encoded.notes.get(row, ""),
        )


def left_out(utterances: Sequence[RecognisedUtterance]) -> str:
    """Returns how many utterances are recognised without their words, in words; else nothing."""
    unknown = sum(bool(one.text) and OTHER_LANGUAGE in one.flags for one in utterances)
    if not unknown:
        return ""
    return (
        f"the words of {unknown} of {len(utterances)} utterances are in a language that the model"
        " does not know, and are left out"
    )
