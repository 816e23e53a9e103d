"""What the face-expression network predicts for labelled faces, and how often it is right."""

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8

from synctva.evaluation.metrics import ScoreArrays, confusions, scores_of
from synctva.features.extractors.expression import EMOTIONS, ExpressionNetwork

Faces = tuple[UInt8[np.ndarray, "_ 48 48"], Int64[np.ndarray, " _"], Float32[np.ndarray, "_ 10"]]
"""Grey pictures, the numbers of their emotions, and what people voted for: first each emotion, then
contempt, what they could not name, and no face."""


@torch.inference_mode()
def predict_expressions(
    model: ExpressionNetwork, faces: UInt8[np.ndarray, "face 48 48"], batch: int = 256
) -> Float32[np.ndarray, "2 face emotion"]:
    """Returns what people see in each face, and what its label is.

    Both are probabilities of :data:`EMOTIONS`, the mean over a face and its mirror image.
    """
    was_training = model.training
    model.eval()
    rows = []
    for part in torch.from_numpy(faces).split(batch):
        straight, mirrored = (
            torch.stack(model.both(shown)).softmax(2)
            for shown in (part.float(), part.float().flip(2))
        )
        rows.append((straight + mirrored) / 2)
    model.train(was_training)
    return torch.cat(rows, dim=1).numpy()


def majority(votes: Float32[np.ndarray, "face 10"]) -> Int64[np.ndarray, " face"]:
    """Returns the emotion that more people saw than anything else; -1 where there is none."""
    first, second = np.sort(votes, axis=1)[:, [-1, -2]].T
    seen = votes.argmax(axis=1)
    return np.where((first > second) & (seen < len(EMOTIONS)), seen, -1).astype(np.int64)


def score_expressions(model: ExpressionNetwork, faces: Faces) -> dict[str, ScoreArrays]:
    """Returns the scores on FER2013's ``labels``, and on what most people saw, the ``votes``.

    The latter are left out where nobody was asked.
    """
    pixels, emotions, votes = faces
    seen, label = predict_expressions(model, pixels).argmax(axis=2)
    scores = {"labels": _scores(emotions, label)}
    if votes.any():
        scores["votes"] = _scores(majority(votes), seen)
    return scores


def _scores(emotions: Int64[np.ndarray, " face"], said: Int64[np.ndarray, " face"]) -> ScoreArrays:
    one_set = np.zeros(len(emotions), np.int64)
    return scores_of(confusions(emotions, said, one_set, len(EMOTIONS)).sum(axis=0))
