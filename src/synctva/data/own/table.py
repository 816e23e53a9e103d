"""Any table of one's own, CSV or Parquet: an utterance per row, text or features or both.

Columns: ``dialogue`` (needed), ``turn`` (else the order of the rows), ``speaker`` (else one for
all), ``split`` (else dialogues are split 80/10/10), ``emotion`` (empty = unlabelled), ``text``,
``start_s`` and ``end_s`` in seconds, ``media`` (a path, relative to the table; ``file`` and other
names of ``synctva.transcripts.columns.FILES`` mean the same). Features: a list
column ``text_features``, ``audio_features`` or ``visual_features`` (Parquet), or numbered columns
``audio_0``, ``audio_1``, ...; a row that leaves all of them empty lacks the modality. Text or
features are needed; other columns are ignored. Capitals in the names make no difference.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from synctva.corpus import Corpus, Description, Features
from synctva.data.files.assemble import Place, UtteranceRow, assemble
from synctva.data.files.columns import feature_columns
from synctva.data.files.csv_file import csv_place, number_in
from synctva.data.kind import Kind
from synctva.data.own.own_columns import cells_of, read_own_csv, read_own_parquet, speaker_in
from synctva.emotions import EmotionSchema, schema_for, schema_named
from synctva.errors import InputError, did_you_mean, told_at
from synctva.transcripts.columns import FILES

REQUIRED = ("dialogue",)
COLUMNS = (*REQUIRED, "turn", "speaker", "split", "emotion", "text", "start_s", "end_s", "media")


def read_table(source: Path, schema: str | None = None, name: str | None = None) -> Corpus:
    """Returns the corpus in a table of one's own.

    Args:
        source: A ``.csv`` file in UTF-8, or a ``.parquet`` file.
        schema: Name of the emotion schema; by default that of the emotions in the table: a
            registered one if it fits, else their alphabetical order.
        name: The corpus's name, also that of its features; the file's name by default.

    Raises:
        InputError: A column is missing, a cell is not what its column says, an emotion is
            unknown, a dialogue is in two splits, or there is nothing to learn from.
    """
    table, place = _open(source)
    cells = _cells(table, source)
    with told_at(lambda: f"{source}"):
        known = schema_named(schema) if schema else _own_schema(cells)
    rows = []
    for number, row in enumerate(cells):
        with told_at(lambda number=number: place(number)):
            rows.append(_row(row, source.parent))
    extractor = Description("own", settings={"corpus": name or source.stem})
    features = {
        modality: Features(values, present, extractor)
        for modality, (values, present) in feature_columns(table, place).items()
    }
    if rows and not features and not any(row.text for row in rows):
        near = did_you_mean("text", set(table.column_names) - set(COLUMNS))
        raise InputError(
            f"{source}: neither text nor features; fill column 'text', or add 'audio_0', ...{near}"
        )
    return assemble(name or source.stem, known, rows, features, source, place)


def _open(source: Path) -> tuple[pa.Table, Place]:
    """Returns the table, and how to name its rows."""
    if source.suffix.lower() != ".parquet":
        return read_own_csv(source, REQUIRED, COLUMNS), csv_place(source)
    table = read_own_parquet(source, REQUIRED, COLUMNS)
    return table, lambda row: f"{source}: row {row + 1}"


def _cells(table: pa.Table, source: Path) -> list[dict[str, str]]:
    """Returns the known columns but features as strings; null, NaN and empty are the same."""
    known = [column for column in COLUMNS if column in table.column_names]
    columns = {column: cells_of(source, table, column) for column in known}
    files = [column for column in FILES if column in table.column_names]
    if len(files) > 1 and "media" not in files:
        named = ", ".join(repr(column) for column in files)
        raise InputError(f"{source}: columns {named} all name recordings; call one 'media'")
    if len(files) == 1:
        columns["media"] = cells_of(source, table, files[0])
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _own_schema(cells: list[dict[str, str]]) -> EmotionSchema:
    """Returns the schema that fits the emotions in the table."""
    if not cells:
        raise InputError("no utterances in it; a row for each is needed")
    if "emotion" not in cells[0]:
        raise InputError("no column 'emotion'; add it, or name a schema with --schema")
    emotions = {row.get("emotion", "").strip().lower() for row in cells} - {""}
    if len(emotions) < 2:
        found = f"one emotion only ({min(emotions)!r})" if emotions else "no emotion"
        raise InputError(f"{found} in column 'emotion'; label more, or name a schema with --schema")
    return schema_for(emotions)


def _row(cells: Mapping[str, str], folder: Path) -> UtteranceRow:
    turn = number_in(int, cells.get("turn", ""), "turn")
    if turn is None and "turn" in cells:
        raise InputError("turn is empty; number every row's turn, or leave the column out")
    media = cells.get("media")
    return UtteranceRow(
        dialogue=cells["dialogue"],
        turn=turn,
        speaker=speaker_in(cells.get("speaker")),
        split=cells.get("split"),
        emotion=cells.get("emotion", "").strip(),
        text=cells.get("text"),
        start_s=number_in(float, cells.get("start_s", ""), "start_s"),
        end_s=number_in(float, cells.get("end_s", ""), "end_s"),
        media=str(folder.absolute() / media) if media else None,
    )


def is_table(path: Path) -> bool:
    """Returns whether a path is a table, by its name."""
    return path.is_file() and path.suffix.lower() in (".csv", ".parquet")


KIND = Kind("table", is_table, read_table, ("schema", "name", "fold"))
