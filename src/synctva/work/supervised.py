"""Work on hostile input in processes of its own: what hangs or crashes costs one request."""

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import TimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from typing import Any

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from synctva.errors import InputError
from synctva.work.processes import GUARD, end_with, refuse_unguarded

AHEAD = 16
"""Requests per worker that are handed out before their turn: it bounds the memory."""

Outcomes = Generator[tuple[Any, Any], None, None]
"""Requests, each with its result, or with the InputError that it ended in."""

Engine = Callable[..., Outcomes]
"""``supervised``, or what does the same elsewhere and takes the same arguments."""


def supervised(
    work: Callable[[Any], object],
    requests: Iterable[object],
    workers: int | None,
    time_limit_s: float,
    begin: Callable[..., None],
    arguments: tuple[object, ...],
    greeting: object = None,
) -> Outcomes:
    """Yields every request with its result, in order; with an error where there is none.

    Args:
        work: Runs in a worker; a function of a module.
        requests: What it is called with, one by one; read as the work goes on.
        workers: Processes; None = one per core.
        time_limit_s: A request that takes longer ends its worker, and another one takes over.
        begin: Called in every worker before its first request.
        arguments: Of ``begin``.
        greeting: A request that every worker is given first, without a time limit, so that what
            takes long only once counts for no other one; its outcomes come first. None = none.

    Raises:
        InputError: The workers end before they begin, as in a script without the guard
            ``if __name__ == "__main__":``.
    """
    pool = Supervised(work, workers or os.cpu_count() or 1, time_limit_s, begin, arguments)
    try:
        if greeting is not None:
            pool.greet(greeting)
        yield from pool.outcomes(requests)
    finally:
        pool.stop()


class Supervised:
    """The processes of ``supervised``, for requests that come bit by bit; the same arguments."""

    def __init__(
        self,
        work: Callable[[Any], object],
        workers: int,
        time_limit_s: float,
        begin: Callable[..., None],
        arguments: tuple[object, ...],
    ) -> None:
        self._work, self._workers, self._time_limit_s = work, workers, time_limit_s
        self._context = get_context("spawn")
        self._has_begun = self._context.Event()
        self._begin = [os.getpid(), self._has_begun, begin, arguments]
        self._waiting: deque[_Waiting] = deque()
        self._pool = self._begun()

    def greet(self, greeting: object) -> None:
        """Hands a request to every worker, without a time limit; outcomes begin with them.

        A worker that is busy with it takes no other one, so each gets its own.
        """
        for _ in range(self._workers):
            self._hand_out(greeting, None)

    def outcomes(self, requests: Iterable[object]) -> Outcomes:
        """Yields every request with its outcome, in order; requests are read as it goes on."""
        for request in requests:
            self._hand_out(request, self._time_limit_s)
            if len(self._waiting) >= AHEAD * self._workers:
                yield self._next()
        while self._waiting:
            yield self._next()

    def stop(self) -> None:
        """Ends the processes, whatever they are doing."""
        self._pool.stop()
        self._pool.join()

    def _begun(self) -> ProcessPool:
        refuse_unguarded()
        return ProcessPool(
            self._workers, initializer=_begin, initargs=self._begin, context=self._context
        )

    def _hand_out(self, request: object, time_limit_s: float | None) -> None:
        if not self._pool.active:  # it gives up when an idle worker is killed
            self.stop()
            self._pool = self._begun()
        future = self._pool.submit(self._work, time_limit_s, request)
        self._waiting.append(_Waiting(request, time_limit_s, future))

    def _next(self) -> tuple[object, object]:
        first = self._waiting.popleft()
        outcome = first.outcome()
        if isinstance(outcome, _KilledError):
            self._hand_out(first.request, first.time_limit_s)
            outcome = self._waiting.pop().outcome()
        if isinstance(outcome, _KilledError) and not self._has_begun.is_set():
            raise InputError(
                "processes end again and again before they begin; each reads the script that"
                f" starts it: {GUARD}; or take fewer workers, so that each has more memory"
            )
        return first.request, outcome


class _KilledError(InputError):
    """A worker was killed by somebody, or by the system for lack of memory."""


@dataclass(frozen=True)
class _Waiting:
    """A request that is handed out."""

    request: object
    time_limit_s: float | None
    future: ProcessFuture

    def outcome(self) -> object:
        """Returns its result, or the error that it ended in."""
        try:
            return self.future.result()
        except InputError as error:
            return error
        except TimeoutError:
            return InputError(
                f"took longer than {self.time_limit_s:g} s and was given up; cut the recording into"
                " shorter utterances, or convert it with ffmpeg"
            )
        except ProcessExpired as error:
            kind = _KilledError if error.exitcode == -signal.SIGKILL else InputError
            return kind(
                f"crashed the process that read it (exit code {error.exitcode}); the recording is"
                " damaged or hostile: convert it with ffmpeg"
            )
        except BrokenProcessPool as error:
            return _KilledError(f"its process was killed ({error}); run the command again")
        except Exception as error:  # one odd recording must not end a night's work
            return InputError(f"{type(error).__name__}: {error}")


def _begin(
    parent: int, has_begun: Event, begin: Callable[..., None], arguments: tuple[object, ...]
) -> None:
    end_with(parent)
    begin(*arguments)
    has_begun.set()
