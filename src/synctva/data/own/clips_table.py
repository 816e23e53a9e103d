"""A table of clips: a CSV file with the column ``clip`` that says who says what in which clip."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from synctva.data.files.assemble import UtteranceRow
from synctva.data.files.csv_file import csv_place, number_in, read_header
from synctva.data.own.own_columns import read_own_csv, speaker_in
from synctva.errors import InputError, told_at

COLUMNS = ("clip", "dialogue", "turn", "speaker", "text", "emotion", "split", "start_s", "end_s")

Placed = tuple[UtteranceRow, Callable[[], str]]
"""An utterance, and what says where it is written."""


def read_clips(table: Path) -> Iterator[Placed]:
    """Yields the rows of a table of clips, and where they stand."""
    cells = read_own_csv(table, ["clip"], COLUMNS)
    place = csv_place(table)
    known = [column for column in COLUMNS if column in cells.column_names]
    for number, row in enumerate(cells.select(known).to_pylist()):
        with told_at(lambda number=number: place(number)):
            parsed = _listed_row(row, table.absolute().parent)
        yield parsed, partial(place, number)


def _listed_row(cells: Mapping[str, Any], folder: Path) -> UtteranceRow:
    if not cells["clip"].strip():
        raise InputError("clip is empty; write the recording's path, relative to this file")
    clip = folder / cells["clip"].strip()
    if not clip.is_file():
        raise InputError(
            f"there is no recording {cells['clip'].strip()!r}; correct the path, which is relative"
            " to this file, or remove the row"
        )
    turn = number_in(int, cells.get("turn", ""), "turn")
    if turn is None and "turn" in cells:
        raise InputError("turn is empty; number every row's turn, or leave the column out")
    start_s, end_s = _times(cells)
    return UtteranceRow(
        dialogue=cells.get("dialogue", "").strip()
        or Path(cells["clip"].strip()).with_suffix("").as_posix(),
        turn=turn,
        speaker=speaker_in(cells.get("speaker")),
        split=cells.get("split"),
        emotion=cells.get("emotion", "").strip(),
        text=cells.get("text"),
        start_s=start_s,
        end_s=end_s,
        media=str(clip),
    )


def _times(cells: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Returns the start and the end of a row, in seconds."""
    start_s, end_s = cells.get("start_s"), cells.get("end_s")
    if (start_s is None) != (end_s is None):
        missing = "start_s" if start_s is None else "end_s"
        raise InputError(f"{missing} is empty; write start_s and end_s, in seconds")
    return start_s, end_s


def find_tables(folder: Path) -> list[Path]:
    """Returns the CSV files of a folder that have the column ``clip``.

    Raises:
        InputError: Two of them describe the same clip, or one cannot be read.
    """
    files = sorted(p for p in folder.glob("*.csv") if not p.name.startswith("."))
    tables = [path for path in files if lists_clips(path)]
    first: dict[str, Path] = {}
    for table in tables if len(tables) > 1 else ():
        for clip in set(read_own_csv(table, ["clip"], COLUMNS).column("clip").to_pylist()):
            if first.setdefault(clip.strip(), table) != table:
                raise InputError(
                    f"{folder}: {first[clip.strip()].name} and {table.name} both describe"
                    f" {clip.strip()!r}; name one of them instead of the folder"
                )
    return tables


def lists_clips(table: Path) -> bool:
    """Returns whether a CSV file has the column ``clip``.

    Raises:
        InputError: It cannot be read, and may have it.
    """
    try:
        return "clip" in column_names_of(table)
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise
        with table.open("rb") as file:
            names = file.readline().replace(b"\0", b"")  # that UTF-16 puts between letters
        if b"clip" in names.lower():
            raise
        return False


def column_names_of(table: Path) -> list[str]:
    """Returns the names of a CSV file's columns in small letters."""
    return [name.strip().lower() for name in read_header(table)]


def has_table(path: Path) -> bool:
    """Returns whether a table of clips is there, which says of them what their names may not."""
    if path.is_dir():
        return bool(find_tables(path))
    return path.suffix.lower() == ".csv" and path.is_file() and lists_clips(path)
