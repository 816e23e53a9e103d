"""Scores: weighted F1, macro F1, accuracy, unweighted average recall, F1 of every emotion."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class ScoreArrays:
    """Scores in [0, 1]; leading axes are those of the confusion matrices they were made from.

    Attributes:
        weighted_f1: Mean F1 of the emotions, weighted by how often they occur.
        macro_f1: Mean F1 of the emotions that occur.
        accuracy: Share of right predictions.
        uar: Unweighted average recall: mean recall of the emotions that occur, as speech emotion
            recognition reports it; chance is one in the number of emotions, however imbalanced.
        f1: F1 of each emotion.
    """

    weighted_f1: Float[np.ndarray, "*set"]
    macro_f1: Float[np.ndarray, "*set"]
    accuracy: Float[np.ndarray, "*set"]
    uar: Float[np.ndarray, "*set"]
    f1: Float[np.ndarray, "*set emotion"]


def confusions(
    emotion: Int[np.ndarray, " utterance"],
    predicted: Int[np.ndarray, " utterance"],
    dialogue: Int[np.ndarray, " utterance"],
    emotions: int,
) -> Int[np.ndarray, "dialogue emotion predicted"]:
    """Returns a confusion matrix per dialogue; unlabelled utterances (-1) do not count."""
    counts = np.zeros((int(dialogue.max()) + 1, emotions, emotions), dtype=np.int64)
    kept = emotion >= 0
    np.add.at(counts, (dialogue[kept], emotion[kept], predicted[kept]), 1)
    return counts


def scores_of(confusion: Int[np.ndarray, "*set emotion predicted"]) -> ScoreArrays:
    """Returns the scores of confusion matrices (rows = emotion, columns = predicted).

    An emotion that neither occurs nor is predicted has F1 0; macro F1 and unweighted average recall
    are over the emotions that occur: the same numbers as scikit-learn's over these.
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1).astype(float)
    support = confusion.sum(-1).astype(float)
    f1 = 2 * right / np.maximum(support + confusion.sum(-2), 1)
    total = np.maximum(support.sum(-1), 1)
    occurs = support > 0
    occurring = np.maximum(occurs.sum(-1), 1)
    return ScoreArrays(
        weighted_f1=np.asarray((f1 * support).sum(-1) / total),
        macro_f1=np.asarray((f1 * occurs).sum(-1) / occurring),
        accuracy=np.asarray(right.sum(-1) / total),
        uar=np.asarray((right / np.maximum(support, 1)).sum(-1) / occurring),
        f1=f1,
    )
