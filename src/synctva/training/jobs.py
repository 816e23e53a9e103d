"""The jobs of a sweep, and who does them: processes of this machine, or a Ray cluster."""

import os
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch
from pebble import ProcessPool

from synctva.cluster import cluster_for
from synctva.errors import InputError
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.processes import end_with
from synctva.run_folder import RunFolder
from synctva.training.run import train_seed

SAVE_EVERY_S = 10.0
"""Seconds between two saved states of a seed."""


@dataclass(frozen=True)
class Job:
    """The training of a run's seed; without a seed, the evaluation of the run."""

    run: Path
    store: Path
    seed: int | None


@dataclass(frozen=True)
class Engine:
    """Where jobs are done.

    Attributes:
        slots: So many jobs are handed out at a time.
        submit: Hands one out; its result is that of ``attempt``.
    """

    slots: int
    submit: Callable[[Job], Future[str | None]]


def attempt(job: Job) -> str | None:
    """Does a job, and returns in one line what went wrong; the same wherever it runs."""
    torch.set_num_threads(1)
    try:
        if job.seed is None:
            evaluate(load_evaluated(job.run, job.store))
        elif not RunFolder(job.run).seed(job.seed).finished.is_file():
            train_seed(job.run, job.store, job.seed, 1, SAVE_EVERY_S)
    except Exception as error:  # whatever it is, the other jobs go on
        return one_line(error)
    return None


def one_line(error: Exception) -> str:
    """Returns an error's message; one that nobody has foreseen says where it arose."""
    words = " ".join(str(error).split())
    if isinstance(error, InputError):
        return words
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {words[:300]}{place}"


@contextmanager
def local_engine(jobs: int | None = None) -> Iterator[Engine]:
    """Gives processes of this machine, one per core; a GPU serves one job at a time.

    They end with this one, even if it is killed.
    """
    slots = jobs or (1 if torch.cuda.is_available() else os.cpu_count() or 1)
    pool = ProcessPool(
        slots, initializer=end_with, initargs=[os.getpid()], context=get_context("spawn")
    )
    try:
        yield Engine(slots, partial(pool.submit, attempt, None))
        pool.close()
    finally:
        pool.stop()
        pool.join()


@contextmanager
def ray_engine(jobs: int | None = None) -> Iterator[Engine]:
    """Gives the cores of a Ray cluster, or of this machine where none is found.

    Twice as many jobs as cores are handed out, so that a cluster that can grow sees the demand.

    Raises:
        InputError: Ray is not installed, or its cluster is not there.
    """
    with cluster_for(attempt) as cluster:
        yield Engine(jobs or 2 * cluster.cores, cluster.submit)
