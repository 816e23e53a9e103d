"""Processes that train one model together, started by torchrun as a user would.

Where only what they leave is looked at they are started without it, by a server that has imported
all that they need.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
import torch
from support.forked import Forking
from support.kills import DEADLINE_S, outcome, place, wait_until
from support.processes import kill
from support.tiny import SYNC_TVA, tiny_corpus, tiny_store

from synctva import cli
from synctva.recipe import load_recipe
from synctva.run.folder import RunFolder
from synctva.run.log import Epoch
from synctva.training.ranks import seed_step
from synctva.training.run import train_run

EXACT = (
    *SYNC_TVA,
    *("model.dropout=0", "model.feature_dropout=0", "model.node_dropout=0"),
    *("training.modality_dropout=0", "training.accumulation=2", "training.averaging=0.5"),
)
"""Nothing random in a step, two batches in each."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tiny_store(tmp_path / "store", tiny_corpus((16, 5, 0), missing=0.2))


def words_of(store: Path, run: Path, settings: tuple[str, ...], seeds: int = 1) -> list[str]:
    """Returns the words of a training behind ``synctva``."""
    return [
        *("train", "--store", str(store), "--out", str(run), "--save-every", "0"),
        *("--seeds", str(seeds)),
        *(word for setting in settings for word in ("--set", setting)),
    ]


@contextmanager
def started(
    store: Path, run: Path, settings: tuple[str, ...], seeds: int = 1
) -> Iterator[subprocess.Popen[str]]:
    """Starts a training of two processes; none is left over."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc-per-node", "2", "-m", "synctva"),
            *words_of(store, run, settings, seeds),
        ],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    with process:
        try:
            yield process
        finally:
            for own in processes_of(process):
                kill(own)


def processes_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Returns a process and all below it: torchrun gives each a session of its own."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [*parent.children(recursive=True), parent]
    return []


def finish(store: Path, run: Path, settings: tuple[str, ...]) -> RunFolder:
    """Trains to the end by two processes that begin at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = words_of(store, run, settings)
    processes = [Forking().Process(_rank, (rank, port, words), daemon=True) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(DEADLINE_S)
        assert process.exitcode == 0
    return RunFolder(run)


def _rank(rank: int, port: int, words: list[str]) -> None:
    """Is one of two processes, with all that torchrun says to it."""
    told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    own = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    os.environ.update({name: str(value) for name, value in (told | own).items()})
    sys.argv = ["synctva", *words]
    cli.main()


def numbers_of(log: list[Epoch]) -> dict[str, list[float]]:
    """Returns what a log says, but how long it took, column by column."""
    names = asdict(log[0].valid)
    found = {name: [getattr(entry.valid, name) for entry in log] for name in names}
    return {**found, "train_loss": [entry.train_loss for entry in log]}


@pytest.mark.slow
def test_two_processes_train_as_one_does(tmp_path, store, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # one seed after the other
    one = train_run(load_recipe(None, EXACT), store, tmp_path / "one", 2)
    two = RunFolder(tmp_path / "two")
    with started(store, two.path, EXACT, seeds=2) as process:
        shown = process.communicate(timeout=DEADLINE_S)[1]
        assert process.returncode == 0, shown
    for seed in (0, 1):
        logs = [run.seed(seed).read_log() for run in (one, two)]
        expected, found = map(numbers_of, logs)
        assert len(set(expected["train_loss"])) == len(logs[0]) == 3
        for name, numbers in expected.items():
            assert found[name] == pytest.approx(numbers, rel=1e-4), name
        assert not two.seed(seed).state.exists()
    assert shown.count("Next: synctva evaluate") == 1  # one of them speaks
    assert "arning" not in shown


@pytest.mark.slow
def test_a_training_of_which_one_process_was_killed_ends_with_the_same_weights(tmp_path, store):
    """With dropout, which each process draws for itself."""
    whole = finish(store, tmp_path / "whole", SYNC_TVA)
    run = RunFolder(tmp_path / "killed")
    with started(store, run.path, SYNC_TVA) as process:
        wait_until(lambda: place(run.seed(0)) >= (0, 2), process)
        second = next(own for own in processes_of(process) if own.environ().get("RANK") == "1")
        second.send_signal(signal.SIGKILL)
        shown = process.communicate(timeout=DEADLINE_S)[1]
        assert process.returncode != 0
    assert "Signal 9 (SIGKILL)" in shown
    assert not run.seed(0).finished.exists()
    stopped = place(run.seed(0))
    assert stopped >= (0, 2)
    finish(store, run.path, SYNC_TVA)
    assert outcome(run.path) == outcome(whole.path)


def test_each_process_and_step_has_random_numbers_of_its_own():
    places = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    drawn = []
    for _ in range(2):
        for at in places:
            for rank in (0, 1):
                seed_step(at, rank)
                drawn.append(json.dumps(torch.rand(3).tolist()))
    first, again = drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]
    assert first == again
    assert len(set(first)) == len(first)
