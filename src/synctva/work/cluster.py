"""A Ray cluster, or this machine where none is found; the one place that knows Ray."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from synctva.errors import InputError

RETRIES = 3
"""So often a job is begun again whose process or machine has died."""


@dataclass(frozen=True)
class Cluster:
    """Where jobs are done.

    Attributes:
        cores: Of all its machines, now.
        submit: Hands out a job, which takes a core.
    """

    cores: int
    submit: Callable[..., Future[Any]]


@contextmanager
def cluster_for(work: Callable[..., object]) -> Iterator[Cluster]:
    """Gives the cluster that ``RAY_ADDRESS`` names, or that was begun on this machine, or the
    cores of this machine.

    Args:
        work: What a job is: a function of a module, which every machine has installed.

    Raises:
        InputError: Ray is not installed, or its cluster is not there.
    """
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            "--engine ray: Ray is not installed; pip install 'synctva[cluster]'"
        ) from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except ConnectionError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--engine ray: {reason}; see RAY_ADDRESS") from error
    try:
        task = ray.remote(num_cpus=1, max_retries=RETRIES)(work)
        cores = int(ray.cluster_resources().get("CPU", 1))
        yield Cluster(cores, lambda *job: task.remote(*job).future())
    finally:
        ray.shutdown()
