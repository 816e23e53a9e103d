"""A Ray cluster, or this machine if none is found; the one file that knows Ray.

Requests go out as plain tasks, hostile ones a few at a time. A separate, supervised process serves
those; it stays in the Ray worker with all that it has loaded, and serves the later ones. Plain
tasks, not actors or Ray Data: any core takes a task, while an actor waits for a new core that a
fixed cluster may never have; and requests stream from the store as they do on one machine, while
Ray Data would want a dataset of them first. The engine tries again what dies.
"""

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synctva.errors import InputError
from synctva.work.engine import Batch, Engine
from synctva.work.local import Processes
from synctva.work.task import Death, Served, Task, attempt, begun

BATCH = 8
"""Hostile requests of a task; so many, at the most, are looked up again when a worker dies."""


@dataclass(frozen=True)
class _Service:
    """What a Ray worker needs to serve requests.

    Attributes:
        id: Of one ``Cluster``.
        folder: Where it was made, for paths that are relative.
        task: What is done with them.
    """

    id: str
    folder: str
    task: Task


class Cluster:
    """Where an engine's requests are served: the cluster that ``RAY_ADDRESS`` names, or that was
    begun on this machine, or the cores of this machine.

    Args:
        task: What is done with requests; every machine has its modules, and sees its files.
        slots: Tasks at a time; None = two per core, so that a cluster that can grow sees the
            demand.

    Raises:
        InputError: Ray is not installed, or its cluster is not there.
    """

    def __init__(self, task: Task, slots: int | None = None) -> None:
        try:
            import ray
        except ImportError as error:
            raise InputError(
                "--engine ray: Ray is not installed; pip install 'synctva[cluster]'"
            ) from error
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except ConnectionError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"--engine ray: {reason}; see RAY_ADDRESS") from error
        self.task = task
        self.slots = slots or 2 * int(ray.cluster_resources().get("CPU", 1))
        self.batch = 1 if task.time_limit_s is None else BATCH
        self._ray: Any = ray
        self._service = _Service(secrets.token_hex(8), str(Path.cwd()), task)
        self._serve = ray.remote(num_cpus=1, max_retries=0)(serve)
        self._at_work: dict[Any, Batch] = {}

    def hand_out(self, batch: Batch) -> None:
        """Sends a batch to any core that is free."""
        self._at_work[self._serve.remote(self._service, batch.requests)] = batch

    def ended(self, timeout_s: float | None) -> Iterator[tuple[Batch, Served | Death]]:
        """Yields a batch that has ended, if any has before so many seconds are over.

        Raises:
            InputError: A machine cannot do such work at all.
        """
        ready, _ = self._ray.wait(list(self._at_work), timeout=timeout_s)
        for one in ready:
            batch = self._at_work.pop(one)
            try:
                yield batch, self._ray.get(one)
            except self._ray.exceptions.RayTaskError as error:
                raise InputError(
                    f"a machine of the cluster cannot do it ({_last_line(error)}); install the same"
                    " on every machine"
                ) from error
            except self._ray.exceptions.RayError as error:
                yield batch, Death(f"{type(error).__name__}: {_last_line(error)}", True)

    def drop(self) -> None:
        """Ends what is at work and forgets what waits."""
        for one in self._at_work:
            self._ray.cancel(one, force=True)
        self._at_work.clear()

    def stop(self) -> None:
        """Leaves the cluster."""
        self._at_work.clear()
        self._ray.shutdown()


def _last_line(error: Exception) -> str:
    return " ".join(str(error).strip().splitlines()[-1:])


_engines: dict[str, Engine] = {}
"""In a Ray worker: the supervised process that serves hostile requests, by the service's id."""

_begun: dict[str, Served] = {}
"""In a Ray worker: how it has begun to serve our own jobs, likewise."""


def serve(service: _Service, requests: list[object]) -> Served:
    """Returns the outcomes of requests; runs in a Ray worker."""
    with suppress(OSError):  # if it is not there, no path is relative to it
        os.chdir(service.folder)
    serve_in = _serve_here if service.task.time_limit_s is None else _serve_supervised
    return serve_in(service, requests)


def _serve_here(service: _Service, requests: list[object]) -> Served:
    is_new = service.id not in _begun
    if is_new:
        _begun[service.id] = begun(service.task)
    own = _begun[service.id]
    if own.refusal is not None:
        return own
    outcomes = [attempt(service.task.work, request) for request in requests]
    return Served(outcomes, own.news if is_new else ())


def _serve_supervised(service: _Service, requests: list[object]) -> Served:
    news: list[object] = []
    if service.id not in _engines:
        _engines[service.id] = Engine(Processes(service.task, 1))
    found = _engines[service.id].outcomes(requests, on_begin=news.append)
    try:
        return Served([outcome for _, outcome in found], news)
    except InputError as error:
        return Served((), refusal=error)
