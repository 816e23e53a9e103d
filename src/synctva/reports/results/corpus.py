"""The results on one corpus: who is first, how surely, and what every part is worth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from synctva.evaluation.bootstrap import Difference, Resampled, difference, holm
from synctva.reports.results.runs import LeftOut, RecipeResult, Sweep
from synctva.reports.run.record import NETWORK
from synctva.run.scores import Score

F1S = ("weighted_f1", "macro_f1")
"""The scores that ranks, tests and ablations are about."""

RARE = 0.5
"""An emotion is rare if it occurs less than half as often as if all occurred alike."""

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Against:
    """Sync-TVA compared with a baseline.

    Attributes:
        baseline: The baseline.
        differences: How far Sync-TVA is above it, by score.
        corrected: The p-values, Holm-corrected over the baselines of the corpus, by score.
    """

    baseline: RecipeResult
    differences: Mapping[str, Difference]
    corrected: Mapping[str, float]

    def is_won(self, score: str) -> bool:
        """Returns whether Sync-TVA is significantly better."""
        return self.differences[score].mean > 0 and self.corrected[score] < SIGNIFICANT

    def is_lost(self, score: str) -> bool:
        """Returns whether the baseline is significantly better."""
        return self.differences[score].mean < 0 and self.corrected[score] < SIGNIFICANT


@dataclass(frozen=True)
class Ablation:
    """Sync-TVA with a difference.

    Attributes:
        result: What it scores.
        full: The Sync-TVA from which it differs least.
        changed: In what, such as ``model.gating: true → false``.
        differences: How far it is above the full model, by score; below 0, what it lacks helps.
    """

    result: RecipeResult
    full: RecipeResult
    changed: tuple[str, ...]
    differences: Mapping[str, Difference]


@dataclass(frozen=True)
class CorpusResults:
    """All results on a corpus.

    Attributes:
        name: The corpus's folder in the sweep.
        ours: The Sync-TVA that is compared and ranked; None where there is none.
        sizes: Its other recipes, such as ``lite`` and ``base``.
        baselines: The peers, the best weighted F1 first.
        against: Sync-TVA against each of them, in the same order.
        ablations: In order of their recipes.
        rare: The emotions that are rare in the test split.
    """

    name: str
    ours: RecipeResult | None
    sizes: tuple[RecipeResult, ...]
    baselines: tuple[RecipeResult, ...]
    against: tuple[Against, ...]
    ablations: tuple[Ablation, ...]
    rare: tuple[str, ...]

    @property
    def compared(self) -> tuple[RecipeResult, ...]:
        """Sync-TVA and its baselines, the best weighted F1 first."""
        ours = [] if self.ours is None else [self.ours]
        return tuple(sorted([*ours, *self.baselines], key=_weighted_f1, reverse=True))

    @property
    def results(self) -> tuple[RecipeResult, ...]:
        """All results: those compared, the other sizes, the ablations."""
        return (*self.compared, *self.sizes, *(ablation.result for ablation in self.ablations))

    def is_ours(self, result: RecipeResult) -> bool:
        """Returns whether a result is Sync-TVA as it is meant, in any size."""
        return any(result is own for own in (self.ours, *self.sizes))

    def rank(self, result: RecipeResult, score: str) -> int:
        """Returns the rank of one of the compared by its mean over seeds; 1 is the best."""
        own = result.test.scores[score].mean
        return 1 + sum(other.test.scores[score].mean > own for other in self.compared)


def by_corpus(sweep: Sweep) -> tuple[tuple[CorpusResults, ...], tuple[LeftOut, ...]]:
    """Returns the results of each corpus, and what is left out of them.

    A result whose test dialogues or emotions are not those of most others on its corpus cannot be
    compared with them, and is left out; so is one that is another's by another name.
    """
    corpora, left_out = [], list(sweep.left_out)
    for corpus in dict.fromkeys(result.corpus for result in sweep.results):
        found = [result for result in sweep.results if result.corpus == corpus]
        tests = [(one.info.schema.emotions, one.dialogues, one.labels) for one in found]
        usual = max(tests, key=tests.count)
        kept = [result for result, test in zip(found, tests, strict=True) if test == usual]
        left_out += [
            LeftOut(result.path, "its test dialogues are not those of the others on its corpus")
            for result, test in zip(found, tests, strict=True)
            if test != usual
        ]
        kept, again = _once(kept)
        left_out += again
        corpora.append(_grouped(corpus, _named_apart(kept)))
    return tuple(corpora), tuple(left_out)


def _once(results: Sequence[RecipeResult]) -> tuple[list[RecipeResult], list[LeftOut]]:
    """Returns the results of different models, and those of models that are there already.

    Recipes may differ in what a corpus does not have, such as the graph of a missing modality.
    """
    kept: list[RecipeResult] = []
    left_out = []
    for result in sorted(results, key=_preference):
        same = next((one.stem for one in kept if one.within == result.within), None)
        if same is None:
            kept.append(result)
        else:
            left_out.append(LeftOut(result.path, f"on {result.corpus} it is the same as {same}"))
    return sorted(kept, key=lambda one: one.stem), left_out


def _grouped(corpus: str, results: Sequence[RecipeResult]) -> CorpusResults:
    variants = sorted((r for r in results if r.network == NETWORK), key=_preference)
    ours = next((r for r in variants if _is_default(r) or r.is_whole), None)
    own = [r for r in variants if ours is not None and r.parts == ours.parts]
    baselines = sorted((r for r in results if r.network != NETWORK), key=_weighted_f1, reverse=True)
    ablated = [r for r in variants if ours is not None and r.parts != ours.parts]
    return CorpusResults(
        name=corpus,
        ours=ours,
        sizes=tuple(result for result in own if result is not ours),
        baselines=tuple(baselines),
        against=_against(ours, baselines) if ours else (),
        ablations=tuple(_ablation(result, own) for result in ablated),
        rare=_rare(results[0]),
    )


def _is_default(result: RecipeResult) -> bool:
    """Returns whether a recipe is, by its file, the one that is meant for its corpus."""
    return result.stem == "default" or result.corpus.startswith(result.stem)


def _preference(result: RecipeResult) -> tuple[int, str]:
    """Returns the place of a recipe when the one to be compared is chosen, never by its scores."""
    stem = result.stem
    order = (stem == result.corpus, stem == "default", _is_default(result), stem == "base")
    first = order.index(True) if True in order else len(order) + (not result.is_whole)
    return first, stem


def _against(ours: RecipeResult, baselines: Sequence[RecipeResult]) -> tuple[Against, ...]:
    found = [_differences(ours, baseline) for baseline in baselines]
    corrected = {score: holm([one[score].p for one in found]) for score in F1S}
    return tuple(
        Against(baseline, found[place], {score: corrected[score][place] for score in F1S})
        for place, baseline in enumerate(baselines)
    )


def _differences(one: RecipeResult, other: RecipeResult) -> dict[str, Difference]:
    return {score: difference(one.draws[score], other.draws[score]) for score in F1S}


def _ablation(result: RecipeResult, own: Sequence[RecipeResult]) -> Ablation:
    full = min(own, key=lambda one: len(changes(one, result)))
    return Ablation(result, full, changes(full, result), _differences(result, full))


def changes(full: RecipeResult, other: RecipeResult) -> tuple[str, ...]:
    """Returns the keys of the recipe that differ, as ``key: before → after``."""
    keys = dict.fromkeys([*full.recipe, *other.recipe])
    return tuple(
        f"{key}: {_word(full.recipe.get(key))} → {_word(other.recipe.get(key))}"
        for key in keys
        if key != "name" and full.recipe.get(key) != other.recipe.get(key)
    )


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def mean_difference(ablations: Sequence[Ablation], score: str) -> Difference:
    """Returns the mean over corpora of an ablation's difference from the full model.

    The corpora are resampled independently of each other.
    """
    shuffled = [
        _mean([(a.result.draws[score], a.full.draws[score])[which] for a in ablations])
        for which in (0, 1)
    ]
    return difference(shuffled[0], shuffled[1])


def _mean(corpora: Sequence[Resampled]) -> Resampled:
    draws = [
        np.random.default_rng(number).permutation(one.draws) for number, one in enumerate(corpora)
    ]
    return Resampled(float(np.mean([one.score for one in corpora])), np.mean(draws, axis=0))


def rare_f1(f1: Mapping[str, Score], rare: Iterable[str]) -> float:
    """Returns the mean F1 of the rare emotions."""
    return float(np.mean([f1[emotion].mean for emotion in rare]))


def _rare(result: RecipeResult) -> tuple[str, ...]:
    support = result.test.support
    even = sum(support.values()) / len(support)
    return tuple(emotion for emotion, count in support.items() if count < RARE * even)


def _named_apart(results: Sequence[RecipeResult]) -> list[RecipeResult]:
    """Returns the results, those of equal names told apart by their recipes' files."""
    names = [result.name for result in results]
    return [
        replace(result, name=f"{result.name} ({result.stem})")
        if names.count(result.name) > 1
        else result
        for result in results
    ]


def _weighted_f1(result: RecipeResult) -> float:
    return result.test.scores["weighted_f1"].mean
