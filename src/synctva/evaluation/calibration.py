"""Calibration: do probabilities mean what they say?"""

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax


def fit_temperature(
    logits: Float[np.ndarray, "utterance emotion"], emotion: Int[np.ndarray, " utterance"]
) -> float:
    """Returns the temperature by which logits must be divided for the best likelihood.

    Args:
        logits: Of the split ``valid``; never of ``test``.
        emotion: The emotions; unlabelled utterances (-1) do not count.

    Source: Guo et al. 2017, section 4.2.
    """
    kept = np.flatnonzero(emotion >= 0)

    def surprise(log_temperature: float) -> float:
        scaled = log_softmax(logits[kept] / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(kept)), emotion[kept]].mean())

    best = minimize_scalar(surprise, bounds=(-3, 3), method="bounded")
    return float(np.exp(best["x"]))


def calibration_error(
    probabilities: Float[np.ndarray, "utterance emotion"],
    emotion: Int[np.ndarray, " utterance"],
    bins: int = 15,
) -> float:
    """Returns the expected calibration error of the predicted emotion's probability.

    Source: Guo et al. 2017, eq. 3, bins of equal width.
    """
    kept = emotion >= 0
    confidence = probabilities[kept].max(1)
    right = probabilities[kept].argmax(1) == emotion[kept]
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / max(len(confidence), 1))
