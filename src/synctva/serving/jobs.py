"""Recordings that are recognised one after another, and kept until somebody deletes them."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from typing import Literal, Protocol, runtime_checkable

from synctva.errors import InputError
from synctva.inference.progress import Progress
from synctva.inference.recognition import Recognition

State = Literal["waiting", "running", "done", "failed", "cancelled"]

MOST = 50
"""The most recordings that are kept at once, and the most talks."""


@runtime_checkable
class Recognises(Protocol):
    """What recognises a recording: a ``Recogniser`` with all that is chosen."""

    def __call__(
        self, recording: Path, transcript: Path | None, *, progress: Progress
    ) -> Recognition:
        """Returns who expressed what, and when."""
        ...


class Cancelled(Exception):  # noqa: N818
    """Somebody does not want the result any more."""


@dataclass
class Job:
    """A recording.

    Attributes:
        id: Its name in addresses; nobody can guess it.
        name: What its owner calls it; for showing alone.
        folder: Where its files lie.
        is_talk: Whether it was a talk, of which no recording is kept.
        recording: The recording; None of a talk.
        transcript: Who says what when, if a file says so.
        state: How far it is.
        done: Steps of ``steps`` that are done.
        steps: There are so many; 0 while that is not known.
        error: What went wrong, in words.
        found: What was recognised.
    """

    id: str
    name: str
    folder: Path
    is_talk: bool = False
    recording: Path | None = None
    transcript: Path | None = None
    state: State = "waiting"
    done: int = 0
    steps: int = 0
    error: str = ""
    found: Recognition | None = None

    def told(self) -> dict[str, object]:
        """Returns what a client is told about it."""
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "done": self.done,
            "steps": self.steps,
            "error": self.error,
        }


@dataclass
class Jobs:
    """All recordings and talks of a server; closing deletes their files.

    Attributes:
        recognise: What recognises a recording; called in one thread.
    """

    recognise: Recognises
    _jobs: dict[str, Job] = field(default_factory=dict)
    _waiting: "SimpleQueue[Job | None]" = field(default_factory=SimpleQueue)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._place = TemporaryDirectory(prefix="synctva-serve-")
        self._thread = Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    @property
    def place(self) -> Path:
        """The folder that is deleted at the end."""
        return Path(self._place.name)

    def close(self) -> None:
        """Ends the work and deletes all files."""
        for job in list(self._jobs.values()):
            self.cancel(job)
        self._waiting.put(None)
        self._thread.join()
        self._place.cleanup()

    def new(self, name: str) -> Job:
        """Returns a place for a recording.

        Args:
            name: What its owner calls it: a file's name, of which nothing but letters is kept.

        Raises:
            InputError: There are too many.
        """
        shown = "".join(letter for letter in Path(name).name if letter.isprintable())[:100]
        with self._lock:
            if sum(not job.is_talk for job in self._jobs.values()) >= MOST:
                raise InputError(f"{MOST} recordings are kept already; delete some")
            return self._placed(shown or "recording")

    def keep(self, found: Recognition) -> Job:
        """Keeps what was recognised in a talk; if there are too many, deletes the oldest.

        Args:
            found: What was recognised.
        """
        with self._lock:
            talks = [job for job in self._jobs.values() if job.is_talk]
            job = self._placed("live", is_talk=True)
            job.found, job.state = found, "done"
        for old in talks[: len(talks) - MOST + 1]:
            self.delete(old)
        return job

    def _placed(self, name: str, *, is_talk: bool = False) -> Job:
        id_ = secrets.token_urlsafe(12)
        job = Job(id_, name, self.place / id_, is_talk)
        job.folder.mkdir(mode=0o700)
        self._jobs[id_] = job
        return job

    def begin(self, job: Job) -> None:
        """Puts a recording into the queue."""
        self._waiting.put(job)

    def get(self, id_: str) -> Job | None:
        """Returns a recording or talk; None where there is none."""
        return self._jobs.get(id_)

    def all(self) -> list[Job]:
        """Returns all of them, in the order in which they came."""
        return list(self._jobs.values())

    def cancel(self, job: Job) -> None:
        """Ends the work on a recording, or keeps it from beginning."""
        with self._lock:
            if job.state in ("waiting", "running"):
                job.state = "cancelled"

    def delete(self, job: Job) -> None:
        """Deletes a recording and all that was made of it."""
        self.cancel(job)
        with self._lock:
            self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            with self._lock:
                begins = job.state == "waiting"
                job.state = "running" if begins else job.state
            if begins:
                self._recognise(job)

    def _recognise(self, job: Job) -> None:
        assert job.recording is not None
        try:
            found = self.recognise(job.recording, job.transcript, progress=_progress_of(job))
            with self._lock:
                job.found = replace(found, media=job.name)
                job.state = "done" if job.state == "running" else job.state
        except Cancelled:
            pass
        except (InputError, OSError) as error:
            place, reason = f"{job.recording}", f"{error}"
            job.error = reason.replace(place, job.name).replace(
                f"{job.transcript}", "the transcript"
            )
            job.state = "failed"
        if job.state == "cancelled":
            shutil.rmtree(job.folder, ignore_errors=True)


def _progress_of(job: Job) -> Progress:
    @contextmanager
    def progress(steps: int) -> Iterator[Callable[[int], None]]:
        job.done, job.steps = 0, steps

        def advance(count: int) -> None:
            job.done += count
            if job.state == "cancelled":
                raise Cancelled

        yield advance

    return progress
