"""The jobs of a sweep, and who does them: processes of this machine, or a Ray cluster."""

from dataclasses import dataclass
from pathlib import Path

import torch

from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.training.run import train_seed
from synctva.work import Engine, MakeEngine, Task, on_this_machine

SAVE_EVERY_S = 10.0
"""Seconds between two saved states of a seed."""


@dataclass(frozen=True)
class TrainingJob:
    """The training of a run's seed; without a seed, the evaluation of the run.

    Attributes:
        run: The run's folder.
        store: Its store.
        seed: Which; None = the evaluation.
        asked: What the evaluation is asked beside the scores, of ``protocol.QUESTIONS``.
    """

    run: Path
    store: Path
    seed: int | None
    asked: tuple[str, ...] = ()


def do(job: TrainingJob) -> None:
    """Does a job; the same wherever it runs.

    Raises:
        InputError: The store or the run is damaged, or another process trains the seed.
    """
    torch.set_num_threads(1)
    if job.seed is None:
        evaluate(load_evaluated(job.run, job.store), job.asked)
    else:
        train_seed(job.run, job.store, job.seed, 1, SAVE_EVERY_S)


def engine_for(make: MakeEngine = on_this_machine, jobs: int | None = None) -> Engine:
    """Returns an engine that does the jobs.

    Args:
        make: Where: ``synctva.work.on_this_machine``, or ``on_cluster``.
        jobs: How many at a time; None = one per core, but a GPU of this machine serves one.
    """
    if jobs is None and make is on_this_machine and torch.cuda.is_available():
        jobs = 1
    return make(Task(do, imported=__name__), jobs)
