"""Parquet files that somebody else made: read within their budget.

A value that stands in every row is written once, and a page of zeros takes a few bytes. So a file
is read only after what its columns would take is known, and texts by their dictionaries.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from synctva.budget import PARQUET

_OF_TEXT = 64
"""Bytes of a text beside its letters, once it is one of Python's; and of a list, likewise."""


def opened_parquet(content: Path | bytes) -> pq.ParquetFile:
    """Returns a Parquet file, of which the header is read; its texts are read by dictionaries.

    Checksums of its pages, where it has them, are compared when they are read.

    Args:
        content: The file, or what it holds.

    Raises:
        OSError: It cannot be read.
        ArrowException: It is damaged, or no Parquet file.
    """
    source = pa.BufferReader(content) if isinstance(content, bytes) else content
    first = pq.ParquetFile(source)
    texts = [field.name for field in first.schema_arrow if pa.types.is_string(field.type)]
    first.close()
    source = pa.BufferReader(content) if isinstance(content, bytes) else content
    return pq.ParquetFile(source, read_dictionary=texts, page_checksum_verification=True)


def read_parquet_file(
    place: Path,
    file: pq.ParquetFile,
    columns: Iterable[str] | None = None,
    *,
    file_bytes: int | None = None,
) -> pa.Table:
    """Returns columns of a Parquet file; texts stay in their dictionaries.

    Args:
        place: The file, for errors.
        file: From ``opened_parquet``.
        columns: Their names; None = all.
        file_bytes: Its size; None = that of the file at ``place``.

    Raises:
        InputError: It would become more than its budget allows.
        ArrowException: It is damaged.
    """
    size = place.stat().st_size if file_bytes is None else file_bytes
    names = None if columns is None else list(columns)
    PARQUET.check(place, _stated_bytes(file, names), size)
    table = file.read(columns=names)
    PARQUET.check(place, sum(map(_text_bytes, table.columns)), size)
    return table


def plain(table: pa.Table) -> pa.Table:
    """Returns a table whose texts are plain columns of texts."""
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.Table.from_arrays(columns, table.column_names, metadata=table.schema.metadata)


def read_parquet_table(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """Returns columns of a Parquet file; errors as ``opened_parquet`` and ``read_parquet_file``."""
    with opened_parquet(path) as file:
        return plain(read_parquet_file(path, file, columns))


def _stated_bytes(file: pq.ParquetFile, names: list[str] | None) -> int:
    """Returns what columns take in memory, by what the file says of them.

    The facts of single columns are not asked for: Arrow ends the process where they are damaged.
    """
    facts = file.metadata
    encoded = sum(facts.row_group(n).total_byte_size for n in range(facts.num_row_groups))
    fields = [field for field in file.schema_arrow if names is None or field.name in names]
    return max(encoded, facts.num_rows * sum(_width(field.type) for field in fields))


def _width(kind: pa.DataType) -> int:
    """Returns the bytes of a value."""
    if pa.types.is_fixed_size_list(kind):
        return kind.list_size * _width(kind.value_type)
    if pa.types.is_primitive(kind):
        return max(1, kind.bit_width // 8)
    return _OF_TEXT


def _text_bytes(column: pa.ChunkedArray) -> int:
    """Returns what the texts of a column take, each as often as it stands there."""
    wanted = 0
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            lengths: Any = pc.binary_length(chunk.dictionary)  # pyright: ignore
            wanted += pc.sum(lengths.take(chunk.indices)).as_py() or 0  # pyright: ignore
    return wanted
