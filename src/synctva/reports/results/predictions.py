"""Predictions read back as confusion matrices: those of all folds, dialogue by dialogue."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int

from synctva.errors import InputError
from synctva.evaluation.bootstrap import Confusions
from synctva.evaluation.metrics import confusions
from synctva.run_folder import RunFolder


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
            found = [
                _read_counts(part.seed(seed).predictions(split), emotions, part) for seed in seeds
            ]
            if any(own != found[0][0] for own, _ in found):
                raise InputError(f"{part.path}: seeds differ in dialogues; evaluate it again")
            ids += found[0][0]
            counts.append(np.stack([own for _, own in found]))
        if len(set(ids)) < len(ids):
            raise InputError(
                f"{parts[0].path.parent}: a dialogue is in the split {split!r} of two folds"
            )
        return cls(tuple(ids), np.concatenate(counts, axis=1))


def _read_counts(
    path: Path, emotions: tuple[str, ...], run: RunFolder
) -> tuple[list[str], Int[np.ndarray, "dialogue emotion predicted"]]:
    """Returns the dialogues' ids and a confusion matrix for each, of a seed's predictions."""
    try:
        rows = pq.read_table(path, columns=["dialogue", "emotion", "predicted"]).to_pydict()
        numbers = {emotion: number for number, emotion in enumerate(emotions)}
        places = {id: place for place, id in enumerate(dict.fromkeys(rows["dialogue"]))}
        counts = confusions(
            np.array([-1 if e is None else numbers[e] for e in rows["emotion"]]),
            np.array([numbers[e] for e in rows["predicted"]]),
            np.array([places[id] for id in rows["dialogue"]]),
            len(emotions),
        )
    except (OSError, KeyError, ValueError, pa.ArrowInvalid) as error:
        raise InputError(
            f"{path}: missing or damaged; run `synctva evaluate {run.path}` again"
        ) from error
    return list(places), counts
