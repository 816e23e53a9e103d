"""A place of an engine without processes: requests are served at once, by the one that asks."""

from collections.abc import Callable, Iterator
from typing import Any

from synctva.work.engine import Batch, Engine
from synctva.work.task import Death, Served, Task, attempt


class Inline:
    """Serves requests in this process, and remembers which; some processes die, as it were.

    Attributes:
        handed_out: The requests, each as often as it was handed out.
    """

    def __init__(
        self,
        slots: int = 1,
        is_dying: Callable[[int, Any], bool] = lambda number, request: False,
        batch: int = 1,
    ) -> None:
        self.slots, self.is_dying, self.batch = slots, is_dying, batch
        self.task = Task(len)
        self.handed_out: list[Any] = []
        self._over: list[tuple[Batch, Served | Death]] = []

    def engine(self, task: Task, slots: int | None = None) -> Engine:
        """Returns an engine that does a task here."""
        self.task = task
        return Engine(self)

    def hand_out(self, batch: Batch) -> None:
        """Serves it; ``is_dying`` says of which requests, and how many-th ones, a process dies."""
        outcomes: list[object] = []
        for request in batch.requests:
            self.handed_out.append(request)
            if self.is_dying(len(self.handed_out), request):
                self._over.append((batch, Death("ConnectionError: the process is gone", True)))
                return
            outcomes.append(attempt(self.task.work, request))
        self._over.append((batch, Served(outcomes)))

    def ended(self, timeout_s: float | None) -> Iterator[tuple[Batch, Served | Death]]:
        """Yields all that was served."""
        while self._over:
            yield self._over.pop(0)

    def drop(self) -> None:
        """Forgets what was not asked for."""
        self._over.clear()

    def stop(self) -> None:
        """Has nothing to give back."""
