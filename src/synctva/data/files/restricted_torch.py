"""Torch tensors inside a pickle -> NumPy arrays, without torch.

Inside a pickle a tensor is a call of ``_rebuild_tensor_v2`` on a storage, and the storage is the
bytes of ``torch.save`` in its legacy form: five pickles one after another (a magic number, the
version, the machine, the storage's type and key, the list of keys), then for each key the number
of values and the values themselves.
"""

import math
import pickle
from functools import partial
from typing import Any

import numpy as np

from synctva.data.files.restricted import LONGEST, NAMES, Array, Maker, bytes_of
from synctva.data.files.unpickler import Allowance, RestrictedUnpickler

MAGIC = 0x1950A86A20F9469CFC6C

_KINDS = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "|b1",
}
"""Torch's storages and their values on disk, least significant byte first."""


class Storage:
    """The values of a tensor, in one dimension."""

    __slots__ = ("values",)

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    @property
    def nbytes(self) -> int:
        """Size of the values."""
        return self.values.nbytes


class _StorageReader(RestrictedUnpickler):
    """Reads one of the pickles that a storage consists of."""

    def persistent_load(self, pid: Any) -> Storage:
        """Returns an empty storage of the stated type; its values follow after the pickles."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise pickle.UnpicklingError("it holds a torch storage of an unknown form")
        if len(pid) > 5 and pid[5] is not None:
            raise pickle.UnpicklingError("it holds a torch storage that is a view of another")
        if pid[1] not in _KINDS.values():
            raise pickle.UnpicklingError("it holds a torch storage of an unknown type")
        return Storage(np.zeros(0, np.dtype(pid[1])))


_STORAGE_NAMES = {
    **NAMES,
    **{("torch", name): kind for name, kind in _KINDS.items()},
    ("torch.storage", "UntypedStorage"): "<u1",
}


def _load_storage(allowance: Allowance, raw: object) -> Storage:
    """Returns the storage in the bytes that ``torch.save`` wrote in its legacy form.

    They are paid for each time, since a pickle may have the same ones read again and again.
    """
    raw = bytes_of(raw)
    allowance.spend(len(raw))
    reader = _StorageReader(raw, _STORAGE_NAMES, allowance)
    magic, _version, machine, storage, keys = (reader.load() for _ in range(5))
    is_told = isinstance(machine, dict) and isinstance(keys, list) and len(keys) == 1
    if magic != MAGIC or not isinstance(storage, Storage) or not is_told:
        raise pickle.UnpicklingError("it holds a torch storage that is not in the legacy form")
    if not machine.get("little_endian", True):
        raise pickle.UnpicklingError("it holds a torch storage of a big-endian machine")
    body = raw[reader.stream.tell() :]
    count = int.from_bytes(body[:8], "little", signed=True)
    kind = storage.values.dtype
    if count < 0 or len(body) != 8 + count * kind.itemsize:
        raise pickle.UnpicklingError(
            f"it holds a torch storage of {count} values in {len(body)} bytes"
        )
    return Storage(np.frombuffer(body, kind, count, offset=8))


def _rebuild(storage: object, offset: Any, size: Any, stride: Any, *_autograd: object) -> Array:
    """Returns a tensor: a window into its storage, copied."""
    are_told = all(isinstance(numbers, (tuple, list)) for numbers in (size, stride))
    if (
        not isinstance(storage, Storage)
        or not are_told
        or len(size) != len(stride)
        or len(size) > 4
    ):
        raise pickle.UnpicklingError(
            "it holds a torch tensor without a storage, or of another shape"
        )
    numbers = [offset, *size, *stride]
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise pickle.UnpicklingError("it holds a torch tensor whose sizes are no numbers from 0")
    values = storage.values
    if any(number > LONGEST for number in numbers):
        raise pickle.UnpicklingError("it holds a torch tensor of impossible sizes")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and (last >= len(values) or math.prod(size) > len(values)):
        raise pickle.UnpicklingError("it holds a torch tensor that is larger than its storage")
    steps = tuple(step * values.itemsize for step in stride)
    window = np.lib.stride_tricks.as_strided(values[offset:], tuple(size), steps)
    return window.copy().view(Array)


def torch_names(allowance: Allowance) -> dict[tuple[str, str], object]:
    """Returns the names of torch that a pickle may say, and what stands for each.

    Args:
        allowance: What the pickle may become.
    """
    return {
        ("torch._utils", "_rebuild_tensor"): Maker(_rebuild),
        ("torch._utils", "_rebuild_tensor_v2"): Maker(_rebuild),
        ("torch._utils", "_rebuild_parameter"): Maker(lambda tensor, *_autograd: tensor),
        ("torch.storage", "_load_from_bytes"): Maker(partial(_load_storage, allowance)),
    }
