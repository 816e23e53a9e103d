"""Processes that a command has started."""

import subprocess
from contextlib import suppress

import psutil


def is_over(process: psutil.Process) -> bool:
    """Returns whether a process has ended, be its end noticed by its parent or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Returns the processes of a command's engine that are alive."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()) and not is_over(child):
                found.append(child)
    return found
