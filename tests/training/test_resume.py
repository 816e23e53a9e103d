"""Kill -9 at any moment, the same command again: the very weights of an uninterrupted run."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from support.kills import DEADLINE_S, Killed, kill_at, outcome, place, wait_until
from support.processes import is_over
from support.tiny import SETTINGS, only, sync_tva_recipe, tiny_corpus, tiny_recipe, tiny_store

from synctva.features.store import writing as store_module
from synctva.recipe import load_recipe
from synctva.run.folder import RunFolder
from synctva.training import splits
from synctva.training.run import train_run

LONGER = (*SETTINGS, "training.epochs=12", "training.patience=12")


def test_killed_at_any_write_it_ends_with_the_same_files(tmp_path):
    store = tiny_store(tmp_path / "store", only(tiny_corpus((8, 4, 0)), "text", "audio"))
    recipe = tiny_recipe(epochs=2, keep_epochs=True)
    with pytest.MonkeyPatch.context() as patch:
        count = kill_at(patch, -1)
        train_run(recipe, store, tmp_path / "whole", 1, save_every_s=0)
        writes = count()
    expected = outcome(tmp_path / "whole")
    assert writes > 15
    for moment in range(writes):
        run = tmp_path / "killed"
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, moment)
            with pytest.raises(Killed):
                train_run(recipe, store, run, 1, save_every_s=0)
        train_run(recipe, store, run, 1, save_every_s=0)
        assert outcome(run) == expected, f"killed at write {moment}"
        shutil.rmtree(run)


@pytest.mark.parametrize("moment", [5, 9])  # in the first epoch, and in the second
def test_sync_tva_with_all_its_dropout_ends_with_the_same_files(tmp_path: Path, moment: int):
    store = tiny_store(tmp_path / "store", only(tiny_corpus((8, 4, 0)), "text", "audio"))
    recipe = sync_tva_recipe(epochs=2)
    train_run(recipe, store, tmp_path / "whole", 1)
    run = tmp_path / "killed"
    with pytest.MonkeyPatch.context() as patch:
        kill_at(patch, moment)
        with pytest.raises(Killed):
            train_run(recipe, store, run, 1, save_every_s=0)
    train_run(recipe, store, run, 1)
    assert outcome(run) == outcome(tmp_path / "whole")


@pytest.fixture
def by_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of several shards, of which training holds only some at a time."""
    monkeypatch.setattr(store_module, "SHARD_UTTERANCES", 24)
    monkeypatch.setattr(splits, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(splits, "WINDOW_BYTES", 4 * 32 * 50)
    return tiny_store(tmp_path / "store", only(tiny_corpus((9, 4, 0)), "text"))


def test_killed_in_any_window_it_ends_with_the_same_files(tmp_path: Path, by_windows: Path):
    recipe = tiny_recipe(epochs=2, batch_utterances=10, accumulation=2)
    with pytest.MonkeyPatch.context() as patch:
        count = kill_at(patch, -1)
        train_run(recipe, by_windows, tmp_path / "whole", 1, save_every_s=0)
        writes = count()
    expected = outcome(tmp_path / "whole")
    assert writes > 15
    for moment in range(5, writes, 4):
        run = tmp_path / f"killed-{moment}"
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, moment)
            with pytest.raises(Killed):
                train_run(recipe, by_windows, run, 1, save_every_s=0)
        train_run(recipe, by_windows, run, 1, save_every_s=0)
        assert outcome(run) == expected, f"killed at write {moment}"


def test_by_windows_a_training_learns(tmp_path: Path, by_windows: Path):
    recipe = tiny_recipe(epochs=5, averaging=0, modality_dropout=0)
    run = train_run(recipe, by_windows, tmp_path / "run", 1)
    log = run.seed(0).read_log()
    assert log[-1].train_loss < log[0].train_loss
    assert log[-1].valid.loss < log[0].valid.loss


def test_how_often_the_state_is_saved_changes_nothing(tmp_path):
    store = tiny_store(tmp_path / "store")
    for name, seconds in {"often": 0.0, "never": 1e9}.items():
        train_run(tiny_recipe(), store, tmp_path / name, 1, save_every_s=seconds)
    assert outcome(tmp_path / "often") == outcome(tmp_path / "never")


@contextmanager
def started(store: Path, run: Path, seeds: int) -> Iterator[subprocess.Popen[str]]:
    """Starts the training as a user would, in a process group of its own; none is left over."""
    settings = [word for setting in LONGER for word in ("--set", setting)]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "synctva", "train", "--store", str(store), "--out", str(run)),
            *("--save-every", "0", "--seeds", str(seeds), *settings),
        ],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # who runs the tests in a shell's background has Ctrl-C ignored, and so would we
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    with process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def finish(store: Path, run: Path, seeds: int) -> str:
    """Trains to the end; returns what was shown."""
    with started(store, run, seeds) as process:
        shown = process.communicate(timeout=DEADLINE_S)[1]
        assert process.returncode == 0, shown
    return shown


@pytest.mark.slow
def test_a_process_killed_in_and_between_epochs_ends_with_the_same_weights(tmp_path):
    store = tiny_store(tmp_path / "store")
    train_run(load_recipe(None, LONGER), store, tmp_path / "whole", 1, save_every_s=0)
    run = RunFolder(tmp_path / "killed")
    folder = run.seed(0)
    for moment in (
        lambda: place(folder) >= (0, 2),  # in the first epoch
        lambda: len(folder.read_log()) >= 3,  # an epoch is logged, perhaps not yet saved
    ):
        with started(store, run.path, 1) as process:
            wait_until(moment, process)
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        assert not folder.finished.exists()
    assert "12/12" in finish(store, run.path, 1)
    assert outcome(run.path) == outcome(tmp_path / "whole")


@pytest.mark.slow
def test_seeds_side_by_side_survive_ctrl_c_and_the_death_of_their_parent(tmp_path, monkeypatch):
    store = tiny_store(tmp_path / "store")
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # one after the other, in this process
    train_run(load_recipe(None, LONGER), store, tmp_path / "whole", 2, save_every_s=0)
    run = RunFolder(tmp_path / "killed")
    seeds = [run.seed(0), run.seed(1)]

    with started(store, run.path, 2) as process:
        wait_until(lambda: any(place(seed) >= (0, 2) for seed in seeds), process)
        os.killpg(process.pid, signal.SIGINT)
        shown = process.communicate(timeout=DEADLINE_S)[1]
    assert process.returncode == 130
    assert shown.endswith("synctva: stopped; run the same command again to resume\n")
    assert "Traceback" not in shown
    stopped = {seed: place(seed) for seed in seeds}

    with started(store, run.path, 2) as process:
        wait_until(lambda: any(place(seed) > was for seed, was in stopped.items()), process)
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) >= 2
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: all(is_over(worker) for worker in workers))
    assert not all(seed.finished.exists() for seed in seeds)

    assert finish(store, run.path, 2).count("12/12") == 2
    assert outcome(run.path) == outcome(tmp_path / "whole")
