"""Archives of MELD's features: which row of the official tables each entry belongs to."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int

from synctva.data.corpora.meld import FILES
from synctva.data.files.npz_file import whole_numbers_in
from synctva.errors import InputError

Key = tuple[str, int, int]
"""Split, dialogue and utterance."""


def rows_of_entries(
    path: Path, arrays: Mapping[str, np.ndarray], splits: list[str], rows: Mapping[Key, int]
) -> Int[np.ndarray, " entry"]:
    """Returns for each entry of an archive the row that it belongs to.

    Args:
        path: The archive.
        arrays: ``dialogue`` and ``utterance`` of its entries.
        splits: The split of each entry.
        rows: The rows of the tables.

    Raises:
        InputError: An entry stands twice, or in no table.
    """
    numbers = [whole_numbers_in(path, name, arrays[name]) for name in ("dialogue", "utterance")]
    places: dict[Key, int] = {}
    for number, key in enumerate(zip(splits, *numbers, strict=True), start=1):
        if key not in rows or key in places:
            wrong = "stands twice" if key in places else f"is not in {FILES[key[0]]}"
            raise InputError(f"{path}: row {number}: dia{key[1]}_utt{key[2]} {wrong}; correct it")
        places[key] = rows[key]
    return np.array(list(places.values()), dtype=np.int64)


def numbers_in(path: Path, name: str, values: np.ndarray) -> Float32[np.ndarray, "entry dim"]:
    """Returns an array of features; it may hold NaN.

    Raises:
        InputError: It is no table of numbers, or one is infinite.
    """
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise InputError(f"{path}: array {name!r} is not a table of numbers, one row each")
    numbers = values.astype(np.float32)
    for row in np.flatnonzero(np.isinf(numbers).any(axis=1))[:1].tolist():
        raise InputError(
            f"{path}: row {row + 1}: {name} holds infinity; extract the features again"
        )
    return numbers


def by_row(
    values: Float32[np.ndarray, "entry dim"], places: Int[np.ndarray, " entry"], count: int
) -> Float32[np.ndarray, "row dim"]:
    """Returns the features of the tables' rows; NaN in those without an entry."""
    filled = np.full((count, values.shape[1]), np.nan, dtype=np.float32)
    filled[places] = values
    return filled
