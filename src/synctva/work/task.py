"""A task: what is done with every request, and how its errors are reported; the same everywhere.

What goes wrong with a request is an outcome like any other, so that it costs that request alone.
Only what the machine lacks (room, memory, open files, a right to write) ends all of it.
"""

import errno
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synctva.errors import InputError, MachineError
from synctva.files import FULL, FULL_DISK
from synctva.work.processes import limit_memory

OPEN_FILES = (errno.EMFILE, errno.ENFILE)
LACKS = (*FULL, *OPEN_FILES, errno.ENOMEM, errno.EACCES, errno.EPERM, errno.EROFS)
"""Numbers of errors that are the machine's."""

LACKS_BELOW = (*FULL, *OPEN_FILES)
"""Those that are so even where a reader takes them for the recording's: libav says `no memory` of
a damaged file, and a recording may be one that nobody may read."""


def nothing() -> None:
    """What a process begins with if nothing has to be loaded."""


@dataclass(frozen=True)
class Task:
    """What is done with every request.

    Attributes:
        work: Called with a request; a function of a module.
        begin: Called in every process before its first request, for what is loaded once. The
            engine reports what it returns.
        arguments: Of ``begin``.
        time_limit_s: A request that takes longer, as a hostile one does, is given up. None = the
            requests are our own, and may take as long as they do.
        imported: A module that a server imports, of which all processes are copies, where the
            system can; else each imports what it needs. One server serves all tasks.
        memory_bytes: A process that wants more of its own is refused it, which ends the request;
            None = as much as there is.
    """

    work: Callable[[Any], object]
    begin: Callable[..., object] = nothing
    arguments: tuple[object, ...] = ()
    time_limit_s: float | None = None
    imported: str | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Served:
    """What a process gives back.

    Attributes:
        outcomes: The result of each request, or the InputError that it ended in.
        news: What ``begin`` returned in the processes that have begun for them.
        refusal: Why none can be served: ``begin`` has failed.
    """

    outcomes: Sequence[object]
    news: Sequence[object] = field(default=())
    refusal: InputError | None = None


@dataclass(frozen=True)
class Death:
    """How a process ended that was at requests.

    Attributes:
        reason: Such as ``exit code -9``.
        is_killed: Somebody else ended it, or the machine that it was on.
    """

    reason: str
    is_killed: bool


def begun(task: Task) -> Served:
    """Begins a task in this process, and returns its news, or the refusal."""
    if task.memory_bytes is not None:
        limit_memory(task.memory_bytes)
    found = attempt(lambda _: task.begin(*task.arguments), None)
    return Served((), refusal=found) if isinstance(found, InputError) else Served((), (found,))


def attempt(work: Callable[[Any], object], request: object) -> object:
    """Returns the result of a request, or the InputError that it ended in."""
    try:
        return work(request)
    except Exception as error:  # one odd recording must not end a night's work
        machine = lacking(error)
        if machine is not None or isinstance(error, InputError):
            return machine or error
        told = InputError(one_line(error))
        told.add_note(traceback.format_exc())
        return told


def lacking(error: BaseException | None) -> MachineError | None:
    """Returns what the machine lacks, if that is what an error comes from."""
    if isinstance(error, MachineError):
        return error
    if isinstance(error, MemoryError):
        return MachineError("out of memory; use fewer processes, so that each has more")
    numbers = LACKS
    while error is not None:
        if isinstance(error, OSError) and error.errno in numbers:
            return MachineError(f"{error.filename or 'files'}: {_told(error)}")
        error, numbers = error.__cause__, LACKS_BELOW
    return None


def _told(error: OSError) -> str:
    if error.errno in FULL:
        return FULL_DISK
    if error.errno in OPEN_FILES:
        return f"{error.strerror}; allow more (ulimit -n), or use fewer processes"
    return f"{error.strerror}; mend that, and run the same command again"


def one_line(error: Exception) -> str:
    """Returns an error's message; an unforeseen one says where it arose."""
    words = " ".join(str(error).split())
    if isinstance(error, InputError):
        return words
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {words[:300]}{place}"
