"""Processes of this machine that serve requests, one at a time each.

Every process has its own pipe. So whatever happens to one, at whatever moment, affects no other: no
lock and no stream is shared that it could leave held or half written.
"""

import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from synctva.errors import InputError
from synctva.work.engine import Batch
from synctva.work.processes import (
    end_with_parent,
    interrupts_wait,
    refuse_unguarded,
    script_hidden,
)
from synctva.work.task import Death, Served, Task, attempt, begun, one_line

FROM_OUTSIDE = tuple(
    -int(getattr(signal, name))
    for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGKILL")
    if hasattr(signal, name)
)
"""Exit codes of processes that somebody has ended, or the system for lack of memory."""

LAST_BREATH_S = 5.0
"""How long a process whose pipe is closed may take to end, so that its exit code tells why."""

FRUITLESS = 4
"""How many processes may end one after another before they have begun."""


@dataclass
class _Worker:
    """A process.

    Attributes:
        news: What its ``begin`` returned and the engine was not told yet; None = it has not begun.
        batch: What it is at; None = nothing.
        deadline: When it is given up, on the monotonic clock.
        is_half_heard: Something of what it says may have been read, and not all of it.
    """

    process: BaseProcess
    pipe: Connection
    news: tuple[object, ...] | None = None
    batch: Batch | None = None
    deadline: float | None = None
    is_half_heard: bool = False


class Processes:
    """Where an engine's requests are served: processes that end with this one.

    They are started when there is something to do, and stay until they are stopped.
    """

    batch = 1

    def __init__(self, task: Task, slots: int) -> None:
        self.task, self.slots = task, slots
        self._workers: list[_Worker] = []
        self._waiting: deque[Batch] = deque()
        self._fruitless = 0

    def hand_out(self, batch: Batch) -> None:
        """Gives a batch to a process, as soon as one is free."""
        self._waiting.append(batch)
        self._deal()

    def ended(self, timeout_s: float | None) -> Iterator[tuple[Batch, Served | Death]]:
        """Yields what has ended, as soon as anything has, or nothing after so many seconds.

        Raises:
            InputError: Processes end again and again before they have begun.
        """
        deadlines = [own.deadline for own in self._workers if own.deadline is not None]
        if deadlines:
            left_s = max(0.0, min(deadlines) - time.monotonic())
            timeout_s = left_s if timeout_s is None else min(timeout_s, left_s)
        ready = wait([own.pipe for own in self._workers], timeout_s)
        for worker in [own for own in self._workers if own.pipe in ready]:
            yield from self._heard(worker)
        for worker in list(self._workers):
            if worker.deadline is not None and worker.deadline <= time.monotonic():
                batch = worker.batch
                self._end(worker)
                if batch is not None:
                    yield batch, Served([self._too_long()])
        self._deal()

    def drop(self) -> None:
        """Ends what is at work, and forgets what waits; what is idle stays."""
        self._waiting.clear()
        for worker in [own for own in self._workers if own.batch is not None or own.is_half_heard]:
            self._end(worker)

    def stop(self) -> None:
        """Ends all processes."""
        self._waiting.clear()
        for worker in list(self._workers):
            self._end(worker)

    def _deal(self) -> None:
        """Sends what waits to idle processes, and starts as many more as there is work for."""
        for worker in self._workers:
            if self._waiting and worker.news is not None and worker.batch is None:
                self._send(worker, self._waiting.popleft())
        at_work = sum(1 for own in self._workers if own.batch is not None)
        while len(self._workers) < min(self.slots, at_work + len(self._waiting)):
            self._workers.append(self._started())

    def _send(self, worker: _Worker, batch: Batch) -> None:
        worker.batch = batch  # before it is sent, so that what interrupts this finds it at work
        limit_s = self.task.time_limit_s
        worker.deadline = None if limit_s is None else time.monotonic() + limit_s
        with suppress(OSError):  # it has died while it was idle, which is heard of in a moment
            worker.pipe.send(batch.requests[0])

    def _started(self) -> _Worker:
        refuse_unguarded()
        context = get_context("spawn")
        if self.task.imported and sys.platform == "linux":
            context = get_context("forkserver")
            context.set_forkserver_preload([self.task.imported])
        own, its = context.Pipe()
        process = context.Process(target=_serve, args=(its, self.task), daemon=True)
        is_of_script = "__main__" in (self.task.work.__module__, self.task.begin.__module__)
        with interrupts_wait(), nullcontext() if is_of_script else script_hidden():
            process.start()
        its.close()  # so that its end is heard of
        return _Worker(process, own)

    def _heard(self, worker: _Worker) -> Iterator[tuple[Batch, Served | Death]]:
        worker.is_half_heard = True
        try:
            served = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._died(worker)
            return
        except Exception as error:  # what cannot be read here is the request's own matter
            served = Served([InputError(one_line(error))])
        worker.is_half_heard = False
        if served.refusal is not None:
            self._end(worker)
            raise served.refusal
        if worker.news is None:
            worker.news, self._fruitless = tuple(served.news), 0
            return
        batch, news = worker.batch, worker.news
        worker.batch, worker.deadline, worker.news = None, None, ()
        if batch is not None:
            yield batch, Served(served.outcomes, news)

    def _died(self, worker: _Worker) -> Iterator[tuple[Batch, Served | Death]]:
        """Yields what a process was at when it died."""
        has_begun, batch = worker.news is not None, worker.batch
        worker.process.join(LAST_BREATH_S)
        code = self._end(worker)
        if batch is not None:
            yield batch, Death(f"exit code {code}", code in FROM_OUTSIDE)
        elif not has_begun:
            self._fruitless += 1
            if self._fruitless >= FRUITLESS:
                self._fruitless = 0
                raise InputError(
                    f"processes end again and again before they begin (exit code {code}); use fewer"
                    " workers, so that each has more memory"
                )

    def _end(self, worker: _Worker) -> int | None:
        """Ends a process, if it has not ended by itself, and returns its exit code."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.kill()
        worker.process.join()
        code = worker.process.exitcode
        worker.process.close()
        return code

    def _too_long(self) -> InputError:
        return InputError(
            f"took longer than {self.task.time_limit_s:g} s and was given up; cut the recording"
            " into shorter utterances, or convert it with ffmpeg"
        )


def _serve(pipe: Connection, task: Task) -> None:
    """Serves the requests that come by a pipe; runs in a separate process."""
    end_with_parent()
    try:
        pipe.send(begun(task))
    except OSError:  # who began it is gone already
        return
    while True:
        try:
            request = pipe.recv()
        except (EOFError, OSError):
            return
        outcome = attempt(task.work, request)
        try:
            pipe.send(Served([outcome]))
        except OSError:
            return
        except Exception as error:  # a result that cannot be sent
            pipe.send(Served([InputError(one_line(error))]))
