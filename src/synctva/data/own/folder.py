"""Own recordings: a folder of clips with a table, or of long recordings with annotations.

Either a CSV file with the column ``clip`` says who says what in which clip (``clip`` is needed;
``dialogue``, else the clip; ``turn``, else the order of the rows; ``speaker``; ``text``;
``emotion``, empty = unlabelled; ``split``; ``start_s`` and ``end_s`` where the clip holds more than
the utterance); several such files may tell of different clips. Or each recording is a dialogue, and
a file of the same name beside it says who says what when, in any format of ``annotation``. Such a
file may also be named alone; its recording is the one beside it, or the one that an ELAN file
links. Where no split is said, dialogues are split 80/10/10.
"""

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from synctva.corpus import Corpus
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.clips import MEDIA_SUFFIXES, files_by_stem, files_with_suffix
from synctva.data.files.csv_file import csv_place, number_in, read_header
from synctva.data.files.parquet_file import parquet_names
from synctva.data.kind import Kind
from synctva.data.own.own_columns import read_own_csv
from synctva.emotions import EmotionSchema, schema_for, schema_named
from synctva.errors import InputError, told_at
from synctva.transcripts import SUFFIXES, linked_recording, read_transcript
from synctva.transcripts.columns import has_times, meanings_of
from synctva.transcripts.table import column_names

COLUMNS = ("clip", "dialogue", "turn", "speaker", "text", "emotion", "split", "start_s", "end_s")

UNLABELLED = "meld-7"
"""The schema of recordings in which no emotion is labelled, to recognise them."""

Placed = tuple[UtteranceRow, Callable[[], str]]
"""An utterance, and what says where it is written."""

_log = logging.getLogger(__name__)


def read_folder(
    source: Path,
    schema: str | None = None,
    name: str | None = None,
    tiers: Sequence[str] = (),
) -> Corpus:
    """Returns the corpus of own recordings.

    Args:
        source: The folder, or its CSV file with the column ``clip``.
        schema: Name of the emotion schema; by default that of the labelled emotions: a registered
            one if it fits, else their alphabetical order; ``meld-7`` where none is labelled.
        name: The corpus's name; the folder's by default.
        tiers: The tiers that count of ELAN and Praat files; see ``read_transcript``.

    Raises:
        InputError: A recording or an annotation is missing or stands twice, a cell or a time is
            not what it should be, or an emotion is unknown.
    """
    placed = list(_placed(source, tiers))
    rows = [row for row, _ in placed]
    with told_at(lambda: f"{source}"):
        known = schema_named(schema) if schema else _own_schema(rows)
    if is_annotation(source):
        own_name = source.stem
    else:
        own_name = (source if source.is_dir() else source.parent).absolute().name
    return assemble(name or own_name, known, rows, {}, source, lambda row: placed[row][1]())


def _placed(source: Path, tiers: Sequence[str]) -> Iterator[Placed]:
    """Yields the utterances of a folder or file, dialogue by dialogue, and where they stand."""
    if is_annotation(source):
        yield from _spoken(source, source.stem, _recording_of(source), tiers)
        return
    tables = [source] if source.is_file() else find_tables(source)
    for table in tables:
        yield from _listed(table)
    if not tables:
        yield from _annotated(source, tiers)


def find_tables(folder: Path) -> list[Path]:
    """Returns the CSV files of a folder that have the column ``clip``.

    Raises:
        InputError: Two of them tell of the same clip, or one cannot be read.
    """
    files = sorted(p for p in folder.glob("*.csv") if not p.name.startswith("."))
    tables = [path for path in files if lists_clips(path)]
    first: dict[str, Path] = {}
    for table in tables if len(tables) > 1 else ():
        for clip in set(read_own_csv(table, ["clip"], COLUMNS).column("clip").to_pylist()):
            if first.setdefault(clip.strip(), table) != table:
                raise InputError(
                    f"{folder}: {first[clip.strip()].name} and {table.name} both tell of"
                    f" {clip.strip()!r}; name one of them instead of the folder"
                )
    return tables


def lists_clips(table: Path) -> bool:
    """Returns whether a CSV file has the column ``clip``.

    Raises:
        InputError: It cannot be read, and may have it.
    """
    try:
        return "clip" in _names(table)
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise
        with table.open("rb") as file:
            names = file.readline().replace(b"\0", b"")  # that UTF-16 puts between letters
        if b"clip" in names.lower():
            raise
        return False


def _names(table: Path) -> list[str]:
    return [name.strip().lower() for name in read_header(table)]


def is_annotation(path: Path) -> bool:
    """Returns whether a file tells of one recording who says what when, and not of clips."""
    if not path.is_file() or path.suffix.lower() not in (".csv", ".parquet"):
        return path.is_file() and path.suffix.lower() in SUFFIXES
    header = _names(path) if path.suffix.lower() == ".csv" else parquet_names(path)
    return has_times(header) and not {"clip", "dialogue"} & set(meanings_of(header))


