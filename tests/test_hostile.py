"""The campaign of mutated files in its short form: read, or refused in one line; nothing else."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
FORMATS = (
    *("pickle", "npz", "csv", "parquet", "recognition", "wav", "mp4", "manifest", "checkpoint"),
    *("recipe", "transcript srt", "transcript vtt", "transcript eaf", "transcript textgrid"),
    *("transcript csv", "transcript json", "transcript parquet", "transcript rttm"),
    *("script txt", "script csv"),
)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("hostile")


def test_every_format_of_the_campaign_is_tried(hostile: ModuleType):
    assert set(hostile.FORMATS) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_good_file_is_read_and_a_damaged_one_is_read_or_refused_in_one_line(
    name: str, hostile: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for seed in range(4 if name == "checkpoint" else 12):
        end, told = hostile.tried(name, tmp_path, seed)
        assert end in ("read", "refused"), f"{seed}: {told}"
    monkeypatch.setattr(hostile, "damaged", lambda content, dice: content)
    end, told = hostile.tried(name, tmp_path, 0)
    assert end == "read" or "--label-order" in told, told  # too few to tell a corpus by its counts
