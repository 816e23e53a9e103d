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

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from synctva.corpus import Corpus, Description, Features
from synctva.data.corpora.meld import COLUMNS, FILES, meld_rows
from synctva.data.corpora.meld_archive import by_row, numbers_in, rows_of_entries
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
    known = {("valid", *key): number for number, (key, _) in enumerate(found)}
    places = rows_of_entries(path, arrays, ["valid"] * len(arrays["dialogue"]), known)
    features = {m: _features(path, m, arrays[m], places, len(rows)) for m in EXTRACTORS}
    return assemble(NAME, schema_named(SCHEMA), rows, features, table, csv_place(table))


def _features(
    path: Path,
    modality: str,
    values: np.ndarray,
    places: Int[np.ndarray, " entry"],
    count: int,
) -> Features:
    """Returns a modality's features, row by row of the table; rows without an entry lack it."""
    numbers = numbers_in(path, modality, values)
    for row in np.flatnonzero(np.isnan(numbers).any(axis=1))[:1].tolist():
        raise InputError(f"{path}: row {row + 1}: {modality} holds NaN; extract the features again")
    filled = by_row(numbers, places, count)
    present = np.asarray(~np.isnan(filled).any(axis=1))
    extractor = Description("published", settings={"corpus": NAME, modality: EXTRACTORS[modality]})
    return Features(np.nan_to_num(filled), present, extractor)


def is_archive(path: Path) -> bool:
    """Returns whether a path is the archive, by its arrays."""
    is_npz = path.suffix.lower() == ".npz" and path.is_file()
    return is_npz and set(ARRAYS) == set(npz_names(path))


KIND = Kind("meld-dev-features", is_archive, read_meld_dev_features, ("fold",))
