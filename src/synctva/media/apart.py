"""The process that looks at recordings for this one, which opens none: they are read as if hostile.

It has a limit of time and of memory. What it is asked is a function of a recording; one process
serves one recording after another, so that an ordinary one costs no start.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from synctva.errors import InputError
from synctva.work import Engine, Task, on_this_machine

TIME_LIMIT_S = 6 * 3_600.0
"""For all of a recording, which may be half a day long."""

MEMORY_BYTES = 6 << 30
"""What looks at a recording packet by packet needs a tenth of it; the libraries are in it."""

Found = TypeVar("Found")


def apart() -> Engine:
    """Returns a process that looks at recordings; it begins with the first one."""
    task = Task(_looked, time_limit_s=TIME_LIMIT_S, memory_bytes=MEMORY_BYTES)
    return on_this_machine(task, 1)


def seen_apart(
    look: Callable[[Path], Found], recording: str | Path, kept: Engine | None = None
) -> Found:
    """Returns what a function finds in a recording, in another process.

    Args:
        look: A function of a module, whose result can be sent.
        recording: The recording.
        kept: From :func:`apart`, for several recordings; None = a process for this one.

    Raises:
        InputError: As the function; or it took too long, or the process died of it.
    """
    looking = kept or apart()
    try:
        [(_, outcome)] = looking.outcomes([(look, Path(recording))])
    finally:
        if looking is not kept:
            looking.stop()
    if isinstance(outcome, InputError):
        raise outcome
    return outcome


def _looked(request: tuple[Callable[[Path], Any], Path]) -> Any:
    look, recording = request
    return look(recording)
