"""Is one run better than another? Paired, over the same dialogues."""

from dataclasses import dataclass
from pathlib import Path

from synctva.errors import InputError
from synctva.evaluation.bootstrap import Difference, paired_difference
from synctva.evaluation.metrics import SCORES
from synctva.evaluation.prediction_files import read_counts
from synctva.run.folder import RunFolder


@dataclass(frozen=True)
class Comparison:
    """A run held against the first one named.

    Attributes:
        run: The run's folder.
        first: The folder of the run that it is held against.
        differences: By score, how far the first run is above this one on ``test``.
    """

    run: Path
    first: Path
    differences: dict[str, Difference]


def compare(first: Path, others: list[Path]) -> list[Comparison]:
    """Returns how far the first run is above each other one, with intervals and p-values.

    Raises:
        InputError: A run is not evaluated, or its test dialogues or emotions are others.
    """
    emotions = RunFolder(first).describe()["schema"]["emotions"]
    ids, ours = read_counts(RunFolder(first), "test")
    comparisons = []
    for path in others:
        other_ids, theirs = read_counts(RunFolder(path), "test")
        if other_ids != ids or RunFolder(path).describe()["schema"]["emotions"] != emotions:
            raise InputError(
                f"{path}: its test dialogues or emotions are not those of {first}; compare runs"
                " on the same corpus"
            )
        if (ours[0].sum(-1) != theirs[0].sum(-1)).any():
            raise InputError(f"{path}: the emotions of its test dialogues are not those of {first}")
        differences = {score: paired_difference(ours, theirs, score) for score in SCORES}
        comparisons.append(Comparison(path, first, differences))
    return comparisons
