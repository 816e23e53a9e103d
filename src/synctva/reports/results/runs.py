"""Sweeps read back: every recipe's result on every corpus, folds put together.

SWEEP/<corpus>/<recipe>/run.json or SWEEP/<corpus>/<recipe>/fold-<k>/run.json
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synctva.errors import InputError
from synctva.evaluation.bootstrap import Confusions, Resampled, estimates, resampled
from synctva.evaluation.calibration import calibration_error
from synctva.evaluation.prediction_files import read_probabilities
from synctva.evaluation.spread import spread
from synctva.reports.results.findings import Findings, together
from synctva.reports.results.parts import parts_of
from synctva.reports.results.predictions import Predicted
from synctva.reports.run.record import NETWORK
from synctva.run.description import RunDescription
from synctva.run.evaluation import Evaluation
from synctva.run.folder import RunFolder
from synctva.run.scores import Score
from synctva.run.words import SCORES
from synctva.tables import toml_in

if TYPE_CHECKING:
    from synctva.recipe import Recipe


@dataclass(frozen=True)
class SplitResult:
    """What a recipe scores on one split, all folds together.

    Attributes:
        scores: Those of ``SCORES``, by name.
        f1: The F1 of every emotion.
        ece: Calibration error.
        support: How often each emotion occurs.
    """

    scores: Mapping[str, Score]
    f1: Mapping[str, Score]
    ece: Score
    support: Mapping[str, int]


@dataclass(frozen=True)
class RecipeResult:
    """A recipe on a corpus, trained with several seeds and evaluated.

    Attributes:
        path: SWEEP/corpus/recipe.
        name: What the recipe calls itself.
        recipe: Its keys, as ``model.width``, with their values.
        parts: What its model is made of on this corpus, whatever its sizes.
        is_whole: Whether these are the parts of the default recipe.
        within: It without its name and without what does nothing on this corpus.
        info: What was trained on what; of folds, the first one's.
        folds: How many; 1 where the corpus has a test split of its own.
        seeds: Those that were evaluated.
        parameters: Of one model.
        seconds_per_epoch: Mean over the seeds.
        test: Scores on the test split.
        valid: Scores on ``valid``, which chose the epochs.
        dialogues: Ids of the test dialogues.
        labels: How often each emotion occurs in each of them.
        confusion: Of the test split, summed over the seeds.
        draws: The test scores on resampled dialogues, for comparisons.
        findings: Robustness and calibration.
    """

    path: Path
    name: str
    recipe: Mapping[str, Any]
    parts: Mapping[str, Any]
    is_whole: bool
    within: "Recipe"
    info: RunDescription
    folds: int
    seeds: tuple[int, ...]
    parameters: int
    seconds_per_epoch: float
    test: SplitResult
    valid: SplitResult
    dialogues: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    confusion: list[list[int]]
    draws: Mapping[str, Resampled]
    findings: Findings

    @property
    def corpus(self) -> str:
        """The name of the corpus in the sweep."""
        return self.path.parent.name

    @property
    def stem(self) -> str:
        """The name of the recipe's file, without its ending."""
        return self.path.name

    @property
    def network(self) -> str:
        """The network's name in recipes."""
        return str(self.recipe.get("model.network", NETWORK))


