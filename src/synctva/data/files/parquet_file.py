"""Parquet files -> tables, and how to name their rows."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synctva.data.files.csv_file import require_columns
from synctva.errors import InputError


def parquet_names(path: Path) -> list[str]:
    """Returns the names of the columns of a Parquet file, without reading them.

    Raises:
        InputError: There is no such file, it is damaged or no Parquet file, or a column stands
            twice.
    """
    with _told(path):
        names = pq.ParquetFile(path).schema_arrow.names
    for column in names:
        if names.count(column) > 1:
            raise InputError(f"{path}: column {column!r} stands twice; rename one")
    return names


def read_parquet(path: Path, required: Iterable[str]) -> pa.Table:
    """Returns the table in a Parquet file.

    Raises:
        InputError: As ``parquet_names``; or a required column is missing.
    """
    require_columns(path, parquet_names(path), required)
    with _told(path):
        return pq.ParquetFile(path).read()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tells what is wrong with a file."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: damaged or truncated, or no Parquet file ({reason}); write it again"
        ) from error
