"""Processes that end with the one that started them."""

import os
import signal
import threading
import time


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
