"""Calibration: do probabilities mean what they say?"""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from synctva.evaluation.metrics import confusions, scores_of
from synctva.run.findings import Bin

BINS = 15
COVERAGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1)
CURVE_SCORES = ("weighted_f1", "macro_f1", "accuracy")


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
    bins: int = BINS,
) -> float:
    """Returns the expected calibration error of the predicted emotion's probability.

    Source: Guo et al. 2017, eq. 3, bins of equal width.
    """
    confidence, right, bin_of = _binned(probabilities, emotion, bins)
    gaps = np.bincount(bin_of, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / max(len(confidence), 1))


def reliability_bins(
    probabilities: Float[np.ndarray, "utterance emotion"],
    emotion: Int[np.ndarray, " utterance"],
    bins: int = BINS,
) -> list[Bin]:
    """Returns the bins of a reliability diagram.

    Both are means over the labelled utterances whose confidence lies in the bin; None where there
    is none. The gaps between them, weighted by the counts, are the calibration error.

    Source: Guo et al. 2017, section 2, figure 1 and eq. 1, 2.
    """
    confidence, right, bin_of = _binned(probabilities, emotion, bins)
    found = []
    for number in range(bins):
        own = bin_of == number
        count = int(own.sum())
        mean, share = (float(x[own].mean()) if count else None for x in (confidence, right))
        found.append(Bin(mean, share, count))
    return found


def abstention_curve(
    probabilities: Float[np.ndarray, "utterance emotion"], emotion: Int[np.ndarray, " utterance"]
) -> list[dict[str, float]]:
    """Returns the scores if only the surest predictions are given, for each of ``COVERAGES``.

    Each entry has ``coverage`` (the share of labelled utterances that get a prediction, the nearest
    whole number of them and at least one), ``threshold`` (the least confidence among them),
    ``weighted_f1``, ``macro_f1`` and ``accuracy`` (on them).

    Source: selective classification, El-Yaniv & Wiener 2010, section 2 (risk and coverage);
        confidence is the highest probability, Geifman & El-Yaniv 2017, section 3.
    """
    kept = emotion >= 0
    labelled, said = emotion[kept], probabilities[kept].argmax(1)
    confidence = probabilities[kept].max(1)
    surest = np.argsort(-confidence, kind="stable")
    curve = []
    for coverage in COVERAGES:
        given = surest[: max(round(coverage * len(surest)), 1)]
        counts = confusions(
            labelled[given], said[given], np.zeros_like(given), probabilities.shape[1]
        )
        scores = scores_of(counts.sum(0))
        entry = {"coverage": coverage, "threshold": float(confidence[given[-1]])}
        curve.append({**entry, **{name: float(getattr(scores, name)) for name in CURVE_SCORES}})
    return curve


def _binned(
    probabilities: Float[np.ndarray, "utterance emotion"],
    emotion: Int[np.ndarray, " utterance"],
    bins: int,
) -> tuple[
    Float[np.ndarray, " labelled"], Bool[np.ndarray, " labelled"], Int[np.ndarray, " labelled"]
]:
    """Returns confidence, whether it is right, and the bin, of each labelled utterance."""
    kept = emotion >= 0
    confidence = probabilities[kept].max(1)
    right = probabilities[kept].argmax(1) == emotion[kept]
    return confidence, right, np.minimum((confidence * bins).astype(int), bins - 1)
