"""Pickles of a few bytes that would take all memory or for ever are refused before they do."""

import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from synctva.budget import NESTED, PICKLE, Budget
from synctva.data.files import pickle_file
from synctva.data.files.pickle_file import read_pickle
from synctva.errors import InputError

MODULUS = 2**61 - 1
"""Whole numbers that differ by a multiple of it have one hash."""


def global_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def storage_again() -> bytes:
    """Returns a pickle that has a storage, with a long version in it, read again and again."""
    told = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x00NtQ."
    magic, version = pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps([0] * 900, 2)
    raw = magic + version + b"}." + told + pickle.dumps(["0"], 2) + bytes(8)
    load = global_of("torch.storage", "_load_from_bytes")
    body = b"B" + struct.pack("<I", len(raw)) + raw + b"q\x010"
    return load + b"q\x000" + body + b"h\x00h\x01\x85R0" * 1000 + b"N"


BOMBS = {
    "bytes that are not there": b"\x80\x05\x96" + struct.pack("<Q", 3 << 30),
    "empty sets": b"\x8f" * 10_000,
    "empty dictionaries": b"}" * 10_000,
    "marks": b"(" * 10_000,
    "what is remembered": b"N" + b"\x94" * 10_000,
    "a list of a list": b"]"
    + b"("
    + b"2" * 0
    + b"N" * 100
    + b"e"
    + b"q\x000"
    + b"]("
    + b"h\x00" * 100
    + b"eq\x010"
    + b"]("
    + b"h\x01" * 100
    + b"eq\x020"
    + b"]("
    + b"h\x02" * 100
    + b"eq\x030"
    + b"]("
    + b"h\x03" * 100
    + b"e",
    "one list again and again": b"](" + b"N" * 1000 + b"eq\x000" + b"](" + b"h\x00" * 5000 + b"e",
    "an empty array of many rows": (
        global_of("numpy.core.multiarray", "_reconstruct")
        + global_of("numpy", "ndarray")
        + b"(I0\ntX\x01\x00\x00\x00b\x87R(I1\n(I1000000000\nI0\nt"
        + global_of("numpy", "dtype")
        + b"(X\x03\0\0\0<f4tRI00\nB\0\0\0\0tb"
    ),
    "numbers of one hash": pickle.dumps({MODULUS * n: 0 for n in range(1, 100)}, 2)[:-1],
    "tuples of numbers": pickle.dumps({(n, n): 0 for n in range(9)}, 2)[:-1],
    "long floats of one hash": pickle.dumps(
        {np.longdouble(1) + n * np.finfo(np.longdouble).eps: 0 for n in range(4)}, 2
    )[:-1],
    "a storage read again and again": storage_again(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_it_is_one_line_and_takes_little_memory(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    own = Budget(PICKLE.growth, 1 << 14, PICKLE.most_bytes)
    monkeypatch.setattr(pickle_file, "PICKLE", own)
    path = tmp_path / "bad.pkl"
    path.write_bytes(BOMBS[name] + b".")
    with pytest.raises(InputError):
        read_pickle(path)  # what is made at a first call is no part of it
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"bad\.pkl: ") as error:
            read_pickle(path)
        assert "\n" not in str(error.value)
        assert tracemalloc.get_traced_memory()[1] < own.bytes_of(path.stat().st_size)
    finally:
        tracemalloc.stop()


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


def test_values_that_lie_too_deep_or_in_themselves_are_refused(tmp_path: Path):
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(nested(NESTED)))
    assert read_pickle(path) == nested(NESTED)
    path.write_bytes(pickle.dumps(nested(NESTED + 1)))
    with pytest.raises(InputError, match="are nested more than"):
        read_pickle(path)
    path.write_bytes(b"]q\x00(" + b"]" * 1_000 + b"e.")
    assert read_pickle(path) == [[]] * 1_000
    path.write_bytes(b"]q\x00]h\x00aa.")
    with pytest.raises(InputError, match="contains itself"):
        read_pickle(path)


def test_what_people_save_is_well_within_the_budget(tmp_path: Path):
    values = {
        f"dialogue {n}": [{"id": turn, "words": "no", "scores": [0.5, turn]} for turn in range(20)]
        for n in range(100)
    }
    (tmp_path / "own.pkl").write_bytes(pickle.dumps(values))
    assert read_pickle(tmp_path / "own.pkl") == values
