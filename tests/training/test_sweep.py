"""A sweep: what is done, in which order; nothing twice; and no job harms another one."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from support.kills import DEADLINE_S, Killed, kill_at, outcome, wait_until
from support.places import Inline
from support.processes import is_over, kill, served_by_ray, workers_of
from support.tiny import SETTINGS, only, tiny_corpus, tiny_store

from synctva import cli
from synctva.errors import InputError
from synctva.files import alone
from synctva.recipe import load_recipe
from synctva.run.folder import RunFolder
from synctva.training import jobs
from synctva.training.jobs import TrainingJob, engine_for
from synctva.training.plan import load_plan
from synctva.training.run import train_run
from synctva.training.sweep import RunStatus, run_sweep
from synctva.work import ENGINES, on_cluster
from synctva.work.task import attempt

Done = list[tuple[str, int | None]]
"""The recipe and the seed of jobs, in their order; seed None is an evaluation."""


def write_plan(folder: Path, epochs: int = 2) -> Path:
    """Writes a plan of two recipes with two seeds on one store, all that it needs, and its path."""
    tiny_store(folder / "store", only(tiny_corpus((8, 4, 4)), "text", "audio"))
    settings = [setting for setting in SETTINGS if "epochs" not in setting]
    text = "\n".join([*settings, f"training.epochs={epochs}", f"training.patience={epochs}"])
    (folder / "full.toml").write_text(text)
    (folder / "narrow.toml").write_text('based_on = "full.toml"\nmodel.width = 2\n')
    (folder / "plan.toml").write_text(
        'out = "runs"\nseeds = 2\nrecipes = ["full.toml", "narrow.toml"]\n'
        '[stores]\ntiny = "store"\n'
    )
    return folder / "plan.toml"


def swept(
    plan: Path, slots: int = 1, asked: tuple[str, ...] = ()
) -> tuple[Done, dict[str, RunStatus]]:
    """Sweeps in this process; returns the jobs, and how the runs stand, by recipe."""
    inline = Inline(slots)
    statuses = run_sweep(load_plan(plan), engine_for(inline.engine), asked=asked)
    done = [(job.run.name, job.seed) for job in inline.handed_out]
    return done, {status.run.name: status for status in statuses}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The folder of a plan that is done, which no test changes, and the jobs that it took."""
    plan = write_plan(tmp_path_factory.mktemp("finished"))
    return plan.parent, swept(plan)[0]


