"""A short campaign of benchmarks/reliability.py: kills at seeded moments, and two at once.

The long one does so with every long command. Here it is the shortest; the others are killed in
tests of their own, most of them in one process.
"""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from reliability import Case, Trial, kills, pairs


@pytest.mark.slow  # nine commands, one after the other, as a user would give them
def test_an_import_killed_ends_as_if_never_killed_and_of_two_one_is_told(tmp_path: Path):
    table, emotions = tmp_path / "own.csv", ("joy", "anger", "joy")
    rows = (f"d{n // 4},{n % 4},A,train,{emotions[n % 3]},Hello {n}\n" for n in range(40))
    table.write_text("dialogue,turn,speaker,split,emotion,text\n" + "".join(rows))
    case = Case(("import", str(table), "--out", "store"), has_workers=False)
    trial, chance = Trial(case, tmp_path / "trial"), random.Random(0)
    found = kills(trial, 3, chance)
    assert (found["kills"], found["as if never killed"]) == (3, 3)
    assert not found["tracebacks"] + found["processes left"] + found["files left"]
    found = pairs(trial, 1, chance)
    assert found["as if alone"] == 1
    assert found["both ended well"] + found["one was refused"] == 1
    assert not found["tracebacks"] + found["files left"]
