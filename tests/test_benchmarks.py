"""Every benchmark runs: once, as small as it can be. What it measures is not looked at here."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.models import film, silence, voice
from support.recordings import Making, record
from support.tiny import tiny_store

from synctva.data.made.playhouse import Production
from synctva.dialogue import Utterance

ROOT = Path(__file__).parents[1]
BENCHMARKS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
PARTS = {"memory", "speech", "degraded"}
"""Modules that benchmarks share."""

ELSEWHERE = {
    "lite",
    "ship_lite",
    "confidence",
    "voices_in_rooms",
    "words_encoded",
    "real",
    "reliability",
    "hostile",
    "conversations",
    "clients",
    "onnx_runtime",
    "recording_alone",
    "listening_memory",
    "read_speech",
}
"""Those of the shipped model and of speech want real corpora; a campaign has its short form in the
tests."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Runs a benchmark in this process, with some of its constants changed."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    monkeypatch.chdir(tmp_path)

    def main(name: str, *words: object, **changed: object) -> None:
        module = importlib.import_module(name)
        for constant, value in changed.items():
            monkeypatch.setattr(module, constant, value)
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, words)])
        module.main()

    return main


Run = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tiny_store(tmp_path / "store")


@pytest.mark.slow
def test_ceiling(run: Run, tmp_path: Path):
    few = ("model.width=4", "model.heads=1", "training.epochs=1")
    run("ceiling", "--out", "c", SEEDS=1, DIALOGUES=(12, 4, 4), SETTINGS=few)
    assert (tmp_path / "c" / "report.html").is_file()


@pytest.mark.slow
def test_extract(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "own").mkdir()
    for number in range(2):
        record(tmp_path / "own" / f"{number}.mp4", Making(length_s=1.0))
    run("extract", "--folder", tmp_path / "own", WARM_UP=1, BATCHES=1)
    assert "real-time factor" in capsys.readouterr().out


@pytest.mark.slow
def test_generated(run: Run, tmp_path: Path):
    run("generated", "--out", "g", PLANTED=(3, 1, 1), PLAYHOUSE=Production(dialogues=(1, 1, 1)))
    assert (tmp_path / "g" / "planted").is_dir()
    assert any((tmp_path / "g" / "playhouse-raw").rglob("*.mp4"))


def test_linear(run: Run, store: Path, capsys: pytest.CaptureFixture[str]):
    run("linear", "--store", store, "--model", "logistic", STRENGTHS=(0.1,))
    assert "logistic" in capsys.readouterr().out


def test_long_dialogue(run: Run, capsys: pytest.CaptureFixture[str]):
    run("long_dialogue", "--one", 200)
    assert "mebibytes" in capsys.readouterr().out
    module = importlib.import_module("long_dialogue")
    assert module.largest_difference() < 1e-4


def test_peers(run: Run, store: Path, capsys: pytest.CaptureFixture[str]):
    recipes = [ROOT / "recipes" / "lite.toml", ROOT / "recipes" / "baselines" / "mmgcn.toml"]
    run("peers", "--store", store, "--width", 4, "--epochs", 1, "--recipes", *recipes)
    assert "one training epoch: planted" in capsys.readouterr().out


def test_playhouse_ceiling(run: Run, capsys: pytest.CaptureFixture[str]):
    run("playhouse_ceiling", "--scenes", 5, RATES=(0.0, 0.5))
    assert "one is kept" in capsys.readouterr().err


@pytest.mark.slow
def test_recognise(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    record(tmp_path / "clip.mp4", Making(length_s=2.0))
    clip = Utterance(0, "Ann", "I am so happy!", media=str(tmp_path / "clip.mp4"))
    shortest = {"rendered": lambda _: [clip], "SHORTEST_MINUTES": 0.1}
    run("recognise", "--workers", 1, "--hours", **shortest)
    assert "processor_s" in capsys.readouterr().out


@pytest.mark.slow
def test_scale(run: Run, capsys: pytest.CaptureFixture[str]):
    run("scale", "--sizes", 500)
    assert "reading alone" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--sound", "--pages")])
def test_soak(words: tuple[str, ...], run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    record(tmp_path / "clip.mp4", Making(length_s=2.0))
    clip = Utterance(0, "Ann", "I am so happy!", media=str(tmp_path / "clip.mp4"))
    few = ("--times", 2, "--minutes", 0.1, "--workers", 1)
    run("soak", *few, *words, rendered=lambda _: [clip])
    assert "2 times 0.1 min: " in capsys.readouterr().out


def test_conversations_words_are_scored_right(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    talks = importlib.import_module("conversations")
    said = ["i", "am", "so", "happy"]
    for heard, wrong in {
        "i am so happy": 0,
        "i am happy": 1,
        "oh i was so happy": 2,
        "": 4,
    }.items():
        assert talks.errors(said, heard.split()) == wrong


@pytest.mark.slow
def test_live(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    talk = film(tmp_path / "talk.mp4", silence(0.5), voice(1.0), silence(1.0))
    run("live", talk, "--minutes", 0.01)
    assert "| 1 | " in capsys.readouterr().out


@pytest.mark.slow
def test_start(run: Run, capsys: pytest.CaptureFixture[str]):
    run("start", "--times", 1, "--only", "words")
    assert "| two lines of text | " in capsys.readouterr().out


def test_training(run: Run, store: Path, capsys: pytest.CaptureFixture[str]):
    ways = {"float32": ("training.precision=no", "training.compile=false")}
    recipe = ROOT / "recipes" / "lite.toml"
    run("training", recipe, "--store", store, "--steps", 1, "--threads", 1, WAYS=ways)
    assert "float32" in capsys.readouterr().out


def test_none_is_forgotten():
    tested = {name.removeprefix("test_") for name in globals()}
    assert set(BENCHMARKS) - PARTS - ELSEWHERE <= tested
    assert tested >= {"ceiling"}
