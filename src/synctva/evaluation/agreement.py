"""How far recognised emotions agree with those that somebody has set right."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from synctva.evaluation.calibration import calibration_error
from synctva.evaluation.metrics import SCORES, confusions, scores_of

CALIBRATED_UTTERANCES = 200
"""Of fewer the calibration error is chance: even true probabilities would show several points."""


def agreement(
    emotions: tuple[str, ...],
    emotion: Int[np.ndarray, " utterance"],
    probabilities: Float[np.ndarray, "utterance emotion"],
) -> dict[str, Any]:
    """Returns how far the most probable emotions agree with the right ones.

    Args:
        emotions: Their names.
        emotion: The right one of each utterance; all are labelled, and there is one at least.
        probabilities: The recognised ones.

    Returns:
        ``utterances``; accuracy, weighted F1, macro F1, unweighted average recall, and ``kappa``
        (None where everything is one emotion, on both sides); ``f1``, ``support`` and
        ``recognised`` of every emotion; ``confusion`` (rows = right, columns = recognised);
        ``ece``, None of fewer than ``CALIBRATED_UTTERANCES``.
    """
    together = np.zeros_like(emotion)
    counts = confusions(emotion, probabilities.argmax(1), together, len(emotions))[0]
    scores = scores_of(counts)
    enough = len(emotion) >= CALIBRATED_UTTERANCES
    return {
        "utterances": len(emotion),
        **{name: float(getattr(scores, name)) for name in SCORES},
        "kappa": cohens_kappa(counts),
        "f1": dict(zip(emotions, scores.f1.tolist(), strict=True)),
        "support": dict(zip(emotions, counts.sum(1).tolist(), strict=True)),
        "recognised": dict(zip(emotions, counts.sum(0).tolist(), strict=True)),
        "confusion": counts.tolist(),
        "ece": calibration_error(probabilities, emotion) if enough else None,
    }


def cohens_kappa(confusion: Int[np.ndarray, "emotion predicted"]) -> float | None:
    """Returns the agreement beyond chance: 1 = all agree, 0 = as by chance; None = undefined.

    Source: Cohen 1960, eq. 1.
    """
    shares = confusion / confusion.sum()
    by_chance = float(shares.sum(0) @ shares.sum(1))
    if by_chance >= 1:
        return None
    return (float(np.trace(shares)) - by_chance) / (1 - by_chance)
