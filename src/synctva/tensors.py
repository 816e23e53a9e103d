"""Files of tensors (safetensors) that say what their content hashes to."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from synctva.files import write_bytes

SHA256 = "sha256"
"""In what a file tells beside its tensors: the hash of all else."""


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Returns the hash of tensors with their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().cpu().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], told: Mapping[str, str] | None = None
) -> None:
    """Writes tensors, and words that tell what they are, as ``files.written`` does."""
    kept = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    told = dict(told or {})
    write_bytes(path, save(kept, {**told, SHA256: _sha256(kept, told)}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Returns the tensors of a file, and the words beside them.

    A file of before there were hashes is taken as it is.

    Raises:
        SafetensorError: It is no such file, it is damaged, or not as it was written.
        OSError: It cannot be read.
    """
    with safe_open(path, "pt") as file:
        told = dict(file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    expected = told.pop(SHA256, None)
    if expected is not None and expected != _sha256(tensors, told):
        raise SafetensorError("sha256 differs from what it was when the file was written")
    return tensors, told


def _sha256(tensors: Mapping[str, Tensor], told: Mapping[str, str]) -> str:
    words = json.dumps([told, tensors_sha256(tensors)], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()
