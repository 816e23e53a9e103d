"""The run folder: what is where, and what is said where it is damaged."""

import errno
import json
from pathlib import Path

import pytest
from support.run_folders import epoch_of

from synctva.errors import InputError
from synctva.files import is_staged, remove_staged, write_bytes, write_json
from synctva.run.description import RunDescription, SchemaNames
from synctva.run.finished import Finished
from synctva.run.folder import RunFolder, SeedFolder


def run_of(path: Path, seeds: int = 3) -> RunFolder:
    run = RunFolder(path)
    schema = SchemaNames("two", ("joy", "anger"))
    run.write_description(
        RunDescription("run", "own", schema, {"text": 4}, "store", tuple(range(seeds)))
    )
    return run


def complaint(read, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        read()
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_a_full_disk_is_told_as_such_and_leaves_what_was_there(tmp_path, monkeypatch):
    def fill(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    write_bytes(tmp_path / "page.html", b"old")
    monkeypatch.setattr(Path, "write_bytes", fill)
    complaint(lambda: write_bytes(tmp_path / "page.html", b"new"), "page.html: the disk is full")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_log_is_read_as_it_was_written(tmp_path):
    folder = SeedFolder(tmp_path)
    assert folder.read_log() == []
    epochs = [epoch_of(number, number / 3) for number in range(3)]
    for epoch in epochs:
        folder.append_log(epoch)
    assert folder.read_log() == epochs
    folder.cut_log(2)
    assert folder.read_log() == epochs[:2]
    folder.append_log(epochs[2])
    assert folder.read_log() == epochs


def test_a_line_that_is_being_written_is_left_out_and_cut_away(tmp_path):
    folder = SeedFolder(tmp_path)
    folder.append_log(epoch_of(0))
    whole = folder.log.read_text()
    with folder.log.open("a") as file:
        file.write('{"epoch": 1, "va')
    assert folder.read_log() == [epoch_of(0)]
    folder.cut_log(1)
    assert folder.log.read_text() == whole


def test_only_finished_seeds_are_given(tmp_path):
    run = run_of(tmp_path)
    for number in (0, 2):
        run.seed(number).path.mkdir()
        run.seed(number).write_finished(Finished(number, 3, 1.5))
    found = dict(run.finished_seeds())
    assert list(found) == [0, 2]
    assert found[2].read_finished() == Finished(2, 3, 1.5)


def test_what_is_not_there_is_told_with_the_command_that_makes_it(tmp_path):
    complaint(RunFolder(tmp_path).describe, f"{tmp_path}: no run here", "`synctva train --store")
    run = run_of(tmp_path)
    place = run.evaluation
    complaint(place.read, f"{place.file}: not evaluated", f"`synctva evaluate {tmp_path}`")


@pytest.mark.parametrize("damage", [b"", b'{"seeds": [0', b"[0]", b"\xff"])
def test_damaged_files_are_told_with_their_name_and_a_remedy(tmp_path: Path, damage: bytes):
    run, seed = RunFolder(tmp_path), RunFolder(tmp_path).seed(0)
    seed.path.mkdir()
    for path, read, remedy in (
        (run.description, run.describe, f"delete {tmp_path} and"),
        (run.evaluation.file, run.evaluation.read, f"run `synctva evaluate {tmp_path}` again"),
        (seed.finished, seed.read_finished, f"delete {seed.path} and"),
    ):
        path.write_bytes(damage)
        complaint(read, f"{path}: damaged (", remedy)


def test_a_damaged_log_is_told_with_its_name_and_a_remedy(tmp_path):
    folder = SeedFolder(tmp_path)
    folder.append_log(epoch_of(0))
    line = folder.log.read_text()
    folder.log.write_text(f"{line}\0\0\0\n{line}")
    complaint(folder.read_log, f"{folder.log}: line 2: damaged (", f"delete {tmp_path} and")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})

    def fail(self: Path, target: Path) -> Path:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        write_json(path, {"new": 2})
    assert json.loads(path.read_text()) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_half_written_files_are_swept_and_others_are_not(tmp_path):
    (tmp_path / "seed-0" / "checkpoint").mkdir(parents=True)
    kept = [".gitignore", "log.jsonl", "seed-0/.note-1", "seed-0/a-0123456789abcdef"]
    left = [".run.json-0123456789abcdef", "seed-0/checkpoint/.model.safetensors-00112233aabbccdd"]
    for name in (*kept, *left):
        (tmp_path / name).write_text("")
    remove_staged(tmp_path, below=False)
    assert [(tmp_path / name).exists() for name in left] == [False, True]
    remove_staged(tmp_path)
    files = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert files == set(kept)


def test_what_is_being_written_has_a_name_that_the_sweep_knows(tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: names.append(path))
    monkeypatch.setattr(Path, "replace", lambda path, target: target)
    write_bytes(tmp_path / "model.safetensors", b"")
    assert [is_staged(path) for path in names] == [True]