@dataclass(frozen=True)
class LeftOut:
    """A run that the results do not show, and why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Sweep:
    """The results of one or several sweeps, in order of corpus and recipe."""

    results: tuple[RecipeResult, ...]
    left_out: tuple[LeftOut, ...]


def read_sweeps(folders: Sequence[Path]) -> Sweep:
    """Returns the results of sweeps; what is not yet evaluated is left out and listed.

    Raises:
        InputError: There are no runs, a run is damaged, or two sweeps hold the same recipe on the
            same corpus.
    """
    results: dict[tuple[str, str], RecipeResult] = {}
    left_out = []
    for folder in folders:
        for path, parts in _runs(folder):
            unready = next((part for part in parts if not part.evaluation.file.is_file()), None)
            if unready is not None:
                left_out.append(LeftOut(path, _why(unready)))
                continue
            key = (path.parent.name, path.name)
            if key in results:
                raise InputError(
                    f"{path}: {key[1]!r} on {key[0]!r} is in another of these sweeps too;"
                    " name sweeps of different recipes or corpora"
                )
            results[key] = _read(path, parts)
    if not results:
        places = ", ".join(map(str, folders)) or "no folder given"
        raise InputError(
            f"{places}: no evaluated runs at SWEEP/CORPUS/RECIPE; make them with `synctva sweep`"
            + "".join(f"; {one.path}: {one.why}" for one in left_out[:1])
        )
    return Sweep(tuple(results[key] for key in sorted(results)), tuple(left_out))


def _runs(folder: Path) -> Iterator[tuple[Path, list[RunFolder]]]:
    """Yields the folder of each recipe on each corpus, with the runs it is made of."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name what `synctva sweep` wrote into")
    for path in sorted(folder.glob("*/*/")):
        folds = [fold for fold in path.glob("fold-*/") if re.fullmatch(r"fold-\d+", fold.name)]
        if (path / "run.json").is_file():
            yield path, [RunFolder(path)]
        elif folds:
            folds.sort(key=lambda fold: int(fold.name.partition("-")[2]))
            yield path, [RunFolder(fold) for fold in folds]


def _why(run: RunFolder) -> str:
    if not run.description.is_file() or not any(run.finished_seeds()):
        return f"{run.path.name} is not trained yet"
    return f"{run.path.name} is not evaluated yet: `synctva evaluate {run.path}`"


def _read(path: Path, parts: list[RunFolder]) -> RecipeResult:
    from synctva.recipe import Recipe, flat, load_recipe

    infos = [part.describe() for part in parts]
    recipe = flat(_read_toml(parts[0].recipe))
    found = [part.evaluation.read() for part in parts]
    if any(info.schema != infos[0].schema for info in infos):
        raise InputError(f"{path}: its folds have different emotions; they must be of one corpus")
    own = [{scored.seed for scored in one.per_seed} for one in found]
    seeds = tuple(sorted(set.intersection(*own)))
    if not seeds:
        raise InputError(f"{path}: its folds have no seed in common; run `synctva sweep` again")
    emotions, there = infos[0].emotions, infos[0].dims
    within = load_recipe(parts[0].recipe).within(there)
    splits = {split: Predicted.read(parts, seeds, split, emotions) for split in ("test", "valid")}
    weights = [sum(one.support.get("test", {}).values()) for one in found]
    test = splits["test"].counts
    return RecipeResult(
        path=path,
        name=infos[0].name,
        recipe=recipe,
        parts=parts_of(within),
        is_whole=parts_of(within) == parts_of(Recipe().within(there)),
        within=within,
        info=infos[0],
        folds=len(parts),
        seeds=seeds,
        parameters=max(one.parameters for one in found),
        seconds_per_epoch=float(np.mean([one.seconds_per_epoch for one in found])),
        test=_split(test, emotions, _ece(parts, found, seeds, "test")),
        valid=_split(splits["valid"].counts, emotions, _ece(parts, found, seeds, "valid")),
        dialogues=splits["test"].ids,
        labels=tuple(map(tuple, test[0].sum(-1).tolist())),
        confusion=test.sum((0, 1)).tolist(),
        draws=resampled(test),
        findings=together(found, weights),
    )


def _split(counts: Confusions, emotions: tuple[str, ...], ece: Score) -> SplitResult:
    found = estimates(counts, emotions)
    support = counts[0].sum((0, 2)).tolist()
    return SplitResult(
        {name: getattr(found, name) for name in SCORES},
        found.f1,
        ece,
        dict(zip(emotions, support, strict=True)),
    )


def _ece(
    parts: list[RunFolder], found: list[Evaluation], seeds: tuple[int, ...], split: str
) -> Score:
    """Returns the calibration error, of folds that of all their predictions together.

    The mean of the folds' own would be higher, as few predictions look miscalibrated by chance.
    """
    if len(parts) == 1:
        return getattr(found[0], split).ece
    errors = []
    for seed in seeds:
        said = [read_probabilities(part.evaluation, seed, split) for part in parts]
        probabilities, emotion = (np.concatenate(one) for one in zip(*said, strict=True))
        errors.append(calibration_error(probabilities, emotion))
    return spread(errors)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return toml_in(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: missing or damaged; run `synctva train` again") from error
