"""Is one run better than another? Paired, over the same dialogues."""

from dataclasses import dataclass
from pathlib import Path

from synctva.errors import InputError
from synctva.evaluation.bootstrap import Difference, paired_difference
from synctva.evaluation.evaluated_run import place_on
from synctva.evaluation.prediction_files import read_counts
from synctva.features.store import open_store
from synctva.run.folder import EvaluationFolder, RunFolder
from synctva.run.words import SCORES


@dataclass(frozen=True)
class Comparison:
    """A run compared with the first one named.

    Attributes:
        run: The run's folder.
        first: The folder of the run that it is compared with.
        differences: By score, how far the first run is above this one on ``test``.
    """

    run: Path
    first: Path
    differences: dict[str, Difference]


def compare(first: Path, others: list[Path], store: Path | None = None) -> list[Comparison]:
    """Returns how far the first run is above each of the others, with intervals and p-values.

    Args:
        first: The run's folder.
        others: Those of the other runs.
        store: On which store they were evaluated; None = the one that each was trained on.

    Raises:
        InputError: There is no other run, one is not evaluated, or its test dialogues or emotions
            differ.
    """
    if not others:
        raise InputError("compare: name two runs or more, such as `synctva compare runs/a runs/b`")
    emotions = RunFolder(first).describe().emotions
    ids, ours = read_counts(_place(first, store), "test")
    comparisons = []
    for path in others:
        other_ids, theirs = read_counts(_place(path, store), "test")
        if other_ids != ids or RunFolder(path).describe().emotions != emotions:
            raise InputError(
                f"{path}: its test dialogues or emotions are not those of {first}; compare runs"
                " on the same corpus"
            )
        if (ours[0].sum(-1) != theirs[0].sum(-1)).any():
            raise InputError(f"{path}: the emotions of its test dialogues are not those of {first}")
        differences = {score: paired_difference(ours, theirs, score) for score in SCORES}
        comparisons.append(Comparison(path, first, differences))
    return comparisons


def _place(run: Path, store: Path | None) -> EvaluationFolder:
    folder = RunFolder(run)
    return folder.evaluation if store is None else place_on(folder, open_store(store))
