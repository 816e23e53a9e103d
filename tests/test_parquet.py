"""Parquet files: what would take all memory is refused before it is decoded."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synctva import parquet
from synctva.budget import Budget
from synctva.errors import InputError
from synctva.parquet import read_parquet_table

TABLE = pa.table(
    {
        "words": ["no", None, "no", "é" * 9],
        "numbers": [1.5, 2.0, None, 0.0],
        "vectors": pa.FixedSizeListArray.from_arrays(pa.array(range(8), pa.float32()), 2),
    }
)


def test_a_table_comes_out_as_it_went_in(tmp_path: Path):
    pq.write_table(TABLE, tmp_path / "own.parquet", row_group_size=2)
    assert read_parquet_table(tmp_path / "own.parquet").equals(TABLE)
    found = read_parquet_table(tmp_path / "own.parquet", ["words"])
    assert found.equals(TABLE.select(["words"]))


def test_no_other_module_opens_a_parquet_file():
    sources = Path(parquet.__file__).parent.rglob("*.py")
    words = ("read_table(", "ParquetFile(", "ParquetDataset(")
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    found = {path.name for path, text in texts.items() if any(f"pq.{w}" in text for w in words)}
    assert found == {"parquet.py"}


@pytest.mark.parametrize(
    "column",
    [
        pa.array(np.zeros(100_000)),
        pa.array([""] * 100_000),
        pa.array(["x" * 10_000] * 1000),
        pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(100_000)), 1000),
    ],
)
def test_a_few_bytes_that_stand_for_many_are_refused(
    column: pa.Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "own.parquet"
    pq.write_table(pa.table({"x": column}), path, compression="zstd")
    assert read_parquet_table(path).num_rows == len(column)
    monkeypatch.setattr(parquet, "PARQUET", Budget(8, 50_000, 1 << 30))
    before = pa.total_allocated_bytes()
    with pytest.raises(InputError, match=r"own\.parquet: unfolds from .* bytes to"):
        read_parquet_table(path)
    assert pa.total_allocated_bytes() - before < 50_000
