"""Processes that end with the one that started them."""

import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing import current_process

from synctva.errors import InputError

GUARD = 'put what your script does under `if __name__ == "__main__":`'


def refuse_unguarded() -> None:
    """Refuses to start processes while this one is itself being started.

    It then reads the script of the process that started it, as every spawned process does; without
    the guard the script would start processes that start processes.

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


def end_with(parent: int) -> None:
    """Ends this process as soon as the one with that id is gone, even if that one was killed.

    To be called first in a process of a pool. Ctrl-C is then the parent's to handle.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
