"""Work on hostile input in processes of its own: what hangs or crashes costs one request."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError
from multiprocessing import get_context
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from synctva.errors import InputError
from synctva.processes import end_with

Request = TypeVar("Request")
Result = TypeVar("Result")

AHEAD = 16
"""Requests per worker that are handed out before their turn: it bounds the memory."""


def supervised(
    work: Callable[[Request], Result],
    requests: Iterable[Request],
    workers: int,
    time_limit_s: float,
    begin: Callable[..., None],
    arguments: tuple[object, ...],
) -> Iterator[tuple[Request, Result | InputError]]:
    """Yields every request with its result, in order; with an error where there is none.

    Args:
        work: Runs in a worker; a function of a module.
        requests: What it is called with, one by one; read as the work goes on.
        workers: Processes.
        time_limit_s: A request that takes longer ends its worker, and another one takes over.
        begin: Called in every worker before its first request.
        arguments: Of ``begin``.
    """
    waiting: deque[tuple[Request, object]] = deque()
    pool = ProcessPool(
        workers,
        initializer=_begin,
        initargs=[os.getpid(), begin, arguments],
        context=get_context("spawn"),
    )
    try:
        for request in requests:
            waiting.append((request, pool.submit(work, time_limit_s, request)))
            if len(waiting) >= AHEAD * workers:
                yield _outcome(*waiting.popleft(), time_limit_s)
        while waiting:
            yield _outcome(*waiting.popleft(), time_limit_s)
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _begin(parent: int, begin: Callable[..., None], arguments: tuple[object, ...]) -> None:
    end_with(parent)
    begin(*arguments)


def _outcome(request, future, time_limit_s: float):
    try:
        return request, future.result()
    except InputError as error:
        return request, error
    except TimeoutError:
        return request, InputError(
            f"took longer than {time_limit_s:g} s and was given up; cut the recording into shorter"
            " utterances, or convert it with ffmpeg"
        )
    except ProcessExpired as error:
        return request, InputError(
            f"crashed the process that read it (exit code {error.exitcode}); the recording is"
            " damaged or hostile: convert it with ffmpeg"
        )
    except Exception as error:  # one odd recording must not end a night's work
        return request, InputError(f"{type(error).__name__}: {error}")
