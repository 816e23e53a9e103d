"""What an evaluation found beside the scores: robustness, calibration, abstention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import FiniteFloat, TypeAdapter, ValidationError

from synctva.errors import InputError
from synctva.reports.run.record import F1Scores, Score
from synctva.run.folder import RunFolder

Curve = Mapping[float, F1Scores]
"""Scores at each rate of missing modalities, or of noise."""


@dataclass(frozen=True)
class Bin:
    """Predictions of like confidence: their mean confidence, how many are right, how many."""

    confidence: FiniteFloat | None
    accuracy: FiniteFloat | None
    count: FiniteFloat


@dataclass(frozen=True)
class Bins:
    """Reliability before and after the division of the logits by the temperature."""

    before: list[Bin]
    after: list[Bin]


@dataclass(frozen=True)
class Abstention:
    """The weighted F1 on the share of utterances whose confidence reaches a threshold."""

    coverage: FiniteFloat
    weighted_f1: FiniteFloat
    threshold: FiniteFloat


@dataclass(frozen=True)
class Calibration:
    """Whether probabilities mean what they say."""

    bins: Bins
    abstention: list[Abstention]


@dataclass(frozen=True)
class F1sOfAll(F1Scores):
    """Both averages of F1, and that of each emotion."""

    f1: Mapping[str, Score]


@dataclass(frozen=True)
class Imbalance:
    """Scores with the logits adjusted after training, as strongly as ``valid`` chose."""

    adjusted: F1sOfAll


@dataclass(frozen=True)
class Findings:
    """None where the evaluation was not asked."""

    missing_rates: dict[FiniteFloat, F1Scores] | None = None
    missing_rates_one_kept: dict[FiniteFloat, F1Scores] | None = None
    noise: dict[FiniteFloat, F1Scores] | None = None
    calibration: Calibration | None = None
    imbalance: Imbalance | None = None


def read_findings(run: RunFolder) -> Findings:
    """Returns the findings of a run.

    Raises:
        InputError: The evaluation is damaged.
    """
    try:
        return TypeAdapter(Findings).validate_python(run.read_evaluation())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{run.evaluation}: {place}: {first['msg']}; run `synctva evaluate {run.path}` again"
        ) from error


def mean_score(scores: Sequence[Score], weights: Sequence[float]) -> Score:
    """Returns the mean of folds by their utterances; of one fold, its own score."""
    if len(scores) == 1:
        return scores[0]
    return Score(float(np.average([score.mean for score in scores], weights=weights)))


def together(folds: Sequence[Findings], weights: Sequence[float]) -> Findings:
    """Returns the findings of all folds, each by its utterances; what one lacks, none has."""
    if len(folds) == 1:
        return folds[0]
    return Findings(
        _mean_curve([fold.missing_rates for fold in folds], weights),
        _mean_curve([fold.missing_rates_one_kept for fold in folds], weights),
        _mean_curve([fold.noise for fold in folds], weights),
        _mean_calibration([fold.calibration for fold in folds], weights),
        _mean_imbalance([fold.imbalance for fold in folds], weights),
    )


def _mean_curve(
    folds: Sequence[dict[float, F1Scores] | None], weights: Sequence[float]
) -> dict[float, F1Scores] | None:
    curves = [fold for fold in folds if fold]
    if len(curves) < len(folds):
        return None
    rates = [rate for rate in curves[0] if all(rate in curve for curve in curves)]
    return {
        rate: F1Scores(
            mean_score([curve[rate].weighted_f1 for curve in curves], weights),
            mean_score([curve[rate].macro_f1 for curve in curves], weights),
        )
        for rate in rates
    }


def _mean_calibration(
    folds: Sequence[Calibration | None], weights: Sequence[float]
) -> Calibration | None:
    found = [fold for fold in folds if fold]
    if len(found) < len(folds):
        return None
    bins = Bins(
        _added([fold.bins.before for fold in found]), _added([fold.bins.after for fold in found])
    )
    coverages = [[round(step.coverage, 2) for step in fold.abstention] for fold in found]
    if any(own != coverages[0] for own in coverages):
        return Calibration(bins, [])
    steps = zip(*(fold.abstention for fold in found), strict=True)
    return Calibration(bins, [_mean_step(step, weights) for step in steps])


def _mean_imbalance(
    folds: Sequence[Imbalance | None], weights: Sequence[float]
) -> Imbalance | None:
    found = [fold.adjusted for fold in folds if fold]
    if len(found) < len(folds):
        return None
    return Imbalance(
        F1sOfAll(
            mean_score([one.weighted_f1 for one in found], weights),
            mean_score([one.macro_f1 for one in found], weights),
            {
                emotion: mean_score([one.f1[emotion] for one in found], weights)
                for emotion in found[0].f1
            },
        )
    )


def _added(folds: Sequence[list[Bin]]) -> list[Bin]:
    return [_union(bins) for bins in zip(*folds, strict=True)]


def _union(bins: Sequence[Bin]) -> Bin:
    count = sum(one.count for one in bins)
    if not count:
        return Bin(None, None, 0)
    return Bin(
        sum((one.confidence or 0) * one.count for one in bins) / count,
        sum((one.accuracy or 0) * one.count for one in bins) / count,
        count,
    )


def _mean_step(folds: Sequence[Abstention], weights: Sequence[float]) -> Abstention:
    def mean(values: Sequence[float]) -> float:
        return float(np.average(values, weights=weights))

    return Abstention(
        mean([step.coverage for step in folds]),
        mean([step.weighted_f1 for step in folds]),
        mean([step.threshold for step in folds]),
    )
