"""Tables and bars: whole at 80 columns, and plain where nobody watches."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from rich.progress import Task, TaskID
from support.run_folders import epoch_of
from support.tiny import tiny_corpus

from synctva import terminal
from synctva.corpus import Corpus
from synctva.dialogue import Dialogue
from synctva.evaluation.bootstrap import Difference
from synctva.evaluation.compare import Comparison
from synctva.terminal import bars
from synctva.terminal.console import console


@pytest.fixture(autouse=True)
def _width(monkeypatch):
    monkeypatch.setattr(console, "width", 80)


@pytest.fixture
def shown(capsys):
    def read() -> str:
        out, err = capsys.readouterr()
        assert out == ""
        assert "…" not in err
        assert "\x1b" not in err
        return err

    return read


def test_a_corpus_is_told_split_by_split_and_emotion_by_emotion(shown):
    corpus = tiny_corpus((30, 4, 5))
    first, *rest = corpus.dialogues
    unlabelled = tuple(replace(u, emotion=None) for u in first.utterances)
    dialogues = (Dialogue(first.id, first.split, unlabelled), *rest)
    terminal.show_corpus(Corpus("[x]", corpus.schema, dialogues, corpus.features))
    lines = [line.replace("│", " ").split() for line in shown().splitlines()]
    assert ["dialogues", "30", "4", "5"] in lines
    assert ["unlabelled", str(len(unlabelled)), "0", "0"] in lines
    words = [line[0] for line in lines if line]
    assert words[0] == "[x]:"
    assert all(emotion in words for emotion in corpus.schema.emotions)
    assert words[-3:] == ["text:", "audio:", "visual:"]


def test_compared_runs_are_named_whole_however_long_their_paths(shown):
    path = Path("runs/meld/ablations/no-graphs-and-no-fusion-of-anything-at-all-or-nearly")
    found = {s: Difference(0.0123, (-0.004, 0.03), 0.04) for s in ("weighted_f1", "accuracy")}
    terminal.show_comparisons([Comparison(path, Path("runs/[meld]"), found)])
    text = shown()
    assert "runs/[meld] against ..." in text
    column = "".join(line.split("│")[1].strip() for line in text.splitlines() if "│" in line)
    assert column == str(path)
    assert all(part in text for part in ("weighted F1", "+1.2", "-0.4 to +3.0", "0.040"))


def test_a_long_line_stays_one_line_in_a_pipe(shown):
    terminal.say("word " * 50)
    assert shown().count("\n") == 1


def test_bars_tell_how_far_each_seed_is_and_its_best_score(shown):
    with terminal.seeds_progress(2, 9) as on_epoch:
        for epoch, score in enumerate((0.3, 0.5, 0.4)):
            on_epoch(1, epoch_of(epoch, score))
    first, second, end = shown().splitlines()
    assert "seed 0" in first
    assert "0/9" in first
    assert "seed 1" in second
    assert "3/9" in second
    assert second.rstrip().endswith("valid weighted F1 50.0")
    assert end.startswith("seed 1: ended after 3 of 9 epochs")


def test_bars_call_no_score_of_learning_one_of_valid(shown):
    with terminal.seeds_progress(1, 3) as on_epoch:
        for epoch in range(3):
            on_epoch(0, replace(epoch_of(epoch, 0.3), train_loss=2.25, valid=None))
    told = shown()
    assert told.rstrip().endswith("training loss 2.25")
    assert "valid" not in told


def test_a_bar_of_an_unknown_length_ends_full(shown):
    with terminal.progress("Looking", None) as advance:
        for _ in range(3):
            advance(1)
    assert "3/3" in shown()


@pytest.mark.parametrize(
    ("speed", "told"), [(None, ""), (0.04, "25 s each"), (0.31, "0.3/s"), (57239.1, "57239/s")]
)
def test_slow_steps_are_told_in_seconds(speed: float | None, told: str):
    task = Task(TaskID(0), "", 1, 1, _get_time=float, finished_speed=speed)
    assert str(bars._Rate().render(task)) == told


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_is_drawn_again_and_again_only_where_somebody_watches(is_terminal, monkeypatch):
    monkeypatch.setattr(console, "_force_terminal", is_terminal)
    before = threading.active_count()
    with terminal.progress("[x]", 2):
        assert (threading.active_count() > before) == is_terminal


def test_where_nobody_watches_a_line_now_and_then_tells_how_far_it_is(shown, monkeypatch):
    monkeypatch.setattr(bars, "SAID_EVERY_S", 0.0)
    with terminal.progress("[x]", 2) as advance:
        advance(1)
        advance(1)
    assert shown().splitlines()[:2] == ["[x]: 1 of 2", "[x]: 2 of 2"]


def test_an_error_takes_the_bar_away(shown):
    def fail() -> None:
        with terminal.progress("[x]", 3) as advance:
            advance(1)
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        fail()
    assert shown() == ""
    with terminal.progress("[x]", 3) as advance:
        advance(3)
    assert "[x]" in shown()
