"""A sweep's table: how far each run is, what is left, and whole at 80 columns."""

from pathlib import Path

import pytest
from rich.console import Console
from support.run_folders import epoch_of

from synctva.recipe import Recipe
from synctva.run.folder import RunFolder
from synctva.terminal.sweep import line_of, seconds_left, state_of, sweep_table
from synctva.training.jobs import TrainingJob
from synctva.training.plan import PlannedRun
from synctva.training.sweep import RunStatus

RECIPE = Recipe.parse({"training": {"epochs": 10}}, "recipe")


def status(
    name: str = "default", fold: int | None = None, logs: dict[int, list[float]] | None = None
) -> RunStatus:
    """A run of three seeds with these weighted F1s; an epoch takes two seconds."""
    folder = RunFolder(Path("runs") / name)
    run = PlannedRun("tiny", name, fold, RECIPE, Path("store"), folder)
    records = {
        seed: [epoch_of(n, score, seconds=2.0) for n, score in enumerate(scores)]
        for seed, scores in (logs or {}).items()
    }
    return RunStatus(run, range(3), records)


def shown(statuses: list[RunStatus], slots: int = 2, height: int | None = None) -> list[list[str]]:
    """Returns the words of each line of the table at 80 columns."""
    console = Console(width=80)
    with console.capture() as capture:
        console.print(sweep_table(statuses, slots, height))
    text = capture.get()
    assert "…" not in text
    return [line.split() for line in text.splitlines()]


def test_a_row_tells_seeds_epochs_best_scores_so_far_state_and_time():
    run = status(logs={0: [0.3, 0.7, 0.6, 0.5], 1: [0.5], 2: []})
    run.finished, run.busy = {0}, {1, 2}
    lines = shown([run])
    assert ["tiny", "default", "1/3", "1,", "0", "of", "10", "60.0", "training", "14", "s"] in lines
    assert ["1", "of", "4", "jobs", "done"] in lines
    assert ["About", "7", "s", "left", "at", "the", "most."] in lines


def test_a_seed_is_taken_to_need_as_many_epochs_as_the_finished_ones_else_all():
    assert seconds_left(status()) is None
    assert seconds_left(status(logs={0: [0.1] * 4})) == 2 * (6 + 10 + 10)
    finished = status(logs={0: [0.1] * 4, 1: [0.1] * 9})
    finished.finished = {0}
    assert seconds_left(finished) == 2 * (1 + 4)  # the second may end with any epoch
    finished.failures[2] = "broken"
    assert seconds_left(finished) == 2 * 1
    finished.finished |= {1, 2}
    assert seconds_left(finished) == 0


def test_runs_that_have_not_begun_are_taken_to_be_like_the_others():
    begun = status(logs={0: [0.1] * 5})
    caption = next(line for line in shown([begun, status("new")], slots=1) if "About" in line)
    assert caption[:3] == ["About", "2", "min"]  # 2 * 25 + 2 * 30 seconds


def test_states_in_words():
    run = status()
    assert state_of(run) == "waiting"
    run.busy = {0}
    assert state_of(run) == "training"
    run.busy = {None}
    assert state_of(run) == "evaluating"
    run.busy, run.evaluated = set(), True
    assert state_of(run) == "evaluated"
    run.failures = {None: "broken"}
    assert state_of(run) == "failed"
    assert ["1", "of", "8", "jobs", "done,", "1", "failed"] in shown([status(), run])


def test_where_there_is_no_room_for_all_the_busy_ones_are_shown_in_their_order():
    runs = [status(f"run-{number:02d}") for number in range(40)]
    runs[30].busy, runs[7].busy, runs[20].failures = {1}, {0}, {0: "broken"}
    lines = shown(runs, height=12)
    assert [line[1] for line in lines if line[:1] == ["tiny"]] == ["run-07", "run-20", "run-30"]
    assert ["37", "runs", "are", "not", "shown."] in lines
    assert len(lines) <= 12
    assert len([line for line in shown(runs) if line[:1] == ["tiny"]]) == 40


def test_a_run_that_is_left_out_has_no_row():
    left_out = status("seen")
    left_out.skipped = "store has no visual features"
    assert not any("seen" in line for line in shown([status(), left_out]))


def test_long_names_and_folds_are_whole():
    run = status("imbalance-logit-adjustment-and-more-[x]", fold=5)
    text = "".join(" ".join(line) for line in shown([run])).replace(" ", "")
    assert "tiny#5" in text
    assert "[x]" in text


@pytest.mark.parametrize(
    ("seed", "told"),
    [
        (0, "tiny, fold 2: a, seed 0: 2 epochs, valid weighted F1 40.0"),
        (1, r"[red]failed[/red] tiny, fold 2: a, seed 1: \[x] is broken"),
        (None, "tiny, fold 2: a: evaluated"),
    ],
)
def test_a_line_for_each_job(seed: int | None, told: str):
    run = status("a", fold=2, logs={0: [0.4, 0.2]})
    run.failures[1] = "[x] is broken"
    assert line_of(run, TrainingJob(Path("runs"), Path("store"), seed)) == told