@pytest.fixture
def plan(finished: tuple[Path, Done], tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(finished[0], tmp_path / "copy") / "plan.toml"


def left_by(folder: Path) -> dict[str, object]:
    """Returns all files that a sweep has left but the evaluations, which tell how long it took."""
    return {k: v for k, v in outcome(folder).items() if not k.endswith("evaluation.json")}


def run_of(plan: Path, recipe: str) -> RunFolder:
    return RunFolder(plan.parent / "runs" / "tiny" / recipe)


def test_seed_0_of_all_comes_first_and_a_run_is_evaluated_after_its_last_seed(finished):
    assert finished[1] == [
        ("full", 0),
        ("narrow", 0),
        ("full", 1),
        ("full", None),
        ("narrow", 1),
        ("narrow", None),
    ]


def test_a_seed_has_the_very_weights_of_a_training_by_itself(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # in this process
    folder = finished[0]
    for recipe in ("full", "narrow"):
        alone = tmp_path / recipe
        train_run(load_recipe(folder / f"{recipe}.toml"), folder / "store", alone, 2)
        run = RunFolder(folder / "runs" / "tiny" / recipe)
        for seed in (0, 1):
            for split in ("valid", "test"):
                assert run.evaluation.predictions(seed, split).is_file()
            kept = outcome(run.seed(seed).path)
            kept = {name: own for name, own in kept.items() if "predictions" not in name}
            assert kept == outcome(RunFolder(alone).seed(seed).path)


def test_what_is_done_is_not_done_again(plan):
    before = outcome(plan.parent)
    done, statuses = swept(plan)
    assert done == []
    assert all(status.evaluated and status.trained for status in statuses.values())
    assert outcome(plan.parent) == before


def test_more_seeds_are_added_and_the_run_is_evaluated_again(plan):
    plan.write_text(plan.read_text().replace("seeds = 2", "seeds = 3"))
    done, _ = swept(plan)
    assert done == [("full", 2), ("full", None), ("narrow", 2), ("narrow", None)]
    assert run_of(plan, "full").evaluation.read().seeds == 3


@pytest.mark.parametrize("how", ["missing", "damaged", "older"])
def test_an_evaluation_that_is_not_of_the_finished_seeds_is_made_again(plan: Path, how: str):
    run = run_of(plan, "full")
    if how == "missing":
        run.evaluation.file.unlink()
    elif how == "damaged":
        run.evaluation.file.write_text("{")
    else:
        os.utime(run.evaluation.file, ns=(0, 0))
    assert swept(plan)[0] == [("full", None)]
    assert run.evaluation.read().seeds == 2


def test_what_evaluations_are_asked_is_found_once_and_nothing_is_trained_again(plan):
    assert swept(plan, asked=("stress",))[0] == [("full", None), ("narrow", None)]
    stress = run_of(plan, "full").evaluation.read().stress
    assert stress is not None
    assert swept(plan, asked=("stress",))[0] == []
    assert swept(plan)[0] == []


def test_seeds_that_finish_at_the_same_time_are_evaluated_once(plan):
    shutil.rmtree(run_of(plan, "full").path)
    assert swept(plan, slots=9)[0] == [("full", 0), ("full", 1), ("full", None)]


def test_killed_at_a_write_it_goes_on_and_ends_with_the_same_files(
    plan: Path, finished: tuple[Path, Done], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "SAVE_EVERY_S", 0.0)
    for moment in (12, 60):
        shutil.rmtree(plan.parent / "runs")
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, moment)
            with pytest.raises(Killed):
                swept(plan)
        assert swept(plan)[0][-1] == ("narrow", None)
        assert left_by(plan.parent) == left_by(finished[0]), f"killed at write {moment}"


def test_a_run_of_something_else_in_the_folder_leaves_the_others(plan):
    full = plan.parent / "full.toml"
    full.write_text(full.read_text().replace("epochs=2", "epochs=1"))
    shutil.rmtree(run_of(plan, "narrow").path)
    done, statuses = swept(plan)
    assert "holds a run of another recipe (" in statuses["full"].failures[None]
    assert [name for name, _ in done] == ["narrow"] * 3


def test_a_seed_that_another_process_trains_fails_and_the_others_are_trained(plan):
    busy = run_of(plan, "full").seed(1)
    busy.finished.unlink()
    shutil.rmtree(run_of(plan, "narrow").path)
    with alone(busy.path):
        done, statuses = swept(plan)
    assert done == [("narrow", 0), ("full", 1), ("narrow", 1), ("narrow", None)]
    assert f"{busy.path}: process {os.getpid()} on " in statuses["full"].failures[1]
    assert statuses["narrow"].evaluated
    assert swept(plan)[0] == [("full", 1), ("full", None)]


def test_recipes_for_modalities_that_are_not_there_are_left_out(plan):
    for name, modalities in {
        "seen": ["visual"],
        "heard-and-seen": ["audio", "visual"],
        "heard": ["audio"],
    }.items():
        text = f'based_on = "full.toml"\nmodalities = {modalities}\ntraining.epochs = 1\n'
        (plan.parent / f"{name}.toml").write_text(text)
    names = '["full.toml", "seen.toml", "heard-and-seen.toml", "heard.toml"]'
    plan.write_text(plan.read_text().replace('["full.toml", "narrow.toml"]', names))
    done, statuses = swept(plan)
    assert [name for name, _ in done] == ["heard"] * 3
    for name in ("seen", "heard-and-seen"):
        assert statuses[name].skipped == "store has no visual features"
        assert not run_of(plan, name).path.exists()
    assert not statuses["full"].skipped  # it takes what there is


def test_what_changes_nothing_on_a_store_is_left_out_there(plan, monkeypatch):
    monkeypatch.setattr(jobs, "do", lambda job: None)  # what is left out is known before
    changes = {
        "whole": "",
        "no-graphs": "model.graphs = []",
        "no-seen-graphs": 'model.graphs = ["text_audio"]',  # the store has no visual features
        "no-heard-graph": 'model.graphs = ["text_visual", "audio_visual"]',
        "causal": "model.future = 0",
        "causal-too": "model.future = 0\nmodel.future_dropout = 0.5",
        "unweighted": 'loss.imbalance = "none"',
        "unweighted-too": "loss.strength = 0",
        "not-enhanced": "model.enhancement_layers = 0",
        "not-enhanced-nor-gated": "model.enhancement_layers = 0\nmodel.gating = false",
    }
    for name, change in changes.items():
        (plan.parent / f"{name}.toml").write_text(f"model.width = 4\nmodel.heads = 1\n{change}\n")
    more = ", ".join(f'"{name}.toml"' for name in changes)
    plan.write_text(plan.read_text().replace('"narrow.toml"]', f'"narrow.toml", {more}]'))
    _, statuses = swept(plan)
    assert statuses["no-seen-graphs"].skipped == "on store it is the same as whole"
    assert statuses["no-heard-graph"].skipped == "on store it is the same as no-graphs"
    assert statuses["causal-too"].skipped == "on store it is the same as causal"
    assert statuses["unweighted-too"].skipped == "on store it is the same as unweighted"
    same = "on store it is the same as not-enhanced"
    assert statuses["not-enhanced-nor-gated"].skipped == same
    assert not run_of(plan, "no-seen-graphs").path.exists()
    assert not any(statuses[name].skipped for name in ("whole", "no-graphs", "causal"))


def test_a_store_that_is_not_there_is_told_before_anything_begins(plan):
    shutil.rmtree(plan.parent / "runs")
    plan.write_text(plan.read_text() + 'other = "nowhere"\n')
    with pytest.raises(InputError, match="nowhere: no feature store here"):
        swept(plan)
    assert not (plan.parent / "runs").exists()


def test_a_failure_is_one_line_that_tells_where(monkeypatch, tmp_path):
    def broken(*arguments: object) -> None:
        raise KeyError("two\nlines")

    monkeypatch.setattr(jobs, "train_seed", broken)
    told = str(attempt(jobs.do, TrainingJob(tmp_path, tmp_path, 0)))
    assert told.startswith("KeyError: ")
    assert "(test_sweep.py, line " in told
    assert "\n" not in told


def test_a_finished_seed_is_not_begun_again_by_a_cluster(monkeypatch, finished):
    monkeypatch.setattr("synctva.training.run.fit", lambda *arguments: pytest.fail("trained"))
    run = finished[0] / "runs" / "tiny" / "full"
    assert attempt(jobs.do, TrainingJob(run, finished[0] / "store", 0)) is None


# The command


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs `synctva sweep` in this process; returns its exit code and what it tells."""
    monkeypatch.setitem(ENGINES, "local", Inline().engine)

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["synctva", "sweep", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        assert out == ""
        return code, err

    return run


def test_the_command_tells_each_job_in_a_line_and_ends_with_the_table(call, plan):
    shutil.rmtree(run_of(plan, "full").path)
    code, told = call(plan)
    assert code == 0
    assert "tiny: full, seed 1: 2 epochs, valid weighted F1 " in told
    assert "tiny: full: evaluated\n" in told
    assert "6 of 6 jobs done" in told


def test_a_failed_job_is_told_at_the_end_with_its_reason_and_exit_code_1(call, plan):
    seed = run_of(plan, "full").seed(1)
    seed.finished.unlink()
    seed.state.write_bytes(b"no state")
    shutil.rmtree(run_of(plan, "narrow").path)
    code, told = call(plan)
    assert code == 1
    last = told.splitlines()[-1]
    assert last.startswith(f"Failed: tiny: full, seed 1: {seed.state}: damaged")
    assert last.endswith(f"delete {seed.path} to start this seed again")
    assert run_of(plan, "narrow").evaluation.read().seeds == 2
    shutil.rmtree(seed.path)
    assert call(plan)[0] == 0
    assert run_of(plan, "full").evaluation.read().seeds == 2


def test_an_unknown_engine_and_a_missing_ray_are_told(call, plan, monkeypatch):
    code, told = call(plan, "--engine", "slurm")
    assert (code, told) == (2, "synctva: --engine slurm: write local or ray\n")
    monkeypatch.setitem(sys.modules, "ray", None)
    code, told = call(plan, "--engine", "ray")
    assert code == 2
    assert told.endswith("Ray is not installed; pip install 'synctva[cluster]'\n")


# Processes


@contextmanager
def started(plan: Path) -> Iterator[subprocess.Popen[str]]:
    """Starts the command as a user would, two jobs at a time; none of its processes is left."""
    words = (sys.executable, "-m", "synctva", "sweep", str(plan), "--jobs", "2")
    process = subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    with process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def logged(plan: Path) -> dict[Path, int]:
    """Returns when each log was written last."""
    return {path: path.stat().st_mtime_ns for path in plan.parent.rglob("log.jsonl")}


LONG = 25
"""Epochs enough that the jobs are still at work when they are killed, on any machine."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of long jobs that nobody disturbed."""
    plan = write_plan(tmp_path_factory.mktemp("whole") / "plan", epochs=LONG)
    swept(plan)
    return plan


@pytest.mark.slow
def test_kills_of_a_worker_and_of_the_sweep_cost_nothing_but_time(whole: Path, tmp_path: Path):
    plan = write_plan(tmp_path / "killed", epochs=LONG)
    runs = [run_of(plan, recipe) for recipe in ("full", "narrow")]

    with started(plan) as process:
        wait_until(lambda: all(run.seed(0).read_log() for run in runs), process)
        first = workers_of(process)
        first[0].kill()
        wait_until(lambda: bool(set(workers_of(process)) - set(first)), process)
        before = logged(plan)
        wait_until(lambda: logged(plan) != before, process)
        workers = workers_of(process)
        assert workers
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: all(is_over(worker) for worker in workers))

    with started(plan) as process:
        told = process.communicate(timeout=DEADLINE_S)[1]
    assert process.returncode == 0, told
    assert "6 of 6 jobs done" in told
    assert left_by(plan.parent) == left_by(whole.parent)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_does_the_same_even_if_a_worker_is_killed(whole: Path, tmp_path: Path):
    plan = write_plan(tmp_path / "ray", epochs=LONG)
    killed: list[int] = []
    over = Event()

    def kill_one() -> None:
        while not (killed or over.wait(0.01)):
            for process in served_by_ray():
                if not killed and kill(process):
                    killed.append(process.pid)

    killer = Thread(target=kill_one)
    killer.start()
    try:
        with engine_for(on_cluster, 2) as engine:
            statuses = run_sweep(load_plan(plan), engine)
    finally:
        over.set()
        killer.join()
    assert killed
    assert not any(status.failures for status in statuses)
    assert left_by(plan.parent) == left_by(whole.parent)
