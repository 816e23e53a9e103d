"""The results over all corpora: places of the models, and the mean worth of every part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from synctva.evaluation.bootstrap import Difference
from synctva.reports.results.corpus import F1S, Ablation, CorpusResults, mean_difference
from synctva.reports.results.runs import RecipeResult

OURS = "Sync-TVA"
"""What tables over corpora call it, whatever its recipes are called."""


@dataclass(frozen=True)
class Place:
    """A model on all corpora.

    Attributes:
        name: The recipe's; ``OURS`` for Sync-TVA.
        is_ours: Whether it is Sync-TVA.
        results: By corpus; a corpus where it was not trained is left out.
        ranks: Its mean rank over these corpora, by score.
    """

    name: str
    is_ours: bool
    results: Mapping[str, RecipeResult]
    ranks: Mapping[str, float]


@dataclass(frozen=True)
class MeanAblation:
    """An ablation on all corpora.

    Attributes:
        name: The recipe's.
        changed: What it changes, as the first corpus has it.
        ablations: By corpus.
        differences: The mean over these corpora of how far it is above the full model, by score.
    """

    name: str
    changed: tuple[str, ...]
    ablations: Mapping[str, Ablation]
    differences: Mapping[str, Difference]


def places(corpora: Sequence[CorpusResults]) -> list[Place]:
    """Returns Sync-TVA and every baseline, the best mean rank in weighted F1 first."""
    found: dict[str, dict[str, RecipeResult]] = {}
    for corpus in corpora:
        for result in corpus.compared:
            key = OURS if result is corpus.ours else result.stem
            found.setdefault(key, {})[corpus.name] = result
    by_name = {corpus.name: corpus for corpus in corpora}
    unsorted = []
    for key, results in found.items():
        ranks = {
            score: float(np.mean([by_name[c].rank(result, score) for c, result in results.items()]))
            for score in F1S
        }
        name = OURS if key == OURS else next(iter(results.values())).name
        unsorted.append(Place(name, key == OURS, results, ranks))
    return sorted(unsorted, key=lambda place: place.ranks["weighted_f1"])


def mean_ablations(corpora: Sequence[CorpusResults]) -> list[MeanAblation]:
    """Returns every ablation with its mean over corpora, what is worth most first."""
    found: dict[str, dict[str, Ablation]] = {}
    for corpus in corpora:
        for ablation in corpus.ablations:
            found.setdefault(ablation.result.stem, {})[corpus.name] = ablation
    means = []
    for by_corpus in found.values():
        own = list(by_corpus.values())
        differences = {score: mean_difference(own, score) for score in F1S}
        means.append(MeanAblation(own[0].result.name, own[0].changed, by_corpus, differences))
    return sorted(means, key=lambda one: one.differences["weighted_f1"].mean)
