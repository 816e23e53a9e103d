"""One engine for independent requests: the loop that hands them out, waits, and tries again.

Where they are served, in processes of this machine or on a Ray cluster, is the engine's place. It
is the same engine for hostile input, which has a time limit, and for our own jobs, which have none.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from synctva.errors import InputError, MachineError
from synctva.work.task import Death, Served, Task

RETRIES = 3
"""How often a request is tried again if its process was killed, or its machine is gone."""

RETRIES_AFTER_CRASH = 1
"""How often one whose process crashed: perhaps the cause was not it but what was there before."""

AHEAD = 16
"""Requests per slot that may be done before their turn: it bounds the memory."""

LOOK_S = 0.5
"""Seconds between two looks, of a caller who wants to look at what is at work."""

Outcomes = Generator[tuple[Any, Any], None, None]
"""Requests, each with its result, or with the InputError that it ended in."""


class LostError(InputError):
    """The outcome of a request whose process has died again and again."""


@dataclass(eq=False)
class Batch:
    """Requests that are served together.

    Attributes:
        number: Of the first among all that were handed out.
        requests: One, or some that cost little each.
        kills: How often their process was killed.
        crashes: How often it crashed.
    """

    number: int
    requests: list[Any]
    kills: int = 0
    crashes: int = 0

    def again(self, death: Death) -> "list[Batch]":
        """Returns what is to be tried again, each request by itself; none after enough deaths."""
        kills, crashes = self.kills + death.is_killed, self.crashes + (not death.is_killed)
        is_enough = kills > RETRIES or crashes > RETRIES_AFTER_CRASH
        left = () if is_enough else enumerate(self.requests, self.number)
        return [Batch(number, [one], kills, crashes) for number, one in left]


@runtime_checkable
class Place(Protocol):
    """Where requests are served.

    Attributes:
        task: What is done with them.
        slots: How many batches are handed out at a time.
        batch: How many requests are handed out together.
    """

    task: Task
    slots: int
    batch: int

    def hand_out(self, batch: Batch) -> None:
        """Sends a batch to be served."""
        ...

    def ended(self, timeout_s: float | None) -> Iterable[tuple[Batch, Served | Death]]:
        """Returns what has ended; waits for anything, at most for these seconds."""
        ...

    def drop(self) -> None:
        """Ends what is at work and forgets what waits."""
        ...

    def stop(self) -> None:
        """Gives everything back."""
        ...


class Engine:
    """Does independent requests in processes of a place; to be stopped, or used in ``with``.

    Attributes:
        slots: How many it does at a time.
    """

    def __init__(self, place: Place) -> None:
        self.slots, self._place = place.slots, place
        self._call: _Call | None = None

    def __enter__(self) -> "Engine":
        """Returns itself; the processes are started when there is something to do."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the processes."""
        self.stop()

    def stop(self) -> None:
        """Ends the processes, whatever they are doing."""
        self._place.stop()

    def outcomes(
        self,
        requests: Iterable[object],
        *,
        on_begin: Callable[[Any], None] = lambda news: None,
        on_look: Callable[[], None] | None = None,
    ) -> Outcomes:
        """Yields every request with its outcome: its result, or the InputError that it ended in.

        A request whose process dies is tried again, by another one. If the iteration is left early,
        what is at work is ended; no later call ever hears of it. Another call ends an earlier one.

        Args:
            requests: Read as the work goes on. None among them says that there is nothing to do
                now; they are asked again after the next outcome.
            on_begin: Called with what ``begin`` returned in each process, before its outcomes.
            on_look: Called at least every half second; outcomes come as they are then, else in the
                order of the requests.

        Raises:
            InputError: A process cannot begin.
            MachineError: The machine lacks room, memory, open files or a right.
        """
        self._place.drop()
        call = self._call = _Call(iter(requests), self._place, on_look is None)
        try:
            while call.hand_out():
                look_s = None if on_look is None else LOOK_S
                for served in call.heard(0.0 if call.is_due() else look_s):
                    for news in served.news:
                        on_begin(news)
                if on_look is not None:
                    on_look()
                if call.is_due():
                    yield call.due()
                if self._call is not call:
                    raise RuntimeError("another call of outcomes has ended this one")
        finally:
            if self._call is call:
                self._place.drop()


@dataclass
class _Call:
    """One call of ``outcomes``.

    Attributes:
        pending: What is handed out.
        again: What is to be tried again.
        done: What has ended and is not told yet, by number.
        count: How many requests were read.
        told: How many were reported, with their outcomes.
    """

    requests: Iterator[object]
    place: Place
    in_order: bool
    pending: set[Batch] = field(default_factory=set)
    again: deque[Batch] = field(default_factory=deque)
    done: dict[int, tuple[object, object]] = field(default_factory=dict)
    count: int = 0
    told: int = 0

    def hand_out(self) -> bool:
        """Hands out what there is room for, and returns whether anything is left to do."""
        while len(self.pending) < self.place.slots:
            batch = self.again.popleft() if self.again else self._next()
            if not batch.requests:
                break
            self.pending.add(batch)
            self.place.hand_out(batch)
        return bool(self.pending or self.done)

    def _next(self) -> Batch:
        """Returns the next requests; none where there are none now, or enough are ahead."""
        batch = Batch(self.count, [])
        most = AHEAD * self.place.slots * self.place.batch
        while len(batch.requests) < self.place.batch and self.count - self.told < most:
            request = next(self.requests, None)
            if request is None:
                break
            batch.requests.append(request)
            self.count += 1
        return batch

    def heard(self, timeout_s: float | None) -> Iterator[Served]:
        """Notes what has ended, and yields what processes gave back."""
        for batch, end in self.place.ended(timeout_s) if self.pending else ():
            self.pending.remove(batch)
            if isinstance(end, Served):
                if end.refusal is not None:
                    raise end.refusal
                yield end
                self._note(batch, end.outcomes)
            elif again := batch.again(end):
                self.again.extend(again)
            else:
                self._note(batch, [self._lost(batch, end)])

    def _note(self, batch: Batch, outcomes: Sequence[object]) -> None:
        pairs = zip(batch.requests, outcomes, strict=True)
        for number, (request, outcome) in enumerate(pairs, batch.number):
            if isinstance(outcome, MachineError):
                raise outcome
            self.done[number] = request, outcome

    def _lost(self, batch: Batch, death: Death) -> LostError:
        if self.place.task.time_limit_s is not None and not death.is_killed:
            return LostError(
                f"crashed the process that read it ({death.reason}); the recording is damaged or"
                " hostile: convert it with ffmpeg"
            )
        deaths = batch.kills + batch.crashes + 1
        return LostError(
            f"its process has died {deaths} times ({death.reason}); with fewer at a time each has"
            " more memory; the same command resumes"
        )

    def is_due(self) -> bool:
        """Returns whether anything is to be reported now."""
        return self.told in self.done if self.in_order else bool(self.done)

    def due(self) -> tuple[object, object]:
        """Returns the request that is to be reported next, with its outcome."""
        number = self.told if self.in_order else next(iter(self.done))
        self.told += 1
        return self.done.pop(number)
