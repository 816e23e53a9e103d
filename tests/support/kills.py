"""Kills at a write, and what a training has left after them."""

import itertools
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synctva.run.folder import SeedFolder
from synctva.run.log import Epoch

DEADLINE_S = 240


def outcome(run: Path) -> dict[str, Any]:
    """Returns all that a run has left, by file, but how long it took and the curves' files."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in run.rglob("*") if path.is_file()):
        name = str(path.relative_to(run))
        if path.name in ("log.jsonl", "finished.json"):
            lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
            found[name] = [{**json.loads(line), "seconds": None} for line in lines]
        elif path.name != "run.json" and path.parent.name != "tensorboard":
            found[name] = path.read_bytes()
    return found


class Killed(BaseException):
    """Stands for SIGKILL where a process of its own would take too long."""


def kill_at(patch: pytest.MonkeyPatch, moment: int) -> Callable[[], int]:
    """Ends the training at the nth write, leaving behind what was half-written.

    Returns:
        A function that tells how many writes there were.
    """
    writes = itertools.count()
    replace, append = Path.replace, SeedFolder.append_log

    def counted(path: Path, target: Path) -> Path:
        if next(writes) == moment:
            path.with_name(f".{target.name}-0123456789abcdef").write_bytes(path.read_bytes()[:9])
            raise Killed
        return replace(path, target)

    def appended(folder: SeedFolder, epoch: Epoch) -> None:
        if next(writes) == moment:
            with folder.log.open("a") as file:
                file.write('{"epoch": 1, "tr')
            raise Killed
        append(folder, epoch)

    patch.setattr(Path, "replace", counted)
    patch.setattr(SeedFolder, "append_log", appended)
    return lambda: next(writes)


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    until = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < until, "it never came to that"
        if process is not None and process.poll() is not None:
            pytest.fail(f"it ended by itself: {process.communicate()[1]}")
        time.sleep(0.02)


def place(folder: SeedFolder) -> tuple[int, int]:
    """Returns epoch and batch of the saved state; before the beginning where there is none."""
    if not folder.state.is_file():
        return (-1, 0)
    with folder.state.open("rb") as file:  # safetensors opens it twice, which races with the writer
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    progress = json.loads(header["__metadata__"]["progress"])
    return (progress["epoch"], progress["position"])
