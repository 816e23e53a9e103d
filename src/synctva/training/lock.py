"""One process, or group of processes, trains a seed at a time."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from synctva.errors import InputError
from synctva.run.folder import SeedFolder

if sys.platform != "win32":
    import fcntl


@contextmanager
def seed_lock(folder: SeedFolder) -> Iterator[None]:
    """Keeps other processes from a seed until this one has left it, or is dead.

    Raises:
        InputError: Another process trains this seed.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    with folder.lock.open("wb") as file:
        if not _is_locked(file):
            raise InputError(
                f"{folder.path}: another process trains this seed; wait for it, or stop it"
            )
        try:
            yield
        finally:
            if folder.finished.is_file():  # whoever has opened the file already will see that too
                folder.lock.unlink(missing_ok=True)


def _is_locked(file: IO[bytes]) -> bool:
    """Locks a file, as far as the system and the file system know how; returns whether it may."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some file systems of clusters have no locks
        return True
    return True
