"""MELD's dev split with text and audio features that others have published, to cross-validate on.

Citation: Poria, Hazarika, Majumder, Naik, Cambria, Mihalcea: MELD: A Multimodal Multi-Party
    Dataset for Emotion Recognition in Conversations. ACL 2019.
Source: features from https://github.com/iosonopersia/Multimodal-Emotion-Recognition;
    ``dev_sent_emo.csv`` from https://github.com/declare-lab/MELD.
Licence: GPL-3.0 (the label file).
Emotions: neutral, surprise, fear, sadness, joy, disgust, anger (``meld-7``).

The features are of RoBERTa, fine-tuned on MELD and looking one utterance ahead, and of wav2vec2.
Dev has no splits of its own: dialogues are split 80/10/10, or into folds. Scores on it compare
among each other only, not with published ones on MELD's test split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from synctva.corpus import Corpus, Description, Features
from synctva.data.corpora.meld import COLUMNS, FILES, meld_rows
from synctva.data.files.assemble import assemble
from synctva.data.files.csv_file import csv_place
from synctva.data.files.npz_file import npz_names, read_npz, same_length
from synctva.data.kind import Kind
from synctva.emotions import schema_named
from synctva.errors import InputError

FILE = "dev_features.npz"
ARRAYS = ("dialogue", "utterance", "text", "audio")
NAME = "meld-dev"
SCHEMA = "meld-7"
EXTRACTORS = {
    "text": "RoBERTa, fine-tuned on MELD, sees the next utterance",
    "audio": "wav2vec2",
}
"""Modality -> what its features are of."""


def read_meld_dev_features(source: Path) -> Corpus:
    """Returns MELD's dev split with its features, from the archive or the folder that holds it.

    Words, speakers and emotions come from ``dev_sent_emo.csv`` beside the archive. An utterance
    that the archive lacks (dia110_utt7 has no official clip) keeps its place in the dialogue,
    without features.

    Raises:
        InputError: A file or an array is missing, lengths differ, features hold NaN, or the
            archive has an utterance twice or one that the table lacks.
    """
    path = source / FILE if source.is_dir() else source
    arrays = read_npz(path, ARRAYS)
    same_length(path, {name: arrays[name] for name in ARRAYS})
    table = path.with_name(FILES["valid"])
    if not table.is_file():
        raise InputError(f"{table}: no such file; it belongs beside {path.name} (from MELD)")
    found = meld_rows(table, "valid", COLUMNS[SCHEMA])
    rows = [replace(row, split=None) for _, row in found]
    places = _places(path, arrays, [key for key, _ in found])
    features = {m: _features(path, m, arrays[m], places, len(rows)) for m in EXTRACTORS}
    return assemble(NAME, schema_named(SCHEMA), rows, features, table, csv_place(table))


def _places(
    path: Path, arrays: Mapping[str, np.ndarray], keys: Sequence[tuple[int, int]]
) -> Int[np.ndarray, " entry"]:
    """Returns for each entry of the archive the row of the table that it belongs to."""
    for name in ("dialogue", "utterance"):
        if arrays[name].ndim != 1 or arrays[name].dtype.kind not in "iu":
            raise InputError(f"{path}: array {name!r} must hold one whole number per utterance")
    rows = {key: row for row, key in enumerate(keys)}
    places: dict[tuple[int, int], int] = {}
    entries = zip(arrays["dialogue"].tolist(), arrays["utterance"].tolist(), strict=True)
    for number, key in enumerate(entries, start=1):
        if key not in rows or key in places:
            wrong = "stands twice" if key in places else f"is not in {FILES['valid']}"
            raise InputError(f"{path}: row {number}: dia{key[0]}_utt{key[1]} {wrong}; correct it")
        places[key] = rows[key]
    return np.array(list(places.values()), dtype=np.int64)


def _features(
    path: Path,
    modality: str,
    values: np.ndarray,
    places: Int[np.ndarray, " entry"],
    count: int,
) -> Features:
    """Returns a modality's features, row by row of the table; rows without an entry lack it."""
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise InputError(f"{path}: array {modality!r} is not a table of numbers, one row each")
    for row in np.flatnonzero(~np.isfinite(values).all(axis=1))[:1].tolist():
        raise InputError(
            f"{path}: row {row + 1}: {modality} holds NaN or infinity; extract the features again"
        )
    filled = np.zeros((count, values.shape[1]), dtype=np.float32)
    filled[places] = values
    present = np.zeros(count, dtype=np.bool_)
    present[places] = True
    extractor = Description("published", settings={"corpus": NAME, modality: EXTRACTORS[modality]})
    return Features(filled, present, extractor)


def is_archive(path: Path) -> bool:
    """Returns whether a path is the archive, by its arrays."""
    is_npz = path.suffix.lower() == ".npz" and path.is_file()
    return is_npz and set(ARRAYS) == set(npz_names(path))


KIND = Kind("meld-dev-features", is_archive, read_meld_dev_features, ("fold",))
