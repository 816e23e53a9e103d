"""Intervals and tests by resampling dialogues: utterances of one dialogue are not independent."""

from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float, Int

from synctva.evaluation.metrics import SCORES, scores_of

RESAMPLES = 2000
Confusions = Int[np.ndarray, "seed dialogue emotion predicted"]
"""A confusion matrix per seed and dialogue."""


@dataclass(frozen=True)
class Estimate:
    """A score over seeds.

    Attributes:
        mean: Over the seeds.
        sd: Sample standard deviation over the seeds; None with one seed.
        interval: 95 % percentile interval of the mean, over resampled dialogues.
    """

    mean: float
    sd: float | None
    interval: tuple[float, float]


def estimates(counts: Confusions, emotions: tuple[str, ...]) -> dict[str, object]:
    """Returns the scores and the F1 by emotion, as dictionaries of estimates."""
    seeds = scores_of(counts.sum(1))
    resampled = scores_of(resample(counts))

    def estimate(own: Float[np.ndarray, " seed"], others: Float[np.ndarray, " resample"]) -> object:
        low, high = np.quantile(others, [0.025, 0.975])
        sd = float(own.std(ddof=1)) if len(own) > 1 else None
        return asdict(Estimate(float(own.mean()), sd, (float(low), float(high))))

    by_name = {n: estimate(getattr(seeds, n), getattr(resampled, n).mean(1)) for n in SCORES}
    by_emotion = {
        emotion: estimate(seeds.f1[:, i], resampled.f1[:, :, i].mean(1))
        for i, emotion in enumerate(emotions)
    }
    return {**by_name, "f1": by_emotion}


def resample(
    counts: Confusions, times: int = RESAMPLES, seed: int = 0
) -> Int[np.ndarray, "resample seed emotion predicted"]:
    """Returns the confusion matrices of dialogues drawn with replacement, alike for all seeds."""
    dialogues = counts.shape[1]
    draws = np.random.default_rng(seed).multinomial(
        dialogues, np.full(dialogues, 1 / dialogues), size=times
    )
    flat = counts.transpose(1, 0, 2, 3).reshape(dialogues, -1)
    return (draws @ flat).reshape(times, counts.shape[0], *counts.shape[2:])


@dataclass(frozen=True)
class Difference:
    """How far one run is above another in a score.

    Attributes:
        mean: Difference of the means over seeds.
        interval: 95 % percentile interval, over resampled dialogues.
        p: Two-sided p-value of the paired bootstrap: how often the sign turns.
    """

    mean: float
    interval: tuple[float, float]
    p: float


def paired_difference(
    ours: Confusions,
    theirs: Int[np.ndarray, "other_seed dialogue emotion predicted"],
    score: str,
) -> Difference:
    """Returns how far ``ours`` is above ``theirs`` on the same dialogues.

    Args:
        ours: Confusion matrices of one run.
        theirs: Those of the other, of the same dialogues in the same order; seeds may be fewer
            or more.
        score: One of ``SCORES``.

    Source: paired bootstrap over the sampling unit, Efron & Tibshirani 1993, chapter 16.
    """

    def mean(
        counts: Int[np.ndarray, "*resample run_seed emotion predicted"],
    ) -> Float[np.ndarray, "*resample"]:
        return np.asarray(getattr(scores_of(counts), score).mean(-1))

    differences = mean(resample(ours)) - mean(resample(theirs))
    turned = min((differences <= 0).mean(), (differences >= 0).mean())
    low, high = np.quantile(differences, [0.025, 0.975])
    return Difference(
        mean=float(mean(ours.sum(1)) - mean(theirs.sum(1))),
        interval=(float(low), float(high)),
        p=float(min(1.0, 2 * max(turned, 1 / (RESAMPLES + 1)))),
    )
