"""Processes that end with the one that started them."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import current_process, parent_process, resource_tracker
from types import ModuleType

from synctva.errors import InputError

GUARD = 'put what your script does under `if __name__ == "__main__":`'


def refuse_unguarded() -> None:
    """Refuses to start processes while this one is itself being started.

    It then runs the script of the process that started it, as processes do that the script itself
    starts, or whose work is in the script; without the guard they would start others without end.

    Raises:
        InputError: This process is being started.
    """
    if getattr(current_process(), "_inheriting", False):
        raise InputError(f"a process that is being started can start no others; {GUARD}")


def limit_memory(most_bytes: int) -> None:
    """Refuses this process more memory of its own, where the system can."""
    with suppress(ImportError, OSError, ValueError):  # no Unix, or a lower limit is set already
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, hard))


_hiding = threading.Lock()


@contextmanager
def script_hidden() -> Iterator[None]:
    """Hides the script that this process runs from processes that are started meanwhile.

    They would run it again: without the usual guard it would start processes that start processes,
    and with it they would still import all that it imports.
    """
    with _hiding:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Makes Ctrl-C wait while processes are started, here and in them, if the system can.

    Ctrl-C goes to all processes of a terminal: one that has not yet reached ``end_with_parent``
    would print a traceback. Only this one is interrupted, afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # whoever starts it has Ctrl-C come again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """Ends this process as soon as the one that started it is gone, even if that one was killed.

    To be called first in a process of a pool; one that a server has forked is of the process that
    asked for it, not of the server. Ctrl-C is then the parent's to handle.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
