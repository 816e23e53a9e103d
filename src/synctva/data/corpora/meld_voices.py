"""MELD with its own voices: the official tables, and statistics of what is heard in the clips.

Citation: as in ``meld.py``, and as in ``voice_statistics.py``.
Source: statistics from https://github.com/zehuiwu/SpeechCueLLM, faces from
    https://github.com/hguuuu/MML; tables from https://github.com/declare-lab/MELD.
Licence: GPL-3.0 (the label files).
Emotions: neutral, surprise, fear, sadness, joy, disgust, anger (``meld-7``).

The archive has faces too, but none of the training split: ``meld_faces.py`` reads those.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int

from synctva.corpus import Corpus, Description, Features
from synctva.data.corpora.meld import COLUMNS, FACTS, FILES, meld_rows
from synctva.data.corpora.meld_archive import Key, by_row, numbers_in, rows_of_entries
from synctva.data.corpora.voice_statistics import STATISTICS, voice_features
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.csv_file import csv_place
from synctva.data.files.npz_file import npz_names, read_npz, same_length, words_in
from synctva.data.kind import Kind
from synctva.data.split import split_named
from synctva.dialogue import SPLITS
from synctva.emotions import schema_named
from synctva.errors import InputError, told_at

FILE = "audio8_visual105.npz"
ARRAYS = ("split", "dialogue", "utterance", "speaker", "audio", "audio_names", "visual")
SCHEMA = "meld-7"


def read_meld_voices(source: Path) -> Corpus:
    """Returns MELD on its official splits with eight statistics of each utterance's voice.

    Raises:
        InputError: As ``read_archive``.
    """
    return read_archive(source, FACTS.name, SPLITS)


def read_archive(
    source: Path, name: str, splits: Sequence[str], *, has_faces: bool = False
) -> Corpus:
    """Returns splits of MELD from the archive, or the folder that holds it, and the tables beside.

    Words, speakers, emotions and times come from the tables. An utterance that the archive lacks
    keeps its place in its dialogue, without voice or face.

    Args:
        source: The archive or its folder.
        name: The corpus's name.
        splits: Those to read; entries of others are left out.
        has_faces: Read the faces, too.

    Raises:
        InputError: A file or an array is missing, lengths or statistics are not what they should
            be, or an entry is in no table, stands twice, or has another speaker there.
    """
    path = source / FILE if source.is_dir() else source
    arrays = read_npz(path, ARRAYS)
    same_length(path, {array: arrays[array] for array in ARRAYS if array != "audio_names"})
    if tuple(words_in(path, "audio_names", arrays["audio_names"])) != STATISTICS:
        raise InputError(f"{path}: array 'audio_names' is not {', '.join(STATISTICS)}")
    keys, rows, places = _table_rows(path, splits)
    kept, of_entry = _matched(path, arrays, splits, keys, rows)
    learnt = "train" if "train" in splits else "valid"
    is_training = np.array([split == learnt for split, _, _ in keys])
    heard = by_row(_voices(path, arrays["audio"])[kept], of_entry, len(rows))
    features = {"audio": voice_features(heard, is_training, STATISTICS, name)}
    if has_faces:
        seen = by_row(_faces(path, arrays["visual"])[kept], of_entry, len(rows))
        described = Description("published", settings={"corpus": name, "visual": "OpenFace"})
        present = np.asarray(~np.isnan(seen).any(axis=1))
        features["visual"] = Features(np.nan_to_num(seen), present, described)

    def place(number: int) -> str:
        table, line = places[number]
        return csv_place(table)(line)

    return assemble(name, schema_named(SCHEMA), rows, features, path, place)


def _table_rows(
    path: Path, splits: Sequence[str]
) -> tuple[list[Key], list[UtteranceRow], list[tuple[Path, int]]]:
    """Returns the rows of the tables beside an archive, their keys, and where they stand."""
    keys, rows, places = [], [], []
    for split in splits:
        table = path.with_name(FILES[split])
        if not table.is_file():
            raise InputError(f"{table}: no such file; it belongs beside {path.name} (from MELD)")
        found = meld_rows(table, split, COLUMNS[SCHEMA])
        keys += [(split, *key) for key, _ in found]
        rows += [row for _, row in found]
        places += [(table, number) for number in range(len(found))]
    return keys, rows, places


def _matched(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    splits: Sequence[str],
    keys: Sequence[Key],
    rows: Sequence[UtteranceRow],
) -> tuple[Int[np.ndarray, " entry"], Int[np.ndarray, " entry"]]:
    """Returns the entries of the splits, and the row that each belongs to."""
    words = words_in(path, "split", arrays["split"])
    with told_at(lambda: f"{path}: array 'split'"):
        known = {word: split_named(word) for word in set(words)}
    kept = np.flatnonzero([known[word] in splits for word in words])
    entries = {name: arrays[name][kept] for name in ("dialogue", "utterance")}
    numbers = {key: number for number, key in enumerate(keys)}
    of_entry = rows_of_entries(path, entries, [known[words[n]] for n in kept], numbers)
    speakers = words_in(path, "speaker", arrays["speaker"])
    for entry, row in zip(kept.tolist(), of_entry.tolist(), strict=True):
        if speakers[entry].strip() != rows[row].speaker:
            raise InputError(
                f"{path}: row {entry + 1}: {speakers[entry]!r} speaks here, and"
                f" {rows[row].speaker!r} in {FILES[keys[row][0]]}; use archive and tables of one"
                " numbering"
            )
    return kept, of_entry


def _voices(path: Path, values: np.ndarray) -> Float32[np.ndarray, "entry statistic"]:
    numbers = numbers_in(path, "audio", values)
    if numbers.shape[1] != len(STATISTICS):
        raise InputError(
            f"{path}: array 'audio' has {numbers.shape[1]} columns, and {len(STATISTICS)} names"
        )
    return numbers


def _faces(path: Path, values: np.ndarray) -> Float32[np.ndarray, "entry dim"]:
    """Returns the faces; a row is NaN altogether, or not at all."""
    numbers = numbers_in(path, "visual", values)
    unknown = np.isnan(numbers)
    for row in np.flatnonzero(unknown.any(axis=1) & ~unknown.all(axis=1))[:1].tolist():
        raise InputError(
            f"{path}: row {row + 1}: visual has some numbers NaN; fill them, or make the whole row"
            " NaN where no face was found"
        )
    return numbers


def is_archive(path: Path) -> bool:
    """Returns whether a path is the archive, by its arrays."""
    is_npz = path.suffix.lower() == ".npz" and path.is_file()
    return is_npz and set(ARRAYS) <= set(npz_names(path))


def has_train(path: Path) -> bool:
    """Returns whether the table of the training split is beside an archive."""
    return path.with_name(FILES["train"]).is_file()


KIND = Kind("meld-voices", lambda path: is_archive(path) and has_train(path), read_meld_voices)
