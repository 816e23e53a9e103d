"""Parquet files -> tables, and how to name their rows."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from synctva.data.files.csv_file import repeated, require_columns
from synctva.errors import InputError
from synctva.parquet import opened_parquet, read_parquet_table


def parquet_names(path: Path) -> list[str]:
    """Returns the names of the columns of a Parquet file, without reading them.

    Raises:
        InputError: There is no such file, it is damaged or no Parquet file, or a column stands
            twice.
    """
    with _told(path), opened_parquet(path) as file:
        names = file.schema_arrow.names
    for column in repeated(names):
        raise InputError(f"{path}: column {column!r} stands twice; rename one")
    return names


def read_parquet(path: Path, required: Iterable[str]) -> pa.Table:
    """Returns the table in a Parquet file.

    Raises:
        InputError: As ``parquet_names``; a required column is missing; or the file would unfold to
            more than its budget allows.
    """
    require_columns(path, parquet_names(path), required)
    with _told(path):
        return read_parquet_table(path)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tells what is wrong with a file."""
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: damaged or truncated, or not a Parquet file ({reason}); write it again"
        ) from error
