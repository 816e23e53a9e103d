"""What the tests of the engine ask of its processes, in a module that is imported in a moment."""

import os
import signal
import time
from pathlib import Path

from synctva.errors import InputError

_told: list[str] = []


def begin(word: str) -> int:
    _told.append(word)
    return os.getpid()


def work(request: str) -> object:
    """Does to its process what the request says."""
    word, _, rest = request.partition(" ")
    match word:
        case "sleep":
            time.sleep(float(rest))
        case "crash":
            os._exit(139)
        case "leave":
            os._exit(0)
        case "bad":
            raise InputError("clip.mp4: bad")
        case "odd":
            raise ZeroDivisionError("odd")
        case "lambda":
            return lambda: None
        case "errno":
            raise OSError(int(rest), os.strerror(int(rest)), "cache/vector")
        case "below":
            try:
                raise OSError(int(rest), os.strerror(int(rest)))
            except OSError as error:
                raise InputError("clip.mp4: cannot be opened") from error
        case "memory":
            raise MemoryError
        case _ if word.startswith("SIG"):
            with Path(rest).open("a") as file:
                file.write("x")
            os.kill(os.getpid(), getattr(signal, word))
            time.sleep(60)
    return _told[0] + request


def once(request: str) -> str:
    """Dies at the first attempt at a request, by the signal that it names."""
    name, path = request.split()
    if not Path(path).exists():
        Path(path).touch()
        if name == "SIGHUP":  # under nohup it is ignored
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.kill(os.getpid(), getattr(signal, name))
        time.sleep(60)
    return "done"


def large(number: int) -> bytes:
    return bytes(3_000_000 + number)


def refuse() -> None:
    raise InputError("no extractor")


def vanish() -> None:
    os._exit(1)
