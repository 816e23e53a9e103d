"""One's own features as one NumPy archive (.npz), an entry per utterance.

Arrays: ``dialogue``, ``turn``, ``speaker``, ``split``, ``emotion`` (strings; empty = unlabelled),
``names`` (the emotions in order), ``text``, ``audio``, ``visual`` (utterance, width; width 0 = the
corpus lacks the modality), ``present`` (utterance, 3). Needed are ``dialogue``, ``emotion``,
``names`` and one modality; left out, turns count in order of the rows, there is one speaker,
dialogues are split 80/10/10, and every utterance has every modality. Capitals in an array's name
make no difference.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus, Description, Features
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.npz_file import read_npz, require_arrays, same_length, words_in
from synctva.data.kind import Kind
from synctva.data.own.own_columns import own_names, speaker_in
from synctva.emotions import MODALITIES, schema_in_order
from synctva.errors import InputError, told_at

REQUIRED = ("dialogue", "emotion", "names")
OPTIONAL = ("turn", "speaker", "split")
ARRAYS = (*REQUIRED, *OPTIONAL, *MODALITIES, "present")


def read_arrays(source: Path, name: str | None = None) -> Corpus:
    """Returns the corpus in a ``.npz`` of one's own.

    Args:
        source: The file.
        name: The corpus's name, also that of its features; the file's name by default.

    Raises:
        InputError: An array is missing, damaged or of another length; an emotion is not among
            ``names``; a present feature is NaN or infinite.
    """
    arrays = _arrays(source)
    by_row = {key: arrays[key] for key in (*REQUIRED[:2], *OPTIONAL) if key in arrays}
    tables = {m: _table(source, m, arrays[m]) for m in MODALITIES if m in arrays}
    count = same_length(source, {**by_row, **tables})
    if not any(table.shape[1] for table in tables.values()):
        raise InputError(f"{source}: no features; add one of {', '.join(MODALITIES)} with a width")
    present = _present(source, arrays.get("present"), count)
    names = words_in(source, "names", arrays["names"])
    with told_at(lambda: f"{source}: array 'names'"):
        schema = schema_in_order(names)
    extractor = Description("own", settings={"corpus": name or source.stem})
    features = {}
    for number, modality in enumerate(MODALITIES):
        if modality in tables and tables[modality].shape[1]:
            here = present[:, number]
            values = np.where(here[:, None], tables[modality], 0).astype(np.float32)
            _refuse_nan(source, modality, values)
            features[modality] = Features(values, here, extractor)

    def place(row: int) -> str:
        return f"{source}: row {row + 1}"

    words = {key: words_in(source, key, array) for key, array in by_row.items()}
    rows = [_row(words, row, place(row)) for row in range(count)]
    return assemble(name or source.stem, schema, rows, features, source, place)


def _arrays(source: Path) -> dict[str, np.ndarray]:
    """Returns the arrays by their names in small letters."""
    arrays = read_npz(source, ())
    names = own_names(source, list(arrays), ARRAYS, "array")
    require_arrays(source, names, REQUIRED)
    return dict(zip(names, arrays.values(), strict=True))


def _table(source: Path, modality: str, array: np.ndarray) -> np.ndarray:
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise InputError(
            f"{source}: array {modality!r} is {array.dtype} of shape {array.shape};"
            " a table of numbers (utterance, width) is needed"
        )
    return array


def _present(source: Path, array: np.ndarray | None, count: int) -> np.ndarray:
    """Returns which modalities each utterance has; all of them where the file does not say."""
    if array is None:
        return np.ones((count, len(MODALITIES)), dtype=np.bool_)
    if array.shape != (count, len(MODALITIES)) or array.dtype.kind not in "biu":
        raise InputError(
            f"{source}: array 'present' is {array.dtype} of shape {array.shape};"
            f" booleans of shape ({count}, {len(MODALITIES)}) are needed"
        )
    return array.astype(np.bool_)


def _refuse_nan(source: Path, modality: str, values: np.ndarray) -> None:
    for row, column in np.argwhere(~np.isfinite(values))[:1].tolist():
        raise InputError(
            f"{source}: row {row + 1}: {modality} column {column} is NaN or infinite; extract the"
            " features again, or set 'present' to False there"
        )


def _row(words: Mapping[str, Sequence[str]], row: int, place: str) -> UtteranceRow:
    cells = {key: column[row] for key, column in words.items()}
    try:
        turn = int(cells["turn"]) if "turn" in cells else None
    except ValueError as error:
        raise InputError(f"{place}: turn {cells['turn'][:40]!r} is not a whole number") from error
    return UtteranceRow(
        dialogue=cells["dialogue"],
        emotion=cells["emotion"],
        turn=turn,
        speaker=speaker_in(cells.get("speaker")),
        split=cells.get("split"),
    )


def is_archive(path: Path) -> bool:
    """Returns whether a path is an archive, by its name."""
    return path.is_file() and path.suffix.lower() == ".npz"


KIND = Kind("npz", is_archive, read_arrays, ("name", "fold"))
