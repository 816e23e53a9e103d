"""Predictions read back as confusion matrices: those of all folds, dialogue by dialogue."""

from dataclasses import dataclass

import numpy as np

from synctva.errors import InputError
from synctva.evaluation.bootstrap import Confusions
from synctva.evaluation.prediction_files import read_seed_counts
from synctva.run.folder import RunFolder


@dataclass(frozen=True)
class Predicted:
    """The dialogues of a split, and what was predicted for them.

    Attributes:
        ids: Of the dialogues, those of all folds one after the other.
        counts: Their confusion matrices.
    """

    ids: tuple[str, ...]
    counts: Confusions

    @classmethod
    def read(
        cls, parts: list[RunFolder], seeds: tuple[int, ...], split: str, emotions: tuple[str, ...]
    ) -> "Predicted":
        """Returns the predictions of all folds of a recipe.

        Raises:
            InputError: A file is missing or damaged, or folds and seeds do not fit together.
        """
        ids: list[str] = []
        counts = []
        for part in parts:
            found = [read_seed_counts(part.evaluation, seed, split) for seed in seeds]
            if any(own != found[0][0] for own, _ in found):
                raise InputError(f"{part.path}: seeds differ in dialogues; evaluate it again")
            ids += found[0][0]
            counts.append(np.stack([own for _, own in found]))
        if len(set(ids)) < len(ids):
            raise InputError(
                f"{parts[0].path.parent}: a dialogue is in the split {split!r} of two folds"
            )
        return cls(tuple(ids), np.concatenate(counts, axis=1))
