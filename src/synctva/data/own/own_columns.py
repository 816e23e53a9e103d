"""One's own tables and archives: their columns under one name each, their times in seconds.

Columns may have the names that ``synctva.transcripts.columns`` lists, for every reader. In a
table with semicolons between its cells, numbers may have decimal commas.
"""

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from synctva.data.files.assemble import Place
from synctva.data.files.csv_file import csv_place, read_csv, require_columns, separator_of
from synctva.data.files.parquet_file import read_parquet
from synctva.emotions import MODALITIES
from synctva.errors import InputError, told_at
from synctva.files import GUARDED
from synctva.transcripts.columns import TIMES, Column, are_numbers, columns_of
from synctva.transcripts.table import NOBODY
from synctva.transcripts.times import check_rate, seconds_in, with_units

_NUMBERS = re.compile(rf"turn|({'|'.join(MODALITIES)})_\d+")
"""The columns of numbers that are no times."""


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
            there: ignoring it would lose what it says.
    """
    first: dict[str, str] = {}
    for name in names:
        own = name.strip().lower()
        if own in first:
            raise InputError(
                f"{path}: {what}s {first[own]!r} and {name!r} differ only in capitals and"
                " blanks; rename one"
            )
        first[own] = name
    for name in known:
        if name not in first and f"{name}s" in first:
            raise InputError(
                f"{path}: {what} {first[f'{name}s']!r} is not known; call it {name!r}, or by"
                " another name if it means something else"
            )
    return list(first)


def read_own_csv(path: Path, required: Iterable[str], known: Iterable[str]) -> pa.Table:
    """Returns a CSV file as ``read_csv`` does, its columns called by what they mean.

    Times are seconds, as numbers, null where empty; an end may be given by a duration.

    Raises:
        InputError: As ``read_csv``, ``own_names`` and ``columns_of``; or a time is none, or its
            unit is open.
    """
    table = read_csv(path, ())
    separator = separator_of(path)
    table = _unguarded(_named(path, table, required, known, csv_place(path), separator))
    if separator != ";":
        return table
    columns = {
        name: _with_points(column) if _NUMBERS.fullmatch(name) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pa.table(columns)


def read_own_parquet(path: Path, required: Iterable[str], known: Iterable[str]) -> pa.Table:
    """Returns a Parquet file likewise.

    Raises:
        InputError: As ``read_parquet``, and as ``read_own_csv``.
    """
    place = lambda row: f"{path}: row {row + 1}"  # noqa: E731
    return _named(path, read_parquet(path, ()), required, known, place, "")


def speaker_in(cell: str | None) -> str:
    """Returns the speaker that a cell names; ``speaker`` where it names nobody."""
    named = (cell or "").strip()
    return "speaker" if named.lower() in NOBODY else named


def cells_of(path: Path, table: pa.Table, column: str) -> list[str]:
    """Returns a column's cells as strings; null, NaN and empty are the same.

    Raises:
        InputError: It holds neither text nor numbers.
    """
    kind = table.column(column).type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InputError(f"{path}: column {column!r} holds {kind}; text or numbers are needed")
    values = table.column(column).to_pylist()
    return ["" if value is None or value != value else str(value) for value in values]


def _named(
    path: Path,
    table: pa.Table,
    required: Iterable[str],
    known: Iterable[str],
    place: Place,
    separator: str,
) -> pa.Table:
    """Returns a table with its columns called by what they mean, its times in seconds."""
    names = own_names(path, table.column_names, known)
    table = table.rename_columns(names)
    with told_at(lambda: f"{path}"):
        columns = columns_of(
            names, lambda number: are_numbers(cells_of(path, table, names[number]))
        )
    table = table.rename_columns([column.meaning for column in columns])
    require_columns(path, table.column_names, required)
    return _with_seconds(path, table, columns, place, separator)


def _with_seconds(
    path: Path, table: pa.Table, columns: Sequence[Column], place: Place, separator: str
) -> pa.Table:
    """Returns a table with columns ``start_s`` and ``end_s``, of numbers, where it has times."""
    used = [name for name in (*TIMES, "text") if name in table.column_names]
    if used in ([], ["text"]):
        return table
    cells = {name: cells_of(path, table, name) for name in used}
    rows = [dict(zip(used, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    with told_at(lambda: f"{path}"):
        units = {c.meaning: c for c in with_units(columns, rows) if c.meaning in TIMES}
    times: dict[str, list[float | None]] = {"start_s": [], "end_s": []}
    letters, spoken_s = 0, 0.0
    for number, row in enumerate(rows):
        with told_at(lambda number=number: place(number)):
            told = {n: seconds_in(row[n], column, separator) for n, column in units.items()}
            for name, time_s in told.items():
                if time_s is not None and not math.isfinite(time_s):
                    raise InputError(f"{name} {time_s} is not finite; correct it")
        start_s, end_s, duration_s = (told.get(name) for name in TIMES)
        if end_s is None and start_s is not None and duration_s is not None:
            end_s = round(start_s + duration_s, 6)
        times["start_s"].append(start_s)
        times["end_s"].append(end_s)
        if row.get("text") and start_s is not None and end_s is not None:
            letters, spoken_s = letters + len(row["text"]), spoken_s + end_s - start_s
    with told_at(lambda: f"{path}"):
        check_rate(columns, letters, spoken_s)
    kept = [name for name in table.column_names if name not in TIMES]
    seconds = {name: pa.array(column, pa.float64()) for name, column in times.items()}
    return pa.table({**{name: table.column(name) for name in kept}, **seconds})


def _unguarded(table: pa.Table) -> pa.Table:
    """Returns a table whose texts are what they were before they were ``guarded``."""
    options = pc.ReplaceSubstringOptions(GUARDED, r"\1")
    columns = {
        name: pc.call_function("replace_substring_regex", [column], options)
        if pa.types.is_string(column.type) and not _NUMBERS.fullmatch(name)
        else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pa.table(columns)


def _with_points(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns the cells of a column, a point in place of a cell's only comma."""
    return pc.call_function(
        "replace_substring_regex",
        [column],
        pc.ReplaceSubstringOptions(r"^([^,]*),([^,]*)$", r"\1.\2"),
    )
