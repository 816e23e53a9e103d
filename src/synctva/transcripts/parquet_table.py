"""Parquet -> segments: a row each, with the columns that a CSV file may have."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synctva.errors import InputError, told_at
from synctva.transcripts.columns import NAMES, columns_of
from synctva.transcripts.segment import Segment
from synctva.transcripts.source import Source
from synctva.transcripts.table import segments_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MOST_ROWS = 200_000
"""No recording has more utterances: they would take a week."""

MOST_BYTES = 256 << 20
"""How much memory the columns may take, by what the file says of them."""


def parquet_columns(path: Path) -> list[str]:
    """Returns the names of the columns of a Parquet file.

    Raises:
        InputError: It is none, or damaged.
    """
    return _opened(Source(path)).schema_arrow.names


def read_parquet(source: Source) -> Iterator[Segment]:
    """Yields the rows of a Parquet file, such as our own of a recognition.

    Raises:
        InputError: It is none, or damaged, or too large; it has no columns of times; or a row has
            a time that is none.
    """
    import pyarrow as pa

    from synctva.parquet import read_parquet_file

    file = _opened(source)
    header = file.schema_arrow.names
    with told_at(lambda: f"{source.path}"):
        known = columns_of(header)
    names = [column.name for column in known if column.meaning in NAMES]
    try:
        table = read_parquet_file(source.path, file, names)
        columns = [_cells(column) for column in table.columns]
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(source.path, error) from error
    rows = [
        (f"{source.path}: row {n}", cells)
        for n, cells in enumerate(zip(*columns, strict=True), start=1)
    ]
    yield from segments_of(source.path, [("", names or header), *rows])


def _opened(source: Source) -> "pq.ParquetFile":
    """Returns a file that says that it is no larger than a transcript may be.

    Texts are read by their dictionaries: one long text that stands in every row stays one.
    """
    import pyarrow as pa

    from synctva.parquet import opened_parquet

    content = source.content()
    try:
        file = opened_parquet(content)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(source.path, error) from error
    groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)
    if file.metadata.num_rows > MOST_ROWS or size > MOST_BYTES:
        raise InputError(
            f"{source.path}: larger than {MOST_ROWS} rows or {MOST_BYTES >> 20} MiB; divide it"
        )
    return file


def _cells(column: "pa.ChunkedArray") -> Sequence[str]:
    """Returns a column's cells as texts, empty where there is nothing."""
    cells: list[str] = []
    for chunk in column.chunks:
        if hasattr(chunk, "dictionary"):
            words = [_text(word) for word in chunk.dictionary.to_pylist()]
            cells += ["" if n is None else words[n] for n in chunk.indices.to_pylist()]
        else:
            cells += map(_text, chunk.to_pylist())
    return cells


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _damaged(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:120]
    return InputError(f"{path}: damaged, or not a Parquet file ({reason}); write it again")
