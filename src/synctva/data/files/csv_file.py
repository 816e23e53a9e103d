"""CSV files -> columns of strings, and the line a row stands in.

Cells are separated by commas, semicolons, tabs or bars, whichever the line of names has most of,
or as Excel's line ``sep=;`` above it says; the text is UTF-8, or UTF-16 with a byte order mark.
Columns without a name at the left, where pandas and R write the numbers of rows, are left out, and
so are empty ones.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.csv as pacsv

from synctva.data.files.assemble import Place
from synctva.errors import InputError, did_you_mean, told_at
from synctva.transcripts.columns import check_width
from synctva.transcripts.table_form import (
    SEPARATORS,
    Form,
    encoding_of,
    form_in,
    is_before_names,
)

Number = TypeVar("Number", int, float)

_BLOCK_BYTES = 1 << 24
"""Longest row that can be read: ten thousands of feature columns."""

csv.field_size_limit(max(csv.field_size_limit(), 2 * _BLOCK_BYTES))  # Arrow reads such cells too


def read_header(path: Path) -> list[str]:
    """Returns the column names of a CSV file.

    Raises:
        InputError: There is no such file, or it is empty or not UTF-8 text, or two columns have
            one name, or there are too many.
    """
    return [name for name in _names(path) if name]


def _names(path: Path) -> list[str]:
    """Returns the names of all columns; empty where one has none."""
    try:
        line, cells = _header(path)
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: {_reason(error)}; a CSV file in UTF-8 is needed") from error
    with told_at(lambda: f"{path}: line {line}"):
        check_width(cells)
    names = [name.strip() for name in cells]
    if not any(names):
        raise InputError(f"{path}: line {line}: no column names; a header line is needed")
    for name in repeated(names):
        raise InputError(f"{path}: line {line}: column {name!r} stands twice; rename one")
    return names


def read_csv(path: Path, required: Iterable[str]) -> pa.Table:
    """Returns a CSV file as a table of strings; an empty cell is an empty string.

    Raises:
        InputError: As ``read_header``; or a required column is missing, one without a name is not
            empty, a row has too few or too many cells, a quote is never closed, or the file is
            not UTF-8.
    """
    names = _names(path)
    require_columns(path, [name for name in names if name], required)
    places = [name or f"\0{position}" for position, name in enumerate(names, start=1)]
    try:
        line, _ = _header(path)
        _refuse_uneven(path, len(names))  # pyarrow takes an open quote for the end of the file
        table = pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(
                column_names=places,
                skip_rows=line - 1,  # what stands before the header
                skip_rows_after_names=1,
                block_size=_BLOCK_BYTES,
                encoding=encoding_of(path).removesuffix("-sig"),
            ),
            parse_options=pacsv.ParseOptions(delimiter=separator_of(path), newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()),
                strings_can_be_null=False,
                null_values=[],  # each column would hold a copy of these words
                true_values=[],
                false_values=[],
            ),
        )
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise InputError(f"{path}: {_reason(error)}; a CSV file in UTF-8 is needed") from error
    return _named_only(path, table, names)


def _named_only(path: Path, table: pa.Table, names: list[str]) -> pa.Table:
    """Returns a table without the columns that have no name.

    Raises:
        InputError: Such a column is not at the left, and not empty.
    """
    kept, is_left = [], True
    for position, name in enumerate(names):
        is_left = is_left and not name
        if name:
            kept.append(position)
        elif not is_left and any(cell.strip() for cell in table.column(position).to_pylist()):
            line, _ = _header(path)
            raise InputError(f"{path}: line {line}: column {position + 1} has no name; name it")
    return table.select(kept)


def _refuse_uneven(path: Path, width: int) -> None:
    """Names the first line with too few or too many cells."""
    for line, cells in _lines(path):
        if len(cells) != width:
            raise InputError(
                f"{path}: line {line}: {len(cells)} cells for {width} columns;"
                f" put quotes around text with {SEPARATORS[separator_of(path)]}, or add what is"
                " missing"
            )


def _header(path: Path) -> tuple[int, list[str]]:
    """Returns the line of the header, and its cells."""
    return next(_lines(path), (1, []))


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields the header and the rows that are not blank, and where each begins.

    A quoted cell may span lines.

    Raises:
        InputError: A quote is never closed, text follows one that closes a cell, or a cell is too
            long.
    """
    form = _form(path)
    with path.open(encoding=encoding_of(path), newline="") as file:
        reader = csv.reader(file, delimiter=form.separator, strict=True)
        line = 1
        try:
            for cells in reader:
                if cells and line > form.skipped:
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
    return _form(path).separator


def _form(path: Path) -> Form:
    head: list[str] = []
    with path.open(encoding=encoding_of(path)) as file:
        for line in iter(partial(file.readline, _BLOCK_BYTES), ""):
            head.append(line)
            if not is_before_names(line):
                break
    return form_in("".join(head))


def repeated(names: Iterable[str]) -> list[str]:
    """Returns the names that stand twice, those of columns without one left out."""
    return [name for name, count in Counter(names).items() if name and count > 1]


def require_columns(path: Path, names: Iterable[str], required: Iterable[str]) -> None:
    """Checks that a file has the columns.

    Raises:
        InputError: It lacks one; the message lists those it has.
    """
    names = list(names)
    known = set(names)
    for column in required:
        if column not in known:
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