def has_table(path: Path) -> bool:
    """Returns whether a table of clips is there, which says of them what their names may not."""
    if path.is_dir():
        return bool(find_tables(path))
    return path.suffix.lower() == ".csv" and path.is_file() and lists_clips(path)


def is_own(path: Path) -> bool:
    """Returns whether a folder holds own recordings, or a file says who says what in some."""
    return is_folder(path) if path.is_dir() else has_table(path) or is_annotation(path)


def is_folder(folder: Path, but: Collection[re.Pattern[str]] = ()) -> bool:
    """Returns whether a folder holds own recordings with what belongs to them.

    Args:
        folder: The folder.
        but: Names of recordings, without suffix, that do not count.
    """
    if find_tables(folder):
        return True
    own = [
        path
        for path in files_with_suffix(folder, (*SUFFIXES, *MEDIA_SUFFIXES))
        if not any(name.fullmatch(path.stem) for name in but)
    ]
    stems = {path.with_suffix("") for path in own if path.suffix.lower() in SUFFIXES}
    return any(
        path.suffix.lower() == ".eaf"
        or (path.suffix.lower() in MEDIA_SUFFIXES and path.with_suffix("") in stems)
        for path in own
    )


def _own_schema(rows: Sequence[UtteranceRow]) -> EmotionSchema:
    emotions = {(row.emotion or "").strip().lower() for row in rows} - {""}
    if not emotions:
        return schema_named(UNLABELLED)
    if len(emotions) == 1:
        raise InputError(
            f"one emotion only ({min(emotions)!r}); label more, or name a schema with --schema"
        )
    return schema_for(emotions)


def _listed(table: Path) -> Iterator[Placed]:
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
        speaker=cells.get("speaker", "").strip() or "speaker",
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


def _annotated(folder: Path, tiers: Sequence[str]) -> Iterator[Placed]:
    """Yields the utterances of long recordings, dialogue by dialogue, and where they stand."""
    recordings = files_by_stem(folder, MEDIA_SUFFIXES)
    annotations = files_by_stem(folder, SUFFIXES)
    if not annotations:
        raise InputError(
            f"{folder}: no CSV file with a column 'clip' in it, and beside no recording a file of"
            f" the same name ({', '.join(SUFFIXES)}); add one"
        )
    for stem in sorted(set(annotations) - set(recordings)):
        path = annotations[stem][0]
        if path.suffix.lower() == ".json":  # many things that are no transcripts are JSON
            del annotations[stem]
            continue
        recording = _recording_of(path)
        if recording is None:
            or_clip = "no column 'clip' in it, and " if path.suffix.lower() == ".csv" else ""
            raise InputError(
                f"{path}: {or_clip}no recording of this name beside it; add it, or move this file"
                " away"
            )
        recordings[stem] = [recording]
    for stem, paths in sorted(recordings.items()):
        if stem not in annotations:
            raise InputError(
                f"{paths[0]}: no file of this name beside it that says who speaks"
                f" ({', '.join(SUFFIXES)}); add one, or move the recording away"
            )
        first, *others = annotations[stem]
        if others:
            raise InputError(
                f"{first}: {others[0].name} says who speaks as well; keep one of the two"
            )
        yield from _spoken(first, stem, paths[0], tiers)


def _recording_of(annotation: Path) -> Path | None:
    """Returns the recording beside an annotation, else the one it links; None without either."""
    siblings = [p for p in annotation.absolute().parent.iterdir() if p.stem == annotation.stem]
    beside = [p for p in siblings if p.suffix.lower() in MEDIA_SUFFIXES and p.is_file()]
    if beside:
        return min(beside, key=lambda path: MEDIA_SUFFIXES.index(path.suffix.lower()))
    return linked_recording(annotation) if annotation.suffix.lower() == ".eaf" else None


def _spoken(
    annotation: Path, dialogue: str, recording: Path | None, tiers: Sequence[str]
) -> Iterator[Placed]:
    """Yields what an annotation says of a recording, in the order of time."""
    media = None if recording is None else str(recording)
    is_table = annotation.suffix.lower() in (".csv", ".tsv")
    names = meanings_of(column_names(annotation) if is_table else [])
    for meaning, name in names.items():
        if meaning in ("dialogue", "split"):
            raise InputError(
                f"{annotation}: column {name!r} has no meaning beside one recording, which is a"
                " dialogue; remove it, or add a column 'clip' to name the recording of each row"
            )
    read = read_transcript(annotation, tiers)
    if read.note:
        _log.warning(read.note)
    for segment in read:
        row = UtteranceRow(
            dialogue=dialogue,
            speaker=segment.speaker or "speaker",
            emotion=segment.emotion,
            text=segment.text,
            start_s=segment.start_s,
            end_s=segment.end_s,
            media=media,
        )
        yield row, partial(str, segment.place)


KIND = Kind("folder", is_own, read_folder, ("schema", "name", "fold", "tiers"))
