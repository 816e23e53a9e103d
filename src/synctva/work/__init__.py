"""Independent jobs: one engine, on processes of this machine or on a Ray cluster."""

import os
from collections.abc import Callable

from synctva.errors import InputError
from synctva.work.engine import Engine as Engine
from synctva.work.engine import LostError as LostError
from synctva.work.task import Task as Task


def on_this_machine(task: Task, slots: int | None = None) -> Engine:
    """Returns an engine whose processes are of this machine, and end with this one.

    Args:
        task: What is done with requests.
        slots: How many processes; None = one per core.
    """
    from synctva.work.local import Processes

    return Engine(Processes(task, slots or os.cpu_count() or 1))


def on_cluster(task: Task, slots: int | None = None) -> Engine:
    """Returns an engine on a Ray cluster, or on this machine where none is found.

    Args:
        task: What is done with requests; every machine has its modules, and sees its files.
        slots: Requests at a time; None = two per core, so that a cluster that can grow sees the
            demand.

    Raises:
        InputError: Ray is not installed, or its cluster is not there.
    """
    from synctva.work.cluster import Cluster

    return Engine(Cluster(task, slots))


MakeEngine = Callable[[Task, int | None], Engine]
"""``on_this_machine``, ``on_cluster``, or what does the same elsewhere."""

ENGINES: dict[str, MakeEngine] = {"local": on_this_machine, "ray": on_cluster}


def engine_named(name: str) -> MakeEngine:
    """Returns what makes an engine, by the name that the command line gives it.

    Raises:
        InputError: There is none of that name.
    """
    if name not in ENGINES:
        raise InputError(f"--engine {name}: write {' or '.join(ENGINES)}")
    return ENGINES[name]
