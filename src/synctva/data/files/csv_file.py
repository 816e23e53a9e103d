"""CSV files -> columns of strings, and the line a row stands in.

Cells are separated by commas, semicolons or tabs, whichever the line of names has most of.
"""

import csv
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.csv as pacsv

from synctva.data.files.assemble import Place
from synctva.errors import InputError, did_you_mean

Number = TypeVar("Number", int, float)

_BLOCK_BYTES = 1 << 24
"""Longest row that can be read: ten thousands of feature columns."""

csv.field_size_limit(max(csv.field_size_limit(), 2 * _BLOCK_BYTES))  # Arrow reads such cells too


_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def read_header(path: Path) -> list[str]:
    """Returns the column names of a CSV file.

    Raises:
        InputError: There is no such file, or it is empty or not UTF-8 text, or a column has no
            name or that of another.
    """
    try:
        line, cells = _header(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {_reason(error)}; a CSV file in UTF-8 is needed") from error
    names = [name.strip() for name in cells]
    if not any(names):
        raise InputError(f"{path}: line {line}: no column names; a header line is needed")
    for position, name in enumerate(names, start=1):
        if not name:
            raise InputError(f"{path}: line {line}: column {position} has no name; name it")
        if name in names[: position - 1]:
            raise InputError(f"{path}: line {line}: column {name!r} stands twice; rename one")
    return names


def read_csv(path: Path, required: Iterable[str]) -> pa.Table:
    """Returns a CSV file as a table of strings; an empty cell is an empty string.

    Raises:
        InputError: As ``read_header``; or a required column is missing, a row has too few or too
            many cells, a quote is never closed, or the file is not UTF-8.
    """
    names = read_header(path)
    require_columns(path, names, required)
    try:
        line, _ = _header(path)
        _refuse_uneven(path, len(names))  # pyarrow takes an open quote for the end of the file
        return pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(
                column_names=names,
                skip_rows=line - 1,  # blank ones before the header
                skip_rows_after_names=1,
                block_size=_BLOCK_BYTES,
            ),
            parse_options=pacsv.ParseOptions(delimiter=separator_of(path), newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {_reason(error)}; a CSV file in UTF-8 is needed") from error


def _refuse_uneven(path: Path, width: int) -> None:
    """Names the first line with too few or too many cells."""
    for line, cells in _lines(path):
        if len(cells) != width:
            raise InputError(
                f"{path}: line {line}: {len(cells)} cells for {width} columns;"
                f" put quotes around text with {_SEPARATORS[separator_of(path)]}, or add what is"
                " missing"
            )


def _header(path: Path) -> tuple[int, list[str]]:
    """Returns the line of the header, the first that is not blank, and its cells."""
    return next(_lines(path), (1, []))


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows that are not blank, and where each begins; a quoted cell may span lines.

    Raises:
        InputError: A quote is never closed, text follows one that closes a cell, or a cell is too
            long.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator_of(path), strict=True)
        line = 1
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            if "field limit" in str(error):
                raise InputError(
                    f"{path}: line {line}: a cell of more than {csv.field_size_limit():,}"
                    " characters; shorten it, or close its quote"
                ) from error
            raise InputError(
                f"{path}: line {line}: a quote opens here that is not closed as it should be"
                f' ({error}); close it, and double quotes inside a cell ("")'
            ) from error


def separator_of(path: Path) -> str:
    """Returns what separates the column names; Excel writes semicolons where commas are decimal."""
    with path.open(encoding="utf-8-sig") as file:
        lines = iter(partial(file.readline, _BLOCK_BYTES), "")
        return max(_SEPARATORS, key=next((line for line in lines if line != "\n"), "").count)


def require_columns(path: Path, names: Iterable[str], required: Iterable[str]) -> None:
    """Checks that a file has the columns.

    Raises:
        InputError: It lacks one; the message lists those it has.
    """
    names = list(names)
    for column in required:
        if column not in names:
            shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
            raise InputError(
                f"{path}: column {column!r} is missing; there are: {shown}."
                + did_you_mean(column, names)
            )


def csv_place(path: Path) -> Place:
    """Returns the function from a row's number to its line in the file."""

    def place(row: int) -> str:
        return f"{path}: line {_line(path, row)}"

    return place


def _line(path: Path, row: int) -> int:
    """Returns the line in which a row starts; a quoted cell may span several."""
    line, _ = next(islice(_lines(path), row + 1, None), (1, []))
    return line


def number_in(kind: type[Number], cell: str, column: str) -> Number | None:
    """Returns a cell as an int or a float; None where it is empty.

    Raises:
        InputError: It is not a number.
    """
    if not cell.strip():
        return None
    try:
        return kind(float(cell)) if kind is int and cell.strip().endswith(".0") else kind(cell)
    except (ValueError, OverflowError) as error:
        needed = "whole number" if kind is int else "number"
        raise InputError(f"{column} {cell[:40]!r} is not a {needed}; correct it") from error


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return " ".join(str(error).split())[:200]
