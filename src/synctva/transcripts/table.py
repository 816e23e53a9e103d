"""CSV and TSV -> segments: a row each, with start, end and any of speaker, text and emotion.

Times are seconds (``start_s`` or ``start``), milliseconds (``start_ms``) or ``1:02:03.5``; instead
of the end there may be a ``duration``. Whisper's own TSV (``start``, ``end``, ``text``, whole
numbers) is in milliseconds. Other columns are left out.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

from synctva.errors import InputError, did_you_mean
from synctva.transcripts.segment import Segment, one_line
from synctva.transcripts.text_file import LARGEST_BYTES

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "start_s": ("start", "start_time", "starttime", "begin", "begin_s", "onset", "from"),
    "end_s": ("end", "end_time", "endtime", "stop", "stop_s", "to"),
    "duration_s": ("duration", "dur"),
    "speaker": ("participant", "speaker_id", "speaker_name", "who", "name"),
    "text": ("transcript", "transcription", "utterance", "sentence", "words"),
    "emotion": ("label",),
}
"""What a column means, and how else it may be called; capitals make no difference."""

csv.field_size_limit(max(csv.field_size_limit(), LARGEST_BYTES))

HEADER_BYTES = 1 << 16
"""So much of a file is looked at for its columns."""

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,9})?)")


def read_rows(path: Path, text: str) -> Iterator[Segment]:
    """Yields the rows of a CSV or TSV file.

    Raises:
        InputError: It has no columns of times, or a row has too few or too many cells, or a time
            that is none.
    """
    header = text.partition("\n")[0]
    delimiter = _delimiter(path, header)
    from_whisper = header.split(delimiter) == ["start", "end", "text"] and delimiter == "\t"
    quoting = csv.QUOTE_NONE if from_whisper else csv.QUOTE_MINIMAL
    reader = csv.reader(
        StringIO(text, newline="\n"), delimiter=delimiter, quoting=quoting, strict=True
    )
    rows = _rows(path, reader)
    columns = _columns(path, next(rows, ("", []))[1])
    for place, cells in rows:
        yield _span(dict(zip(columns, cells, strict=True)), place, from_whisper)


def _delimiter(path: Path, header: str) -> str:
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    return usual if usual in header else next((mark for mark in ";\t" if mark in header), usual)


def column_names(path: Path) -> list[str]:
    """Returns the names of the columns of a CSV or TSV file, in any encoding."""
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES).decode("utf-8-sig", "replace").strip().splitlines()
    header = head[0] if head else ""
    return next(csv.reader([header], delimiter=_delimiter(path, header)), [])


def is_of_times(path: Path) -> bool:
    """Returns whether the columns of a CSV or TSV file, in any encoding, tell when it is said."""
    return has_times(column_names(path))


def has_times(header: Sequence[str]) -> bool:
    """Returns whether columns of these names tell when something is said."""
    known = {_meaning(name)[0] for name in header}
    return "start_s" in known and bool({"end_s", "duration_s"} & known)


def _rows(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Yields the rows that are not empty, and where each begins; the first is the header."""
    line, width = 1, 0
    while True:
        place = f"{path}: line {line}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{place}: {error}; put quotes around the cell, or close it") from None
        line = reader.line_num + 1  # pyright: ignore[reportAttributeAccessIssue]
        if not any(cell.strip() for cell in cells):
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise InputError(
                f"{place}: {len(cells)} cells for {width} columns; put quotes around text with"
                " commas, or add what is missing"
            )
        yield place, cells


def _columns(path: Path, header: Sequence[str]) -> list[tuple[str, float]]:
    """Returns what each column means, and how many of its units a second has."""
    columns = [_meaning(name) for name in header]
    meanings = [meaning for meaning, _ in columns]
    for needed, others in (("start_s", ()), ("end_s", ("duration_s",))):
        if not {needed, *others} & set(meanings):
            shown = one_line(", ".join(header))
            shown = shown[:200] + (" ..." if len(shown) > 200 else "")
            raise InputError(
                f"{path}: column {needed!r} is missing; there are: {shown or 'none'}."
                + did_you_mean(needed, [name for name in header[:100] if len(name) < 40])
            )
    first: dict[str, int] = {}
    for number, meaning in enumerate(meanings):
        if meaning in COLUMNS and first.setdefault(meaning, number) != number:
            one, other = (header[n].strip()[:40] for n in (first[meaning], number))
            raise InputError(f"{path}: columns {one!r} and {other!r} both mean {meaning}; keep one")
    return [
        (meaning if meaning in COLUMNS else f"{number}", unit)
        for number, (meaning, unit) in enumerate(columns)
    ]


def _meaning(name: str) -> tuple[str, float]:
    """Returns what a column of this name means, and how many of its units a second has."""
    folded = re.sub(r"[ \-()\[\]]+", "_", name.strip().lower()).strip("_")
    if folded.endswith("_ms"):
        meaning, _ = _meaning(folded.removesuffix("_ms"))
        return (meaning, 1000) if meaning.endswith("_s") else (folded, 1)
    for meaning, others in COLUMNS.items():
        if folded in (meaning, *others):
            return meaning, 1
    return folded, 1


def _span(cells: Mapping[tuple[str, float], str], place: str, in_ms: bool) -> Segment:
    texts = {meaning: cell for (meaning, _), cell in cells.items()}
    times = {
        meaning: _time_s(cell, 1000 if in_ms and cell.strip().isdigit() else unit, meaning, place)
        for (meaning, unit), cell in cells.items()
        if meaning in ("start_s", "end_s", "duration_s")
    }
    if "end_s" not in times:
        times["end_s"] = round(times["start_s"] + times["duration_s"], 6)
    return Segment(
        times["start_s"],
        times["end_s"],
        one_line(texts.get("text", "")),
        place,
        one_line(texts.get("speaker", "")) or None,
        one_line(texts.get("emotion", "")) or None,
    )


def _time_s(cell: str, unit: float, column: str, place: str) -> float:
    """Returns a cell's time, in seconds."""
    cell = cell.strip()
    if not cell:
        raise InputError(f"{place}: {column} is empty; write a time in seconds")
    clock = _CLOCK.fullmatch(cell)
    try:
        if clock:
            minutes = int(clock[1] or 0) * 60 + int(clock[2])
            return minutes * 60 + float(clock[3].replace(",", "."))
        decimal = cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell
        return float(decimal) / unit
    except (ValueError, OverflowError) as error:
        raise InputError(f"{place}: {column} {cell[:40]!r} is not a number; correct it") from error
