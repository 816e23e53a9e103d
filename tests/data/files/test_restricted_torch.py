"""Torch tensors inside pickles: the same numbers as torch reads, without torch."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from synctva.data.files.pickle_file import read_pickle
from synctva.errors import InputError

TENSORS = [
    torch.arange(6.0).reshape(2, 3),
    torch.arange(6.0).reshape(2, 3).T,
    torch.arange(10)[3:7],
    torch.arange(24, dtype=torch.float16).reshape(2, 3, 4)[:, 1:, ::2],
    torch.tensor([True, False]),
    torch.tensor(2.5, dtype=torch.float64),
    torch.zeros(0, 3),
    torch.tensor([1, 2], dtype=torch.uint8),
]


def written(tmp_path: Path, value: object, protocol: int = 2) -> Path:
    path = tmp_path / "tensor.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_tensors_become_the_same_arrays(tmp_path: Path, protocol: int):
    for tensor in TENSORS:
        (found,) = read_pickle(written(tmp_path, [tensor], protocol))  # pyright: ignore
        assert isinstance(found, np.ndarray)
        assert found.dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(found, tensor.numpy())


def test_a_parameter_becomes_an_array(tmp_path):
    found = read_pickle(written(tmp_path, {"a": torch.nn.Parameter(torch.ones(2))}))
    np.testing.assert_array_equal(found["a"], [1, 1])  # pyright: ignore


def test_another_kind_of_number_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"tensor\.pkl: refused"):
        read_pickle(written(tmp_path, torch.zeros(2, dtype=torch.complex64)))


def storage() -> torch.storage.TypedStorage:
    """The storage of [0, 1, 2, 3], as a tensor pickles it."""
    values = torch.arange(4.0).untyped_storage()
    return torch.storage.TypedStorage(wrap_storage=values, dtype=torch.float32, _internal=True)


class Rebuilds:
    """Pickles as a tensor that states whatever one likes of its storage."""

    def __init__(self, offset: object, size: Sequence[object], stride: Sequence[object]) -> None:
        self.state = storage(), offset, size, stride, False, None

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.state


class Loads:
    """Pickles as a storage that is read from any bytes."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def __reduce__(self):
        return torch.storage._load_from_bytes, (self.raw,)


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (1, (4,), (1,)),
        (0, (2, 2), (3, 1)),
        (0, (10**12,), (0,)),
        (0, (5,), (0,)),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (0, (2,), (1, 1)),
        ("0", (2,), (1,)),
        (0, (1,) * 5, (1,) * 5),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(
    tmp_path: Path, offset: object, size: tuple, stride: tuple
):
    assert read_pickle(written(tmp_path, Rebuilds(1, (2,), (1,)))).tolist() == [1, 2]  # pyright: ignore
    with pytest.raises(InputError, match=r"tensor\.pkl: refused"):
        read_pickle(written(tmp_path, Rebuilds(offset, size, stride)))


def test_a_hostile_pickle_inside_a_storage_is_refused(tmp_path):
    _, (raw,) = storage().__reduce__()
    bad = raw.replace(b"ctorch\nFloatStorage\n", b"cposix\nsystem\n")
    assert bad != raw
    with pytest.raises(InputError, match=r"it names 'posix\.system', which is refused"):
        read_pickle(written(tmp_path, Loads(bad)))


@pytest.mark.parametrize("cut", [0, 10, 200, -1, -5])
def test_a_truncated_storage_is_refused(tmp_path: Path, cut: int):
    _, (raw,) = storage().__reduce__()
    with pytest.raises(InputError, match=r"tensor\.pkl"):
        read_pickle(written(tmp_path, Loads(raw[:cut])))
