"""Cells of a table -> times in seconds. If the unit is not given, it is proven or refused."""

import re
from collections.abc import Mapping, Sequence
from statistics import median

from synctva.errors import InputError
from synctva.transcripts.columns import TIMES, Column

LEAST_RATE, MOST_RATE = 1.5, 200.0
"""Nobody speaks more slowly or faster over a whole table, in letters a second."""

FEW_LETTERS = 20
"""Fewer letters do not show how fast somebody speaks."""

LONG_S, LONG_MS = 100.0, 1000.0
"""The median length of utterances without words is less than this in seconds, and more in ms."""

_CLOCK = re.compile(r"(?:(\d+) days?,? )?(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,9})?)")
_WHOLE = re.compile(r"\d+(?:\.0+)?")
_COMMAS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
_CONTINENTAL = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+")
_THOUSANDS = re.compile(r"(?<=\d)[' \u00a0\u202f](?=\d{3}(?!\d))")
"""Marks between thousands that mean nothing else."""

Row = Mapping[str, str]
"""A row's cells by what their columns mean."""


def with_units(
    columns: Sequence[Column], rows: Sequence[Row], usual_per_s: float = 1.0
) -> list[Column]:
    """Returns the columns, each of times with its unit.

    Whole numbers under names without a unit may be milliseconds: given the number of letters, only
    one unit gives a speed at which people speak.

    Args:
        columns: Of ``columns_of``.
        rows: All of the table.
        usual_per_s: The unit if nothing is said that could show it.

    Raises:
        InputError: The unit is open.
    """
    times = [column for column in columns if column.meaning in TIMES]
    open_ = [column for column in times if column.per_s is None]
    if not open_:
        return list(columns)
    cells = [_bare(row[column.meaning]) for row in rows for column in open_]
    per_s = 1.0
    if all(not cell or _WHOLE.fullmatch(cell) for cell in cells) and len(open_) == len(times):
        per_s = _proven(rows, usual_per_s)
    return [
        Column(column.name, column.meaning, per_s) if column in open_ else column
        for column in columns
    ]


def are_milliseconds(times: Sequence[tuple[float, float]], letters: int) -> bool:
    """Returns whether starts and ends count milliseconds, though nothing says so.

    They are whole, most utterances would last longer than any in seconds, and more slowly than
    people speak.

    Args:
        times: Start and end of each utterance.
        letters: How much is said in all.
    """
    lengths = [end - start for start, end in times if end > start]
    whole = all(start % 1 == end % 1 == 0 for start, end in times)
    if not lengths or not whole or median(lengths) < LONG_S:
        return False
    return 1000 * letters / sum(lengths) <= MOST_RATE


def check_rate(columns: Sequence[Column], letters: int, spoken_s: float) -> None:
    """Refuses times by which more is said than anybody can say: their unit is another one.

    Args:
        columns: As their names tell their units; where these say seconds, so be it.
        letters: How much is said.
        spoken_s: How long it takes.

    Raises:
        InputError: More than ``MOST_RATE`` letters a second.
    """
    told = all(column.per_s == 1.0 for column in columns if column.meaning in TIMES)
    if not told and letters >= FEW_LETTERS and spoken_s > 0 and letters / spoken_s > MOST_RATE:
        raise InputError(
            f"{letters} letters in {spoken_s:g} s are more than anybody says; the times have"
            " another unit: call the columns start_s and end_s, or start_ms and end_ms, and write"
            " numbers without a mark for thousands"
        )


def seconds_in(cell: str, column: Column, separator: str) -> float | None:
    """Returns a cell's time in seconds; None where it is empty.

    Args:
        cell: The cell.
        column: Its column; without a unit it counts seconds.
        separator: What separates the cells of the table; a comma is no decimal mark then.

    Raises:
        InputError: It is no time, or a comma in it may mean two things.
    """
    cell, per_s = _bare(cell), column.per_s or 1.0
    if not cell:
        return None
    clock = _CLOCK.fullmatch(cell)
    may_be_decimal, may_be_thousands = separator != ",", per_s > 1
    if _COMMAS.fullmatch(cell) and may_be_decimal == may_be_thousands:
        raise InputError(
            f"{column.meaning} {cell[:40]!r} may be {cell.replace(',', '')[:40]} or"
            f" {cell.replace(',', '.')[:40]}; write it without a mark for thousands"
        )
    try:
        if clock:
            hours = int(clock[1] or 0) * 24 + int(clock[2] or 0)
            return (hours * 60 + int(clock[3])) * 60 + float(clock[4].replace(",", "."))
        return float(_plain(cell, may_be_thousands)) / per_s
    except (ValueError, OverflowError) as error:
        raise InputError(f"{column.meaning} {cell[:40]!r} is not a number; correct it") from error


def _bare(cell: str) -> str:
    """Returns a cell without blanks around it, nor between thousands."""
    return _THOUSANDS.sub("", cell.strip())


def _plain(number: str, may_be_thousands: bool) -> str:
    """Returns a number as Python writes it."""
    if _CONTINENTAL.fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    whole, point, rest = number.partition(".")
    if _COMMAS.fullmatch(whole) and (point or may_be_thousands or whole.count(",") > 1):
        return whole.replace(",", "") + point + rest
    return number.replace(",", ".") if number.count(",") == 1 and not point else number


def _proven(rows: Sequence[Row], usual_per_s: float) -> float:
    """Returns how many of the units of whole numbers a second has."""
    lengths = [(_length(row), len(row.get("text", "").strip())) for row in rows]
    spoken = [(units, letters) for units, letters in lengths if letters and units]
    if spoken:
        rate = sum(letters for _, letters in spoken) / sum(units for units, _ in spoken)
        per_s = 1000.0 if 1000 * rate <= MOST_RATE else 1.0
        if rate * per_s < LEAST_RATE and sum(letters for _, letters in spoken) >= FEW_LETTERS:
            raise InputError(
                f"{rate:.2g} letters for each 1 of its times fit neither seconds nor"
                " milliseconds; write times in seconds into columns start_s and end_s"
            )
        return per_s
    units = median([units for units, _ in lengths if units] or [0])
    if not units:
        return usual_per_s
    if LONG_S <= units < LONG_MS:
        raise InputError(
            f"the times may be seconds or milliseconds, as utterances of {units:g} of them; call"
            " the columns start_s and end_s, or start_ms and end_ms"
        )
    return 1000.0 if units >= LONG_MS else 1.0


def _length(row: Row) -> float:
    """Returns how long a row lasts, in its own units; 0 where it does not tell."""
    start, end, duration = (_bare(row.get(name, "")) for name in TIMES)
    if start and end:
        return max(0.0, float(end) - float(start))
    return float(duration or 0)
