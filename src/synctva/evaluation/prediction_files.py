"""Predictions as Parquet, a row per utterance: written by the protocol, read back as confusions."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float, Int

from synctva.corpus import Corpus
from synctva.errors import InputError
from synctva.evaluation.bootstrap import Confusions
from synctva.evaluation.metrics import confusions
from synctva.files import write_bytes
from synctva.parquet import read_parquet_table
from synctva.run.folder import EvaluationFolder


def write_predictions(
    place: EvaluationFolder,
    seed: int,
    split: str,
    corpus: Corpus,
    probabilities: Float[np.ndarray, "utterance emotion"],
) -> None:
    """Writes what a seed predicts for a split, atomically."""
    pairs = list(corpus.utterances())
    emotions = corpus.schema.emotions
    table = pa.table(
        {
            "dialogue": [dialogue.id for dialogue, _ in pairs],
            "turn": pa.array([utterance.turn for _, utterance in pairs], pa.int64()),
            "speaker": [utterance.speaker for _, utterance in pairs],
            "emotion": pa.array([utterance.emotion for _, utterance in pairs], pa.string()),
            "predicted": [emotions[number] for number in probabilities.argmax(1)],
            "probabilities": pa.FixedSizeListArray.from_arrays(
                pa.array(probabilities.astype(np.float32).reshape(-1)), len(emotions)
            ),
        }
    )
    content = pa.BufferOutputStream()
    pq.write_table(table, content, write_page_checksum=True)
    path = place.predictions(seed, split)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content.getvalue().to_pybytes())


def read_counts(place: EvaluationFolder, split: str) -> tuple[tuple[str, ...], Confusions]:
    """Returns the dialogues' ids, and the confusion matrices by seed, of an evaluation.

    Raises:
        InputError: The run has not been evaluated, or no seed of it is finished.
    """
    found = [read_seed_counts(place, n, split) for n, _ in place.run.finished_seeds()]
    if not found:
        raise InputError(
            f"{place.run.path}: no seed is finished; run the same `synctva train` again"
        )
    if any(ids != found[0][0] for ids, _ in found):
        raise InputError(f"{place.path}: seeds differ in dialogues; {place.remedy} again")
    return found[0][0], np.stack([counts for _, counts in found])


def read_probabilities(
    place: EvaluationFolder, seed: int, split: str
) -> tuple[Float[np.ndarray, "utterance emotion"], Int[np.ndarray, " utterance"]]:
    """Returns a seed's probabilities, and the emotions by number, -1 where there is none.

    Raises:
        InputError: They are missing or damaged.
    """
    rows = _read(place, seed, split, "emotion", "probabilities")
    return np.array(rows["probabilities"]), np.array(rows["emotion"])


def read_seed_counts(
    place: EvaluationFolder, seed: int, split: str
) -> tuple[tuple[str, ...], Int[np.ndarray, "dialogue emotion predicted"]]:
    """Returns the dialogues' ids and a confusion matrix for each, of a seed's predictions.

    Raises:
        InputError: They are missing or damaged.
    """
    rows = _read(place, seed, split, "dialogue", "emotion", "predicted")
    places = {id: place for place, id in enumerate(dict.fromkeys(rows["dialogue"]))}
    counts = confusions(
        np.array(rows["emotion"]),
        np.array(rows["predicted"]),
        np.array([places[id] for id in rows["dialogue"]]),
        len(place.run.describe().emotions),
    )
    return tuple(places), counts


def _read(place: EvaluationFolder, seed: int, split: str, *columns: str) -> dict[str, list[Any]]:
    """Returns columns of a seed's predictions; emotions are numbers, -1 where there is none."""
    numbers: dict[str | None, int] = {
        emotion: number for number, emotion in enumerate(place.run.describe().emotions)
    }
    numbers[None] = -1
    path = place.predictions(seed, split)
    if not path.is_file():
        raise InputError(
            f"{place.path}: not evaluated ({path.parent.name}/{path.name} is missing);"
            f" {place.remedy}"
        )
    try:
        table = read_parquet_table(path, columns)
        rows = {name: table[name].to_pylist() for name in columns}
        for name in {"emotion", "predicted"} & set(columns):
            rows[name] = [numbers[emotion] for emotion in rows[name]]
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path}: damaged; {place.remedy} again") from error
    return rows
