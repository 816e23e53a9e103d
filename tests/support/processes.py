"""Processes that a command has started."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress

import psutil


def is_over(process: psutil.Process) -> bool:
    """Returns whether a process has ended, be its end noticed by its parent or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def workers_of(process: subprocess.Popen[str] | psutil.Process) -> list[psutil.Process]:
    """Returns the processes of an engine below a process; one that ends meanwhile is none."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):
            told, above = (" ".join(own.cmdline()) for own in (child, child.parent() or child))
            is_forked = "multiprocessing.forkserver" in told and told == above
            if (is_forked or "spawn_main" in told) and not is_over(child):
                found.append(child)
    return found


def served_by_ray() -> Iterator[psutil.Process]:
    """Yields the workers of Ray below this process while they work, when each is looked at.

    A worker has its name while it works only, which may be over when that is told.
    """
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if child.name().startswith("ray::serve"):
                yield child


def kill(process: psutil.Process) -> bool:
    """Kills a process; returns whether it was there."""
    with suppress(psutil.Error):
        process.kill()
        return True
    return False
