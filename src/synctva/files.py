"""Files that are at every moment the old one or the new one."""

import errno
import hashlib
import json
import re
import secrets
from pathlib import Path

from synctva.errors import MachineError

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_DISK = "the disk is full; make room, and run the same command again"


def file_sha256(path: Path) -> str:
    """Returns the sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_bytes(path: Path, content: bytes) -> None:
    """Writes bytes under a temporary name beside ``path``, then renames it.

    Raises:
        MachineError: The disk is full.
    """
    staged = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        staged.write_bytes(content)
        staged.replace(path)
    except BaseException as error:
        staged.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise MachineError(f"{path}: {FULL_DISK}") from error
        raise


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


def write_text(path: Path, text: str) -> None:
    """Writes text under a temporary name beside ``path``, then renames it."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
    """Writes JSON under a temporary name beside ``path``, then renames it."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
