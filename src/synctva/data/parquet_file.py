"""Parquet files -> tables, and how to name their rows."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synctva.data.csv_file import require_columns
from synctva.errors import InputError


def read_parquet(path: Path, required: Iterable[str]) -> pa.Table:
    """Returns the table in a Parquet file.

    Raises:
        InputError: There is no such file, it is damaged or no Parquet file, a column stands twice,
            or a required one is missing.
    """
    try:
        table = pq.ParquetFile(path).read()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: damaged or truncated, or no Parquet file ({reason}); write it again"
        ) from error
    for column in table.column_names:
        if table.column_names.count(column) > 1:
            raise InputError(f"{path}: column {column!r} stands twice; rename one")
    require_columns(path, table.column_names, required)
    return table
