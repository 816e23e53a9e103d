"""What evaluations found beside the scores, the folds of a recipe put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from synctva.run.evaluation import Evaluation
from synctva.run.findings import Abstention, Bin, Bins
from synctva.run.scores import Score, Scores
from synctva.run.words import SCORES

Curve = Mapping[float, Scores]
"""Scores at each rate of missing modalities, or of noise."""

Found = TypeVar("Found")
Condition = TypeVar("Condition", float, str)


@dataclass(frozen=True)
class Findings:
    """None where the evaluation was not asked.

    Attributes:
        missing_rates: Scores at rates of missing (utterance, modality) pairs.
        missing_rates_one_kept: Likewise; no utterance loses all its modalities.
        noise: Scores with noise on the features.
        bins: The reliability diagram before and after the temperature.
        abstention: The curve after it; empty where folds have other coverages.
        adjusted: Scores with the logits adjusted after training, as strongly as ``valid`` chose.
        stress: Scores clean, under each stress, and in the mean of these.
    """

    missing_rates: Curve | None = None
    missing_rates_one_kept: Curve | None = None
    noise: Curve | None = None
    bins: Bins | None = None
    abstention: tuple[Abstention, ...] | None = None
    adjusted: Scores | None = None
    stress: Mapping[str, Scores] | None = None


def together(folds: Sequence[Evaluation], weights: Sequence[float]) -> Findings:
    """Returns the findings of all folds, each by its utterances; what one lacks, none has."""
    calibrations = _all(folds, lambda fold: fold.calibration) or []
    imbalances = _all(folds, lambda fold: fold.imbalance)
    return Findings(
        _mean_of_each(_all(folds, lambda fold: fold.missing_rates), weights),
        _mean_of_each(_all(folds, lambda fold: fold.missing_rates_one_kept), weights),
        _mean_of_each(_all(folds, lambda fold: fold.noise), weights),
        _added([one.bins for one in calibrations]) if calibrations else None,
        _mean_abstention([one.abstention for one in calibrations], weights),
        _mean_scores([one.adjusted for one in imbalances], weights) if imbalances else None,
        _mean_of_each(_all(folds, lambda fold: fold.stress), weights),
    )


def _all(
    folds: Sequence[Evaluation], finding: Callable[[Evaluation], Found | None]
) -> list[Found] | None:
    found = [own for fold in folds if (own := finding(fold)) is not None]
    return found if len(found) == len(folds) else None


def _mean_score(scores: Sequence[Score], weights: Sequence[float]) -> Score:
    """Returns the mean of folds by their utterances; of one fold, its own score."""
    if len(scores) == 1:
        return scores[0]
    return Score(float(np.average([score.mean for score in scores], weights=weights)))


def _mean_scores(folds: Sequence[Scores], weights: Sequence[float]) -> Scores:
    means = {name: _mean_score([getattr(own, name) for own in folds], weights) for name in SCORES}
    f1 = {e: _mean_score([own.f1[e] for own in folds], weights) for e in folds[0].f1}
    return Scores(**means, f1=f1)


def _mean_of_each(
    folds: Sequence[Mapping[Condition, Scores]] | None, weights: Sequence[float]
) -> Mapping[Condition, Scores] | None:
    """Returns the mean of folds under each condition that all of them have."""
    if not folds:
        return None
    known = [condition for condition in folds[0] if all(condition in fold for fold in folds)]
    return {one: _mean_scores([fold[one] for fold in folds], weights) for one in known}


def _added(folds: Sequence[Bins]) -> Bins:
    return Bins(_union([fold.before for fold in folds]), _union([fold.after for fold in folds]))


def _union(folds: Sequence[tuple[Bin, ...]]) -> tuple[Bin, ...]:
    return tuple(_one_bin(bins) for bins in zip(*folds, strict=True))


def _one_bin(bins: Sequence[Bin]) -> Bin:
    count = sum(one.count for one in bins)
    if not count:
        return Bin(None, None, 0)
    return Bin(
        sum((one.confidence or 0) * one.count for one in bins) / count,
        sum((one.accuracy or 0) * one.count for one in bins) / count,
        count,
    )


def _mean_abstention(
    folds: Sequence[tuple[Abstention, ...]], weights: Sequence[float]
) -> tuple[Abstention, ...] | None:
    if not folds:
        return None
    coverages = [[round(step.coverage, 2) for step in fold] for fold in folds]
    if any(own != coverages[0] for own in coverages):
        return ()
    return tuple(_mean_step(steps, weights) for steps in zip(*folds, strict=True))


def _mean_step(folds: Sequence[Abstention], weights: Sequence[float]) -> Abstention:
    if len(folds) == 1:
        return folds[0]
    names = [field.name for field in fields(Abstention) if field.name != "sd"]
    means = {n: float(np.average([getattr(s, n) for s in folds], weights=weights)) for n in names}
    return Abstention(**means, sd={})
