"""Files of tensors: the same content is the same bytes, and what is read is what was written."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from synctva.errors import InputError
from synctva.tensors import device_named, read_tensors, write_tensors

TENSORS = {"b": torch.arange(6.0).view(2, 3), "a": torch.tensor([True, False])}
TOLD = {"network": "a", "epoch": "3", "one": "1", "two": "é", "three": ""}


def test_the_same_content_is_the_same_bytes_in_every_process(tmp_path: Path):
    program = f"""
import sys, torch
from pathlib import Path
from synctva.tensors import write_tensors
tensors = {{"b": torch.arange(6.0).view(2, 3), "a": torch.tensor([True, False])}}
write_tensors(Path(sys.argv[1]), tensors, {TOLD!r})
"""
    paths = [tmp_path / f"{n}.safetensors" for n in range(4)]
    subprocess.run([sys.executable, "-c", program, str(paths[0])], check=True)
    for path in paths[1:]:
        write_tensors(path, TENSORS, dict(reversed(TOLD.items())))
    assert len({path.read_bytes() for path in paths}) == 1


def test_what_is_read_is_what_was_written_and_a_changed_byte_is_told(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, TENSORS, TOLD)
    tensors, told = read_tensors(path)
    assert told == TOLD
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(SafetensorError, match="sha256 differs"):
        read_tensors(path)


def test_the_best_device_is_one_that_computes():
    assert torch.ones(2, device=device_named("auto")).sum().item() == 2
    assert device_named("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["meta", "cuda:99", "gpu"])
def test_a_device_that_holds_no_numbers_or_is_not_here_is_one_line(name: str):
    with pytest.raises(InputError, match=rf"^device {name}: no such device here .*; take cpu$"):
        device_named(name)
