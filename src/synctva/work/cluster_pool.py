"""``supervised`` work on a Ray cluster: the same processes, requests and outcomes.

Requests go out a few at a time, as tasks. What a task needs first, the supervised process with its
loaded extractors, stays in the Ray worker that it ran in and serves all later ones. Plain tasks
and neither actors nor Ray Data: Ray puts a task of a dead worker or machine on any other core by
itself, while an actor waits for a new core that a fixed cluster may never have; and requests
stream from the store as they do on one machine, where Ray Data would want a dataset of them first.
"""

import os
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Semaphore
from typing import Any

from synctva.errors import InputError
from synctva.work.cluster import cluster_for
from synctva.work.supervised import Outcomes, Supervised

BATCH = 8
"""Requests of a task; so many, at the most, are looked up again when a worker dies."""

AHEAD = 4
"""Tasks per one at work that may be done before their turn: it bounds the memory."""


@dataclass(frozen=True)
class _Service:
    """What a Ray worker needs to serve requests; the arguments of ``supervised``.

    Attributes:
        id: Of one call of ``supervised_on_cluster``.
        folder: Where it was called, for paths that are relative.
    """

    id: str
    folder: str
    work: Callable[[Any], object]
    time_limit_s: float
    begin: Callable[..., None]
    arguments: tuple[object, ...]
    greeting: object


@dataclass(frozen=True)
class _Served:
    """What comes back of a task: the outcome of its worker's greeting, if it was new; its own."""

    greetings: list[object]
    outcomes: list[object]


def supervised_on_cluster(
    work: Callable[[Any], object],
    requests: Iterable[object],
    workers: int | None,
    time_limit_s: float,
    begin: Callable[..., None],
    arguments: tuple[object, ...],
    greeting: object = None,
) -> Outcomes:
    """Yields every request with its result, in order; with an error where there is none.

    A worker or machine that dies costs its time only: what it was at is done again elsewhere.

    Args:
        work: As for ``supervised``.
        requests: As for ``supervised``.
        workers: Tasks at a time; None = two per core, so that a cluster that can grow sees the
            demand.
        time_limit_s: As for ``supervised``.
        begin: As for ``supervised``.
        arguments: As for ``supervised``; what they name must be there on every machine.
        greeting: As for ``supervised``; the outcomes of workers that begin later come later.

    Raises:
        InputError: Ray is not installed, or its cluster is not there.
    """
    service = _Service(
        secrets.token_hex(8), str(Path.cwd()), work, time_limit_s, begin, arguments, greeting
    )
    with cluster_for(serve) as cluster:
        slots = workers or 2 * cluster.cores
        waiting: deque[tuple[_Service, list[object], Future[_Served]]] = deque()
        free = Semaphore(slots)
        for batch in _batches(greeting, iter(requests)):
            free.acquire()
            future = cluster.submit(service, batch)
            future.add_done_callback(lambda done: free.release())
            waiting.append((service, batch, future))
            while waiting and (waiting[0][2].done() or len(waiting) >= AHEAD * slots):
                yield from _outcomes(*waiting.popleft())
        while waiting:
            yield from _outcomes(*waiting.popleft())


def _batches(greeting: object, requests: Iterator[object]) -> Iterator[list[object]]:
    """Yields the requests in batches; an empty one before them where there is a greeting."""
    if greeting is not None:
        yield []
    while batch := list(islice(requests, BATCH)):
        yield batch


def _outcomes(service: _Service, requests: list[object], future: Future[_Served]) -> Outcomes:
    """Yields the outcomes of a task, those of its worker's greeting first."""
    try:
        served = future.result()
    except Exception as error:  # Ray's own, after all its attempts; the other requests go on
        reason = " ".join(str(error).strip().splitlines()[-1:])
        refusal = InputError(
            f"the cluster could not do it ({type(error).__name__}: {reason}); run the command"
            " again, it resumes"
        )
        served = _Served([], [refusal] * len(requests)) if requests else _Served([refusal], [])
    yield from ((service.greeting, outcome) for outcome in served.greetings)
    yield from zip(requests, served.outcomes, strict=True)


_pools: dict[str, Supervised] = {}
"""In a Ray worker: the process that does its requests, by the service's id."""


def serve(service: _Service, requests: list[object]) -> _Served:
    """Returns the outcomes of requests; runs in a Ray worker.

    The first call begins the process that the later ones use, and greets it.
    """
    greetings: list[object] = []
    if service.id not in _pools:
        with suppress(OSError):  # if it is not there, no path is relative to it
            os.chdir(service.folder)
        pool = Supervised(service.work, 1, service.time_limit_s, service.begin, service.arguments)
        if service.greeting is not None:
            pool.greet(service.greeting)
            greetings = [outcome for _, outcome in pool.outcomes([])]
        _pools[service.id] = pool
    found = _pools[service.id].outcomes(requests)
    return _Served(greetings, [outcome for _, outcome in found])
