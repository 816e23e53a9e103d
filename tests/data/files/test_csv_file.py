"""CSV files of many columns: memory and time in proportion to them, and only so many."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synctva.data.files.csv_file import read_header
from synctva.errors import InputError
from synctva.transcripts import columns, read_transcript

WIDE = """
import resource, sys, time
from pathlib import Path
from synctva.data.own.own_columns import read_own_csv

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

held, used_s = peak_mib(), time.process_time()
table = read_own_csv(Path(sys.argv[1]), (), ())
print(table.num_columns, peak_mib() - held, time.process_time() - used_s)
"""


def test_a_wide_table_takes_little_memory_and_time(tmp_path: Path):
    width = 20_000
    names = ",".join(f"own {number}" for number in range(width))
    (tmp_path / "wide.csv").write_text(f"{names}\n" + (",".join("x" * width) + "\n") * 2)
    command = [sys.executable, "-c", WIDE, str(tmp_path / "wide.csv")]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    read, more_mib, used_s = map(float, told.stdout.split())
    assert read == width
    assert more_mib < 140  # 200 where every column holds what may be null
    assert used_s < 10  # over a minute where a table is made again for every column


@pytest.mark.parametrize("read", [read_header, read_transcript])
def test_a_table_of_too_many_columns_is_refused(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "wide.csv"
    path.write_text("start_s,end_s,text,a,b\n0,1,Hello,,\n")
    read(path)
    monkeypatch.setattr(columns, "COLUMNS", 4)
    with pytest.raises(InputError, match=r"wide\.csv: (line 1: )?5 columns, but 4 are the most"):
        read(path)
