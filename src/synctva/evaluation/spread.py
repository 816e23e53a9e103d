"""Mean and standard deviation over seeds, as numbers that JSON can hold."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
from jaxtyping import Float, Int

from synctva.evaluation.metrics import SCORES, scores_of


class Spread(TypedDict):
    """Over the seeds.

    Attributes:
        mean: The mean.
        sd: The sample standard deviation; None with one seed.
    """

    mean: float
    sd: float | None


def spread(values: Sequence[float] | Float[np.ndarray, " seed"]) -> Spread:
    """Returns the mean and the sample standard deviation."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "sd": sd}


def score_spreads(
    counts: Int[np.ndarray, "seed emotion predicted"], emotions: tuple[str, ...]
) -> Mapping[str, object]:
    """Returns the spread of every score of ``SCORES``, and of each emotion's F1 under ``f1``."""
    scores = scores_of(counts)
    f1 = {emotion: spread(scores.f1[:, i]) for i, emotion in enumerate(emotions)}
    return {**{name: spread(getattr(scores, name)) for name in SCORES}, "f1": f1}
