"""Mean and standard deviation over seeds."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from synctva.evaluation.metrics import scores_of
from synctva.run.scores import Score, Scores
from synctva.run.words import SCORES


def spread(values: Sequence[float] | Float[np.ndarray, " seed"]) -> Score:
    """Returns the mean and the sample standard deviation."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Score(float(np.mean(values)), sd)


def score_spreads(
    counts: Int[np.ndarray, "seed emotion predicted"], emotions: tuple[str, ...] = ()
) -> Scores:
    """Returns the spread of every score, and of the F1 of these emotions, which are all or none."""
    scores = scores_of(counts)
    f1 = {emotion: spread(scores.f1[:, i]) for i, emotion in enumerate(emotions)}
    return Scores(**{name: spread(getattr(scores, name)) for name in SCORES}, f1=f1)
