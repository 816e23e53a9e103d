"""The jobs of a sweep, and who does them: processes of this machine, or a Ray cluster."""

import os
import traceback
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch

from synctva.errors import InputError
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.training.run import train_seed
from synctva.work.engine import Engine, on_cluster, on_this_machine

SAVE_EVERY_S = 10.0
"""Seconds between two saved states of a seed."""


@dataclass(frozen=True)
class TrainingJob:
    """The training of a run's seed; without a seed, the evaluation of the run."""

    run: Path
    store: Path
    seed: int | None


def attempt(job: TrainingJob) -> str | None:
    """Does a job, and returns in one line what went wrong; the same wherever it runs."""
    torch.set_num_threads(1)
    try:
        if job.seed is None:
            evaluate(load_evaluated(job.run, job.store))
        else:
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


def local_engine(jobs: int | None = None) -> AbstractContextManager[Engine]:
    """Gives processes of this machine, one per core; a GPU serves one job at a time."""
    return on_this_machine(
        attempt, jobs or (1 if torch.cuda.is_available() else os.cpu_count() or 1)
    )


def ray_engine(jobs: int | None = None) -> AbstractContextManager[Engine]:
    """Gives the cores of a Ray cluster; see ``on_cluster``."""
    return on_cluster(attempt, jobs)
