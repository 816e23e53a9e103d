"""What each modality contributes: all subsets, and exact Shapley values."""

import math
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.prediction import calibrated, predict
from synctva.evaluation.spread import score_spreads
from synctva.model.emotion_model import EmotionModel
from synctva.run.scores import Scores

if TYPE_CHECKING:
    from synctva.evaluation.evaluated_run import EvaluatedRun

Subset = tuple[str, ...]


def subsets_of(modalities: tuple[str, ...], smallest: int = 1) -> list[Subset]:
    """Returns all subsets with at least this many modalities, small ones first."""
    sizes = range(smallest, len(modalities) + 1)
    return [subset for size in sizes for subset in combinations(modalities, size)]


def subset_scores(run: "EvaluatedRun", split: str = "test") -> dict[str, Scores]:
    """Returns, for every subset of the modalities, the mean and sd of the scores over the seeds.

    The model is the same throughout; the other modalities are hidden from it.
    """
    modalities = tuple(next(iter(run.models.values())).dims)
    return {
        "+".join(subset): over_seeds(run, run.batches[split].keep(subset))
        for subset in subsets_of(modalities)
    }


def over_seeds(run: "EvaluatedRun", batch: Batch) -> Scores:
    """Returns mean and sd over the seeds of each score on a batch."""
    from synctva.evaluation.evaluated_run import counts_of

    counts = [counts_of(predict(m, batch).numpy(), batch).sum(0) for m in run.models.values()]
    return score_spreads(np.stack(counts))


def shapley_values(
    model: EmotionModel, batch: Batch, emotion: Int[np.ndarray, " utterance"]
) -> Float[np.ndarray, "utterance 3"]:
    """Returns what each modality adds to the probability of an emotion, utterance by utterance.

    All subsets are run, so the values are exact: for an utterance they sum to the probability with
    all modalities minus the probability with none. A subset is hidden in the whole dialogue, so a
    modality is also credited for what it brings as context.

    Args:
        model: Any model of this project.
        batch: Whole dialogues.
        emotion: The emotion to explain, by number; usually the predicted one.

    Source: Shapley 1953; here the players are the modalities.
    """
    modalities = tuple(model.dims)
    worth: dict[Subset, Float[np.ndarray, " utterance"]] = {}
    for subset in subsets_of(modalities, smallest=0):
        kept = batch.keep(subset)
        probabilities = calibrated(predict(model, kept), model, kept)
        worth[subset] = probabilities[np.arange(len(batch)), emotion]
    return shapley(modalities, worth)


def shapley(
    modalities: tuple[str, ...], worth: Mapping[Subset, Float[np.ndarray, " utterance"]]
) -> Float[np.ndarray, "utterance 3"]:
    """Returns what each modality adds, in the mean over all orders in which they could come.

    Args:
        modalities: The players.
        worth: Of each subset of them.

    Source: Shapley 1953.
    """
    values = np.zeros((len(worth[()]), len(MODALITIES)))
    for m in modalities:
        for subset in worth:
            if m in subset:
                continue
            with_it = tuple(other for other in modalities if other == m or other in subset)
            orders = math.factorial(len(subset)) * math.factorial(len(modalities) - len(with_it))
            share = orders / math.factorial(len(modalities))
            values[:, MODALITIES.index(m)] += share * (worth[with_it] - worth[subset])
    return values
