"""What the tests of a cluster ask of its workers, in a module that is imported in a moment."""

import os
import signal
import time
from pathlib import Path

import psutil

from synctva.errors import InputError

_begun: list[str] = []


def begin(word: str) -> str:
    if word == "refuse":
        raise InputError("no extractor")
    _begun.append(word)
    return f"begun {os.getpid()}"


def work(request: str) -> str:
    """Returns the request after the word that its process was begun with; or does what it says."""
    word, _, path = request.partition(" ")
    if word == "crash":
        os._exit(139)
    if word == "odd":
        raise ZeroDivisionError("odd")
    if word == "full":
        raise OSError(28, "No space left on device", "cache")
    if word == "sleep":
        time.sleep(float(path))
    if word == "kill-machine's":  # the Ray worker that has started this process, or is it
        with Path(path).open("a") as file:
            file.write("x")
        is_inner = "spawn_main" in " ".join(psutil.Process().cmdline())
        os.kill(os.getppid() if is_inner else os.getpid(), signal.SIGKILL)
        time.sleep(60)
    return _begun[0] + request
