"""Files are the old one or the new one; one process at a time writes into a folder, or is told."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from synctva import files
from synctva.errors import InputError
from synctva.files import LOCK, alone, temporary, write_bytes, written

HOLDER = """
import sys, time
from pathlib import Path
from synctva.files import alone, temporary
place = Path(sys.argv[1])
with alone(place) if sys.argv[2] == "folder" else temporary(place) as staged:
    print(staged, flush=True)
    time.sleep(60)
"""


@contextmanager
def holding(place: Path, what: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that is alone in a folder, or has a temporary file."""
    command = [sys.executable, "-c", HOLDER, str(place), what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_a_folder_is_taken_until_its_process_is_dead(tmp_path: Path, sig: signal.Signals):
    with holding(tmp_path, "folder") as process:
        told = rf"process {process.pid} on .* is writing here; wait for it, or stop it"
        with pytest.raises(InputError, match=told), alone(tmp_path):
            pass
        assert names(tmp_path) == {LOCK}
        process.send_signal(sig)
        process.wait()
    assert names(tmp_path) == {LOCK}
    with alone(tmp_path):
        assert f"process {os.getpid()} on" in (tmp_path / LOCK).read_text()
    assert names(tmp_path) == set()


def test_a_folder_that_was_made_for_nothing_goes(tmp_path: Path):
    with pytest.raises(KeyError), alone(tmp_path / "empty"):
        raise KeyError
    with alone(tmp_path / "full"):
        (tmp_path / "full" / "file").touch()
    assert names(tmp_path) == {"full"}


def test_a_lock_that_is_deleted_while_it_is_opened_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    free, deleted = files._is_free, []

    def freed(file: object) -> bool:
        found = free(file)  # pyright: ignore
        if not deleted:  # its holder leaves between our opening and our locking
            (tmp_path / LOCK).unlink()
            deleted.append(file)
        return found

    monkeypatch.setattr(files, "_is_free", freed)
    with alone(tmp_path):
        assert names(tmp_path) == {LOCK}
        with pytest.raises(InputError), alone(tmp_path):
            pass


def test_what_a_dead_process_left_goes_with_the_next_write_and_what_a_living_one_has_stays(
    tmp_path: Path,
):
    path, other = tmp_path / "a.json", tmp_path / ".b.json-0123456789abcdef"
    other.touch()
    with holding(path, "file") as process:
        [alive] = names(tmp_path) - {other.name}
        write_bytes(path, b"one")
        assert names(tmp_path) == {alive, path.name, other.name}
        process.send_signal(signal.SIGKILL)
        process.wait()
    (tmp_path / f".{alive}-0123456789abcdef").touch()  # what a movie writes beside a page's copy
    write_bytes(path, b"two")
    assert names(tmp_path) == {path.name, other.name}
    assert path.read_bytes() == b"two"


def test_a_temporary_file_that_was_taken_for_a_dead_ones_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    at, deleted = files._is_at, []

    def deletes_first(file: object, path: Path) -> bool:
        if not deleted:
            deleted.append(path)
            path.unlink()
        return at(file, path)  # pyright: ignore

    monkeypatch.setattr(files, "_is_at", deletes_first)
    with temporary(tmp_path / "a") as staged:
        assert staged.exists()
        assert staged not in deleted


@pytest.mark.parametrize("content", [b"", b"new"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, content: bytes):
    path = tmp_path / "a"
    write_bytes(path, b"old")

    def interrupted() -> None:
        with written(path) as staged:
            staged.write_bytes(content)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == {"a"}
    assert path.read_bytes() == b"old"


def test_what_is_kept_is_flushed_before_it_has_its_name_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, order = tmp_path / "a", list[str]()
    replace = Path.replace

    def flushed(place: Path) -> None:
        assert place == tmp_path or place.read_bytes() == b"x"
        order.append("folder" if place == tmp_path else "file")

    def replaced(staged: Path, target: Path) -> Path:
        order.append("replace")
        return replace(staged, target)

    monkeypatch.setattr(files, "flush", flushed)
    monkeypatch.setattr(Path, "replace", replaced)
    write_bytes(path, b"x")
    assert order == ["file", "replace", "folder"]
    write_bytes(path, b"y", is_kept=False)
    assert order == ["file", "replace", "folder", "replace"]
