"""Files that are at every moment the old one or the new one, and who writes into a folder.

Also the cells of tables for people: a spreadsheet runs what begins with = + - @ as a formula, even
from a recording's file name. An apostrophe before it marks it as text, and is not shown. Read
again, a cell is what it was.
"""

import errno
import hashlib
import json
import os
import re
import secrets
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from synctva.errors import InputError, MachineError

if sys.platform != "win32":
    import fcntl

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_DISK = "the disk is full; make room, and run the same command again"
LOCK = ".lock"
"""In a folder that somebody writes into: who that is."""

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
GUARDED = r"^'('*[=+\-@\t\r])"
"""A cell that was guarded, as a pattern; its group begins the text."""


def file_sha256(path: Path) -> str:
    """Returns the sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """Gives an empty file beside ``path`` to write into; what is left of it at the end is deleted.

    So is what processes that are dead have left there for the same path.
    """
    for found in _staged_for(path):
        _remove_of_dead(found)
    staged, file = _claimed(path)
    with file:
        try:
            yield staged
        finally:
            staged.unlink(missing_ok=True)


@contextmanager
def written(path: Path, *, is_kept: bool = True) -> Iterator[Path]:
    """Gives a temporary file beside ``path``, which becomes ``path`` when it is complete.

    Args:
        path: Replaced at once, never in part.
        is_kept: Whether it must be there and whole after a loss of power too; what can be made
            again, and is checked when it is read, need not.

    Raises:
        MachineError: The disk is full.
    """
    try:
        with temporary(path) as staged:
            yield staged
            if is_kept:
                flush(staged)
            staged.replace(path)
            if is_kept:
                flush(path.parent)
    except OSError as error:
        if error.errno in FULL:
            raise MachineError(f"{path}: {FULL_DISK}") from error
        raise


def flush(path: Path) -> None:
    """Makes the system put a file, or the names in a folder, onto the disk, if it can."""
    if path.is_dir() and sys.platform == "win32":
        return
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EROFS, errno.ENOTSUP):  # it does not know how
            raise
    finally:
        os.close(number)


def write_bytes(path: Path, content: bytes, *, is_kept: bool = True) -> None:
    """Writes bytes as ``written`` does."""
    with written(path, is_kept=is_kept) as staged:
        staged.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Writes text as ``written`` does."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
    """Writes JSON as ``written`` does."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def is_staged(path: Path) -> bool:
    """Returns whether a path has the temporary name of a file that was never finished."""
    return re.fullmatch(r"\..+-[0-9a-f]{16}", path.name) is not None


def remove_staged(folder: Path, *, below: bool = True) -> None:
    """Deletes what a process that was killed left under temporary names in a folder.

    Args:
        folder: Nobody writes into it now.
        below: Whether in the folders below, too.
    """
    for path in filter(is_staged, folder.rglob(".*") if below else folder.glob(".*")):
        path.unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps other processes from a folder until this one has left it, or is dead.

    Args:
        folder: Made if it is not there, and removed again if nothing was put into it.

    Raises:
        InputError: Another process is there; it is named. Or ``folder`` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: a file is here; name a new folder")
    is_new = not folder.exists()
    file = _locked(folder)
    try:
        yield
    finally:
        (folder / LOCK).unlink(missing_ok=True)
        file.close()
        if is_new:
            with suppress(OSError):  # it is not empty
                folder.rmdir()


def _locked(folder: Path) -> IO[str]:
    """Returns the lock of a folder, held by this process."""
    path = folder / LOCK
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("a+", encoding="utf-8", errors="replace")
        except FileNotFoundError:  # the folder was removed meanwhile
            continue
        if not _is_free(file):
            file.seek(0)
            holder = file.read(1000) or "another process"
            file.close()
            raise InputError(f"{folder}: {holder} is writing here; wait for it, or stop it")
        if _is_at(file, path):
            break
        file.close()
    file.truncate(0)
    command = shlex.join([Path(sys.argv[0]).name.replace("__main__.py", "synctva"), *sys.argv[1:]])
    file.write(f"process {os.getpid()} on {socket.gethostname()} ({command[:300]})")
    file.flush()
    return file


def _claimed(path: Path) -> tuple[Path, IO[bytes]]:
    """Returns a new file beside ``path``, and a hold on it that ends with this process."""
    while True:
        staged = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        file = staged.open("xb")
        if sys.platform == "win32":  # which renames no open file
            file.close()
            return staged, file
        with suppress(OSError):  # some file systems of clusters have no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if _is_at(file, staged):  # else it was taken for one of a dead process, in between
            return staged, file
        file.close()


def _staged_for(path: Path) -> list[Path]:
    """Returns the temporary files for a path, also those that a temporary file was written by."""
    pattern = re.compile(rf"\.+{re.escape(path.name)}(-[0-9a-f]{{16}})+")
    with suppress(OSError), os.scandir(path.parent) as entries:
        return [Path(entry.path) for entry in entries if pattern.fullmatch(entry.name)]
    return []


def _remove_of_dead(staged: Path) -> None:
    """Deletes a temporary file that no process holds; what cannot be told is left."""
    if sys.platform == "win32":
        return
    with suppress(OSError), staged.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        staged.unlink()


def _is_free(file: IO[bytes] | IO[str]) -> bool:
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


def _is_at(file: IO[bytes] | IO[str], path: Path) -> bool:
    """Returns whether an open file is what is at a path, and was not deleted meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def guarded(text: str) -> str:
    """Returns a text as a cell that is no formula; a number stays one."""
    is_formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def unguarded(cell: str) -> str:
    """Returns the text of a cell that was ``guarded``; any other is as it is."""
    return re.sub(GUARDED, r"\1", cell, count=1)
