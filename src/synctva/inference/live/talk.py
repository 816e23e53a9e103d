"""A talk that somebody listens to: sound goes in from one thread, events come out in another."""

from collections.abc import Iterator
from queue import Queue
from threading import Lock, Semaphore, Thread
from types import TracebackType

import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError
from synctva.inference.live.clip import Picture
from synctva.inference.live.conversation import Conversation
from synctva.inference.live.events import End, Event, Problem
from synctva.inference.recognition import Recognition
from synctva.media import SAMPLE_RATE_HZ

WAITING = 600
"""A minute of pieces of a tenth of a second."""

HASTE_S = 0.5
"""Estimates are left out while more sound than this is waiting."""

Piece = tuple[Float32[np.ndarray, " sample"], float | None, Picture | None]


class Talk:
    """A conversation that is recognised in a thread of its own.

    ``with recogniser.live() as talk``: feed it, and read its events in any thread; they end when
    the talk was ended and all of it is recognised.

    Args:
        conversation: What recognises.
        slots: Limits how many talks of one process recognise at once; None = this one does not
            wait for others.
        waiting: How many pieces may wait; then ``feed`` waits too.

    Attributes:
        is_ended: Whether nothing more may come.
    """

    def __init__(
        self, conversation: Conversation, slots: Semaphore | None = None, waiting: int = WAITING
    ) -> None:
        self._conversation, self._slots = conversation, slots or Semaphore()
        self._pieces: Queue[Piece | None] = Queue(waiting)
        self._events: Queue[Event | BaseException] = Queue()
        self._waiting, self._lock = 0, Lock()
        self._thread = Thread(target=self._run, name="talk", daemon=True)
        self.is_ended = False
        self._thread.start()

    def __enter__(self) -> "Talk":
        """Returns the talk."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the talk, and waits until all of it is recognised."""
        self.end()
        self._thread.join()

    def feed(
        self,
        samples: Float32[np.ndarray, " sample"],
        at_s: float | None = None,
        frame: Picture | None = None,
    ) -> None:
        """Takes what comes next, and returns at once, unless too much is waiting.

        An event reports what is wrong with it.

        Args:
            samples: As of :meth:`Conversation.feed`.
            at_s: Likewise.
            frame: Likewise.

        Raises:
            InputError: The talk is over.
        """
        if self.is_ended or not self._thread.is_alive():
            raise InputError("the talk is over; begin another one")
        with self._lock:
            self._waiting += len(samples)
        self._pieces.put((samples, at_s, frame))

    def end(self) -> None:
        """Says that nothing more comes."""
        if not self.is_ended:
            self.is_ended = True
            self._pieces.put(None)

    def __iter__(self) -> Iterator[Event]:
        """Yields events as they come; the last one is ``End``."""
        while True:
            event = self._events.get()
            if isinstance(event, BaseException):
                raise event
            yield event
            if isinstance(event, End):
                return

    @property
    def behind_s(self) -> float:
        """How much sound is waiting, in seconds."""
        return self._waiting / SAMPLE_RATE_HZ

    @property
    def recognition(self) -> Recognition:
        """What was recognised so far, as of a recording."""
        return self._conversation.recognition

    def _run(self) -> None:
        try:
            while (piece := self._pieces.get()) is not None:
                self._hear(*piece)
            with self._slots:
                self._tell(self._conversation.end())
        except BaseException as error:  # the reader's, not this thread's
            self._events.put(error)

    def _hear(
        self,
        samples: Float32[np.ndarray, " sample"],
        at_s: float | None,
        frame: Picture | None,
    ) -> None:
        with self._lock:
            self._waiting -= len(samples)
        in_haste = self.behind_s > HASTE_S
        try:
            with self._slots:
                self._tell(self._conversation.feed(samples, at_s, frame, in_haste=in_haste))
        except InputError as error:
            self._tell([Problem(self._conversation.now_s, f"{error}")])

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            self._events.put(event)
