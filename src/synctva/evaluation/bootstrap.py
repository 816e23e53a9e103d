"""Intervals and tests by resampling dialogues: utterances of one dialogue are not independent."""

from collections.abc import Sequence
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
    drawn = draws.astype(float) @ flat.astype(float)  # exact, and ten times faster than integers
    return drawn.astype(np.int64).reshape(times, counts.shape[0], *counts.shape[2:])


@dataclass(frozen=True)
class Resampled:
    """A run's score, mean over seeds.

    Attributes:
        score: On all dialogues.
        draws: On dialogues drawn with replacement: the same ones for every run on these dialogues.
    """

    score: float
    draws: Float[np.ndarray, " resample"]


def resampled(counts: Confusions) -> dict[str, Resampled]:
    """Returns every score of ``SCORES``, and what it is on resampled dialogues."""
    whole, drawn = scores_of(counts.sum(1)), scores_of(resample(counts))
    return {
        name: Resampled(float(getattr(whole, name).mean()), getattr(drawn, name).mean(1))
        for name in SCORES
    }


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


def difference(ours: Resampled, theirs: Resampled) -> Difference:
    """Returns how far ``ours`` is above ``theirs``, both resampled over the same dialogues.

    Source: paired bootstrap over the sampling unit, Efron & Tibshirani 1993, chapter 16.
    """
    differences = ours.draws - theirs.draws
    turned = min((differences <= 0).mean(), (differences >= 0).mean())
    low, high = np.quantile(differences, [0.025, 0.975])
    return Difference(
        mean=ours.score - theirs.score,
        interval=(float(low), float(high)),
        p=float(min(1.0, 2 * max(turned, 1 / (RESAMPLES + 1)))),
    )


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
    """
    return difference(resampled(ours)[score], resampled(theirs)[score])


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for being so many, in their own order.

    Source: Holm 1979, the step-down procedure, as adjusted p-values.
    """
    corrected = [0.0] * len(p_values)
    least = 0.0
    order = sorted(range(len(p_values)), key=lambda number: p_values[number])
    for rank, number in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[number]))
        corrected[number] = least
    return corrected
