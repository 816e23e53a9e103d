"""How far recognised emotions agree with those that somebody has corrected."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from synctva.evaluation.calibration import calibration_error
from synctva.evaluation.metrics import confusions, scores_of
from synctva.run.words import SCORES

CALIBRATED_UTTERANCES = 200
"""With fewer, the calibration error is chance: even true probabilities would show some points."""


@dataclass(frozen=True)
class Agreement:
    """How far the most probable emotions agree with the right ones; scores are in [0, 1].

    Attributes:
        utterances: How many.
        weighted_f1: As the other scores, over all of them.
        macro_f1: Likewise.
        accuracy: Likewise.
        uar: Likewise.
        kappa: Agreement beyond chance; None if everything is one emotion on both sides.
        f1: Of every emotion.
        support: How often each emotion is right.
        recognised: How often each was recognised.
        confusion: Rows are right ones, columns recognised ones.
        ece: The calibration error; None with fewer than ``CALIBRATED_UTTERANCES``.
        counts: Recordings and utterances that were matched and left out.
    """

    utterances: int
    weighted_f1: float
    macro_f1: float
    accuracy: float
    uar: float
    kappa: float | None
    f1: Mapping[str, float]
    support: Mapping[str, int]
    recognised: Mapping[str, int]
    confusion: list[list[int]]
    ece: float | None
    counts: Mapping[str, int] = field(default_factory=dict)


def agreement(
    emotions: tuple[str, ...],
    emotion: Int[np.ndarray, " utterance"],
    probabilities: Float[np.ndarray, "utterance emotion"],
    counts: Mapping[str, int] | None = None,
) -> Agreement:
    """Returns how far the most probable emotions agree with the right ones.

    Args:
        emotions: Their names.
        emotion: The right one of each utterance; all are labelled, and there is one at least.
        probabilities: The recognised ones.
        counts: What was matched and what was left out.
    """
    together = np.zeros_like(emotion)
    matrix = confusions(emotion, probabilities.argmax(1), together, len(emotions))[0]
    scores = scores_of(matrix)
    enough = len(emotion) >= CALIBRATED_UTTERANCES
    return Agreement(
        utterances=len(emotion),
        **{name: float(getattr(scores, name)) for name in SCORES},
        kappa=cohens_kappa(matrix),
        f1=dict(zip(emotions, scores.f1.tolist(), strict=True)),
        support=dict(zip(emotions, matrix.sum(1).tolist(), strict=True)),
        recognised=dict(zip(emotions, matrix.sum(0).tolist(), strict=True)),
        confusion=matrix.tolist(),
        ece=calibration_error(probabilities, emotion) if enough else None,
        counts=counts or {},
    )


def cohens_kappa(confusion: Int[np.ndarray, "emotion predicted"]) -> float | None:
    """Returns the agreement beyond chance: 1 = all agree, 0 = as by chance; None = undefined.

    Source: Cohen 1960, eq. 1.
    """
    shares = confusion / confusion.sum()
    by_chance = float(shares.sum(0) @ shares.sum(1))
    if by_chance >= 1:
        return None
    return (float(np.trace(shares)) - by_chance) / (1 - by_chance)
