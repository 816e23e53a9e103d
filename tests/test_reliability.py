"""A short campaign of benchmarks/reliability.py: kills at seeded moments, and pairs at once.

The long one kills every long command; those that are not here are killed in tests of their own.
"""

import random
import sys
from pathlib import Path

import pytest
from support.tiny import tiny_corpus, tiny_run

from synctva.features.store import write_parts

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from reliability import Case, Trial, kills, pairs

pytestmark = pytest.mark.slow  # whole commands, one after the other, as a user would give them


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("cases")
    emotions = ("joy", "anger", "joy")
    rows = (f"d{n // 4},{n % 4},A,train,{emotions[n % 3]},Hello {n}\n" for n in range(40))
    table = folder / "own.csv"
    table.write_text("dialogue,turn,speaker,split,emotion,text\n" + "".join(rows))
    corpus, run = tiny_corpus((24, 6, 6)), tiny_run(folder, epochs=1)
    write_parts((corpus.select([one.id]) for one in corpus.dialogues), folder / "shards")
    predict = ("predict", str(run / "seed-0"), str(folder / "shards"), "--out", "all.parquet")
    return {
        "import": Case(("import", str(table), "--out", "store"), has_workers=False),
        "predict": Case((*predict, "--workers", "2")),
    }


@pytest.mark.parametrize("name", ["import", "predict"])
def test_killed_it_ends_as_if_never_killed_and_of_two_one_is_told(
    cases: dict[str, Case], tmp_path: Path, name: str
):
    trial, chance = Trial(cases[name], tmp_path / "trial"), random.Random(0)
    found = kills(trial, 2, chance)
    assert (found["kills"], found["as if never killed"]) == (2, 2)
    assert not found["tracebacks"] + found["processes left"] + found["files left"]
    found = pairs(trial, 1, chance)
    assert found["as if alone"] == 1
    assert found["both ended well"] + found["one was told"] == 1
    assert not found["tracebacks"] + found["files left"]
