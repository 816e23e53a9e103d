"""Where independent jobs are done: processes of this machine, or a Ray cluster."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from pebble import ProcessPool

from synctva.work.cluster import cluster_for
from synctva.work.processes import end_with, refuse_unguarded


@dataclass(frozen=True)
class Engine:
    """Where jobs are done.

    Attributes:
        slots: So many jobs are handed out at a time.
        submit: Hands one out; its result is what the work returns for it.
    """

    slots: int
    submit: Callable[..., Future[Any]]


@contextmanager
def on_this_machine(work: Callable[[Any], object], slots: int) -> Iterator[Engine]:
    """Gives processes of this machine, which end with this one, even if it is killed.

    Args:
        work: What is done with a job; a function of a module.
        slots: How many processes.
    """
    pool = _begun(slots)

    def submit(job: object) -> Future[Any]:
        nonlocal pool
        if not pool.active:  # it gives up when an idle process is killed
            _end(pool)
            pool = _begun(slots)
        return pool.submit(work, None, job)

    try:
        yield Engine(slots, submit)
        pool.close()
    finally:
        _end(pool)


def _begun(slots: int) -> ProcessPool:
    refuse_unguarded()
    return ProcessPool(
        slots, initializer=end_with, initargs=[os.getpid()], context=get_context("spawn")
    )


def _end(pool: ProcessPool) -> None:
    pool.stop()
    pool.join()


@contextmanager
def on_cluster(work: Callable[[Any], object], slots: int | None = None) -> Iterator[Engine]:
    """Gives the cores of a Ray cluster, or of this machine where none is found.

    Args:
        work: As for ``on_this_machine``; every machine has it installed.
        slots: Jobs at a time; None = twice as many as cores, so that a cluster that can grow sees
            the demand.

    Raises:
        InputError: Ray is not installed, or its cluster is not there.
    """
    with cluster_for(work) as cluster:
        yield Engine(slots or 2 * cluster.cores, cluster.submit)
