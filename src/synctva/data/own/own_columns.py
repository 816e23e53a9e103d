"""Own tables and archives: capitals and blanks around a name make no difference.

In a table with semicolons between its cells, numbers may have decimal commas.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from synctva.data.files.csv_file import read_csv, require_columns, separator_of
from synctva.data.files.parquet_file import read_parquet
from synctva.emotions import MODALITIES
from synctva.errors import InputError

_NUMBERS = re.compile(rf"turn|start_s|end_s|({'|'.join(MODALITIES)})_\d+")
"""The columns of numbers."""


def own_names(
    path: Path, names: Sequence[str], known: Iterable[str], what: str = "column"
) -> list[str]:
    """Returns the names in small letters, without blanks around them.

    Args:
        path: The file.
        names: As they stand in it.
        known: Those that mean something.
        what: What they name.

    Raises:
        InputError: Two of them become the same, or one is the plural of a known name that is not
            there: to ignore it would be to lose what it tells.
    """
    first: dict[str, str] = {}
    for name in names:
        own = name.strip().lower()
        if own in first:
            raise InputError(
                f"{path}: {what}s {first[own]!r} and {name!r} have one name but for capitals and"
                " blanks; rename one"
            )
        first[own] = name
    for name in known:
        if name not in first and f"{name}s" in first:
            raise InputError(
                f"{path}: {what} {first[f'{name}s']!r} is not known; call it {name!r}, or by"
                " another name if it tells something else"
            )
    return list(first)


def read_own_csv(path: Path, required: Iterable[str], known: Iterable[str]) -> pa.Table:
    """Returns a CSV file as ``read_csv`` does, with the names of ``own_names``.

    Raises:
        InputError: As ``read_csv`` and ``own_names``.
    """
    table = _renamed(path, read_csv(path, ()), required, known)
    if separator_of(path) != ";":
        return table
    columns = {
        name: _with_points(column) if _NUMBERS.fullmatch(name) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pa.table(columns)


def read_own_parquet(path: Path, required: Iterable[str], known: Iterable[str]) -> pa.Table:
    """Returns a Parquet file as ``read_parquet`` does, with the names of ``own_names``.

    Raises:
        InputError: As ``read_parquet`` and ``own_names``.
    """
    return _renamed(path, read_parquet(path, ()), required, known)


def _renamed(
    path: Path, table: pa.Table, required: Iterable[str], known: Iterable[str]
) -> pa.Table:
    names = own_names(path, table.column_names, known)
    require_columns(path, names, required)
    return table.rename_columns(names)


def _with_points(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns the cells of a column, a point in place of a cell's only comma."""
    return pc.call_function(
        "replace_substring_regex",
        [column],
        pc.ReplaceSubstringOptions(r"^([^,]*),([^,]*)$", r"\1.\2"),
    )
