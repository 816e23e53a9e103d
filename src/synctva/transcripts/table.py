"""CSV and TSV -> segments: a row each, with start, end and any of speaker, text and emotion.

Times are seconds (``start_s`` or ``start``), milliseconds (``start_ms``) or ``1:02:03.5``; instead
of the end there may be a ``duration``. Whole numbers in columns without a unit are milliseconds, as
Whisper and whisper.cpp write them, if nobody could speak so slowly. Other columns are left out.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Literal

from synctva.budget import TEXT_BYTES
from synctva.errors import InputError, did_you_mean, told_at
from synctva.files import unguarded
from synctva.transcripts.columns import (
    FILES,
    TIMES,
    Column,
    are_numbers,
    columns_of,
    has_times,
    own_name,
)
from synctva.transcripts.segment import Segment, one_line
from synctva.transcripts.source import Source
from synctva.transcripts.table_form import Form, encoding_of, form_in
from synctva.transcripts.times import check_rate, seconds_in, with_units

NOBODY = ("", "nan", "none", "null", "<na>", "n/a")
"""What programs write into a cell where nobody is named."""

csv.field_size_limit(max(csv.field_size_limit(), TEXT_BYTES))

HEADER_BYTES = 1 << 16
"""How much of a file is read for its columns."""


def read_rows(source: Source) -> Iterator[Segment]:
    """Yields the rows of a CSV or TSV file.

    A row that cannot be read ends the reading: if its cells are shifted, others may be too.

    Raises:
        InputError: It has no columns of times, or their unit is open; it is about several
            recordings; or a row has too few or too many cells, or a time that is none.
    """
    path, text = source.path, source.text
    form = form_in(text, _usual(path))
    from_whisper = text.startswith("start\tend\ttext\n")
    rows = list(_rows(path, text, form, csv.QUOTE_NONE if from_whisper else csv.QUOTE_MINIMAL))
    yield from segments_of(path, rows, form.separator, 1000.0 if from_whisper else 1.0)


def table_rows(source: Source) -> list[tuple[str, list[str]]]:
    """Returns where each row of a CSV or TSV file stands, and its cells; first those of names.

    Raises:
        InputError: A row has too few or too many cells.
    """
    form = form_in(source.text, _usual(source.path))
    return list(_rows(source.path, source.text, form, csv.QUOTE_MINIMAL))


def segments_of(
    path: Path,
    rows: Sequence[tuple[str, Sequence[str]]],
    separator: str = "",
    usual_per_s: float = 1.0,
) -> Iterator[Segment]:
    """Yields what the rows of a table say.

    Args:
        path: The file.
        rows: Where each row stands, and its cells; the first has the names of the columns.
        separator: What separates the cells in the file.
        usual_per_s: The unit of times if nothing shows it.

    Raises:
        InputError: As ``read_rows``.
    """
    header = rows[0][1] if rows else []
    with told_at(lambda: f"{path}"):
        told = _columns(header, [cells for _, cells in rows[1:]])
        _check_one_recording(header, [cells for _, cells in rows[1:]])
        names = [column.meaning for column in told]
        cells = [(place, dict(zip(names, row, strict=True))) for place, row in rows[1:]]
        columns = with_units(told, [row for _, row in cells], usual_per_s)
    times = {column.meaning: column for column in columns if column.meaning in TIMES}
    letters, spoken_s = 0, 0.0
    for place, row in cells:
        segment = _segment(row, times, place, separator)
        if segment.text:
            letters += len(segment.text)
            spoken_s += segment.end_s - segment.start_s
        yield segment
    with told_at(lambda: f"{path}"):
        check_rate(told, letters, spoken_s)


def _usual(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def column_names(path: Path) -> list[str]:
    """Returns the names of the columns of a CSV or TSV file, in any encoding."""
    encoding = encoding_of(path)
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES).decode(encoding, "replace")
    form = form_in(head, _usual(path))
    header = head.split("\n")[form.skipped : form.skipped + 1]
    return next(csv.reader(header, delimiter=form.separator), [])


def is_of_times(path: Path) -> bool:
    """Returns whether the columns of a CSV or TSV file, in any encoding, tell when it is said."""
    return has_times(column_names(path))


def _rows(
    path: Path, text: str, form: Form, quoting: Literal[0, 3]
) -> Iterator[tuple[str, list[str]]]:
    """Yields the rows that are not empty, and where each begins; the first is the header."""
    lines = StringIO(text, newline="\n")
    reader = csv.reader(lines, delimiter=form.separator, quoting=quoting, strict=True)
    line, width = 1, 0
    while True:
        place = f"{path}: line {line}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{place}: {error}; put quotes around the cell, or close it") from None
        is_told = line <= form.skipped
        line = reader.line_num + 1  # pyright: ignore[reportAttributeAccessIssue]
        if is_told or not any(cell.strip() for cell in cells):
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise InputError(
                f"{place}: {len(cells)} cells for {width} columns; put quotes around text with"
                " commas, or add what is missing"
            )
        yield place, [unguarded(cell) for cell in cells]


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
    """Returns what each column means.

    Raises:
        InputError: None is of times, or two mean the same.
    """
    columns = columns_of(header, lambda number: are_numbers(row[number] for row in rows))
    meanings = {column.meaning for column in columns}
    for needed, others in (("start_s", ()), ("end_s", ("duration_s",))):
        if not {needed, *others} & meanings:
            shown = one_line(", ".join(header))
            shown = shown[:200] + (" ..." if len(shown) > 200 else "")
            raise InputError(
                f"column {needed!r} is missing; there are: {shown or 'none'}."
                + did_you_mean(needed, [name for name in header[:100] if len(name) < 40])
            )
    return columns


def _check_one_recording(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Refuses a table of several recordings, whose times would be taken for those of one."""
    for number, name in enumerate(header):
        if own_name(name) in FILES:
            files = dict.fromkeys(own for row in rows if (own := row[number].strip()))
            if len(files) > 1:
                one, other, *_ = files
                raise InputError(
                    f"column {name.strip()!r} names several recordings, such as {one[:60]!r} and"
                    f" {other[:60]!r}; keep the rows of one, or call it 'clip' and import the table"
                )


def _segment(
    cells: Mapping[str, str], times: Mapping[str, Column], place: str, separator: str
) -> Segment:
    with told_at(lambda: place):
        read = {name: _time_s(cells[name], column, separator) for name, column in times.items()}
    end_s = read["end_s"] if "end_s" in read else round(read["start_s"] + read["duration_s"], 6)
    speaker = one_line(cells.get("speaker", ""))
    return Segment(
        read["start_s"],
        end_s,
        one_line(cells.get("text", "")),
        place,
        None if speaker.lower() in NOBODY else speaker,
        one_line(cells.get("emotion", "")) or None,
    )


def _time_s(cell: str, column: Column, separator: str) -> float:
    """Returns a cell's time, in seconds."""
    time_s = seconds_in(cell, column, separator)
    if time_s is None:
        raise InputError(f"{column.meaning} is empty; write a time in seconds")
    return time_s
