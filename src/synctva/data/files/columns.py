"""Feature columns of a table -> rows of numbers, and which rows have them."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synctva.data.files.assemble import Place
from synctva.emotions import MODALITIES
from synctva.errors import InputError

Numbers = tuple[np.ndarray, np.ndarray]
"""Values (row, column) as float32, zero where missing; and which rows have them."""

_NUMBERED = re.compile(rf"({'|'.join(MODALITIES)})_(\d+)")


def feature_columns(table: pa.Table, place: Place) -> dict[str, Numbers]:
    """Returns the features by modality that a table holds.

    A modality is one list column (``audio_features``) or numbered columns (``audio_0``,
    ``audio_1``, ...); empty in a whole row, it is missing there.

    Raises:
        InputError: A number is left out or stands in two forms; a row has some of a modality's
            numbers but not all, or NaN, infinity or no number among them.
    """
    found = {}
    for modality in MODALITIES:
        numbered = _numbered(table.column_names, modality, place)
        listed = f"{modality}_features"
        if numbered and listed in table.column_names:
            raise InputError(
                f"{_file(place)}: {modality} stands in {listed!r} and in {numbered[0]!r};"
                " keep one of the two forms"
            )
        if listed in table.column_names:
            numbers = _listed(table.column(listed), listed, place)
        elif numbered:
            numbers = numbers_of(table, numbered, place)
        else:
            continue
        if numbers[1].any():
            found[modality] = numbers
    return found


def numbers_of(table: pa.Table, names: Sequence[str], place: Place) -> Numbers:
    """Returns the numbers in these columns, of strings or numbers; a row may lack all of them.

    Raises:
        InputError: A cell is no finite number, or a row lacks some of them.
    """
    values = np.zeros((len(table), len(names)), dtype=np.float32)
    missing = np.zeros((len(table), len(names)), dtype=np.bool_)
    for position, name in enumerate(names):
        column = _as_float(table.column(name), name, place)
        missing[:, position] = np.asarray(column.is_null())
        values[:, position] = np.asarray(pc.fill_null(column, 0.0))
    present = np.asarray(~missing.all(axis=1))
    for row, position in np.argwhere(missing & present[:, None])[:1].tolist():
        raise InputError(
            f"{place(row)}: column {names[position]!r} is empty, others of its modality are not;"
            " fill the row, or empty all of them where the modality is missing"
        )
    _refuse_nan(values, place, names)
    return values, present


def _numbered(names: Sequence[str], modality: str, place: Place) -> list[str]:
    """Returns the numbered columns of a modality in order."""
    numbers = sorted(
        int(match[2])
        for name in names
        if (match := _NUMBERED.fullmatch(name)) and match[1] == modality
    )
    known = set(names)
    for expected, number in enumerate(numbers):
        if number != expected or f"{modality}_{number}" not in known:
            raise InputError(
                f"{_file(place)}: column '{modality}_{expected}' is missing before"
                f" '{modality}_{number}'; number them from 0, without zeros in front or gaps"
            )
    return [f"{modality}_{number}" for number in numbers]


def _listed(column: pa.ChunkedArray, name: str, place: Place) -> Numbers:
    """Returns the numbers of a list column."""
    array = column.combine_chunks()
    if pa.types.is_null(array.type):
        return np.zeros((len(array), 0), np.float32), np.zeros(len(array), np.bool_)
    kind = array.type
    is_list = any(
        test(kind)
        for test in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    )
    if not is_list or not _is_number(kind.value_type):
        raise InputError(
            f"{_file(place)}: column {name!r} holds {kind}, not lists of numbers; a CSV file"
            f" needs numbered columns ({name.removesuffix('features')}0, ...)"
        )
    present = np.asarray(array.is_valid())
    lengths = np.asarray(pc.fill_null(pc.call_function("list_value_length", [array]), 0))
    width = int(lengths[present][0]) if present.any() else 0
    for row in np.flatnonzero(present & (lengths != width))[:1].tolist():
        raise InputError(
            f"{place(row)}: column {name!r} has {lengths[row]} numbers, the rows before {width};"
            " every row needs the same"
        )
    values = np.zeros((len(array), width), dtype=np.float32)
    flat = pc.fill_null(pc.cast(array.flatten(), pa.float32(), safe=False), float("nan"))
    values[present] = np.asarray(flat).reshape(int(present.sum()), width)
    _refuse_nan(values, place, [f"{name}[{position}]" for position in range(width)])
    return values, present & (width > 0)


def _as_float(column: pa.ChunkedArray, name: str, place: Place) -> pa.Array:
    """Returns a column of strings or numbers as float32, null where empty."""
    array = column.combine_chunks()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = pc.call_function("utf8_trim_whitespace", [array])
        empty = pc.call_function("equal", [array, pa.scalar("", array.type)])
        array = pc.call_function("if_else", [empty, pa.scalar(None, array.type), array])
        try:
            return pc.cast(array, pa.float32())
        except pa.ArrowInvalid:
            for row, cell in enumerate(array.to_pylist()):
                _refuse_word(cell, row, name, place)
            raise
    if not _is_number(array.type) and not pa.types.is_null(array.type):
        raise InputError(f"{_file(place)}: column {name!r} holds {array.type}, not numbers")
    return pc.cast(array, pa.float32(), safe=False)


def _refuse_word(cell: str | None, row: int, name: str, place: Place) -> None:
    try:
        pc.cast(pa.array([cell], pa.string()), pa.float32())
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{place(row)}: column {name!r} holds {str(cell)[:40]!r}, not a number; correct it"
        ) from error


def _refuse_nan(values: np.ndarray, place: Place, names: Sequence[str]) -> None:
    for row, position in np.argwhere(~np.isfinite(values))[:1].tolist():
        raise InputError(
            f"{place(row)}: column {names[position]!r} is NaN or infinite; extract the features"
            " again, or empty the row's whole modality to mark it missing"
        )


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def _file(place: Place) -> str:
    """Returns the file's name out of a place in it."""
    return place(0).rpartition(": ")[0]
