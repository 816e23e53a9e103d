"""Intervals and tests by resampling dialogues: utterances of one dialogue are not independent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from synctva.evaluation.metrics import scores_of
from synctva.evaluation.spread import spread
from synctva.run.scores import Score, Scores
from synctva.run.words import SCORES

RESAMPLES = 2000
FEWEST = 5
"""With fewer dialogues, resampling would find certainty where there is none: nothing is said."""

AT_ONCE = 100
"""Resamples drawn at a time, so that memory does not grow with the dialogues of all of them."""
Confusions = Int[np.ndarray, "seed dialogue emotion predicted"]
"""A confusion matrix per seed and dialogue."""


def estimates(counts: Confusions, emotions: tuple[str, ...]) -> Scores:
    """Returns the scores and the F1 by emotion, each with its interval.

    The interval of an emotion's F1 is that of the resamples in which it occurs.
    """
    seeds, drawn = scores_of(counts.sum(1)), resample(counts)
    resampled, occurs = scores_of(drawn), drawn[:, 0].sum(-1) > 0

    def estimate(own: Float[np.ndarray, " seed"], others: Float[np.ndarray, " resample"]) -> Score:
        low, high = 0.0, 1.0
        if counts.shape[1] >= FEWEST and len(others):
            low, high = np.quantile(others, [0.025, 0.975])
        return replace(spread(own), interval=(float(low), float(high)))

    by_name = {n: estimate(getattr(seeds, n), getattr(resampled, n).mean(1)) for n in SCORES}
    by_emotion = {
        emotion: estimate(seeds.f1[:, i], resampled.f1[occurs[:, i], :, i].mean(1))
        for i, emotion in enumerate(emotions)
    }
    return Scores(**by_name, f1=by_emotion)


def resample(
    counts: Confusions, times: int = RESAMPLES, seed: int = 0
) -> Int[np.ndarray, "resample seed emotion predicted"]:
    """Returns the confusion matrices of dialogues drawn with replacement, alike for all seeds."""
    dialogues = counts.shape[1]
    random, alike = np.random.default_rng(seed), np.full(dialogues, 1 / dialogues)
    flat = counts.transpose(1, 0, 2, 3).reshape(dialogues, -1).astype(float)
    drawn = np.empty((times, flat.shape[1]), np.int64)
    for first in range(0, times, AT_ONCE):
        draws = random.multinomial(dialogues, alike, size=min(AT_ONCE, times - first))
        # exact in floats, and ten times faster than in integers
        drawn[first : first + AT_ONCE] = draws.astype(float) @ flat
    return drawn.reshape(times, counts.shape[0], *counts.shape[2:])


@dataclass(frozen=True)
class Resampled:
    """A run's score, mean over seeds.

    Attributes:
        score: On all dialogues.
        draws: On dialogues drawn with replacement: the same ones for every run on these dialogues;
            NaN where there are too few of them.
    """

    score: float
    draws: Float[np.ndarray, " resample"]


def resampled(counts: Confusions) -> dict[str, Resampled]:
    """Returns every score of ``SCORES``, and what it is on resampled dialogues."""
    whole, drawn = scores_of(counts.sum(1)), scores_of(resample(counts))
    unknown = 0.0 if counts.shape[1] >= FEWEST else np.nan
    return {
        name: Resampled(float(getattr(whole, name).mean()), getattr(drawn, name).mean(1) + unknown)
        for name in SCORES
    }


@dataclass(frozen=True)
class Difference:
    """How far one run is above another in a score.

    Attributes:
        mean: Difference of the means over seeds.
        interval: 95 % percentile interval, over resampled dialogues; all that a difference can be
            where there are too few of them.
        p: Two-sided p-value of the paired bootstrap: how often the sign flips; then 1.
    """

    mean: float
    interval: tuple[float, float]
    p: float


def difference(ours: Resampled, theirs: Resampled) -> Difference:
    """Returns how far ``ours`` is above ``theirs``, both resampled over the same dialogues.

    Source: paired bootstrap over the sampling unit, Efron & Tibshirani 1993, chapter 16.
    """
    differences = ours.draws - theirs.draws
    if np.isnan(differences).any():
        return Difference(ours.score - theirs.score, (-1.0, 1.0), 1.0)
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
    """Returns p-values corrected for their number, in the given order.

    Source: Holm 1979, the step-down procedure, as adjusted p-values.
    """
    corrected = [0.0] * len(p_values)
    least = 0.0
    order = sorted(range(len(p_values)), key=lambda number: p_values[number])
    for rank, number in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[number]))
        corrected[number] = least
    return corrected
