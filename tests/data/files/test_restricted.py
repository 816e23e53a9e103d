"""Pickles: what is harmless comes out as it went in; what is not is refused before it runs."""

import builtins
import collections
import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synctva.budget import PICKLE, Budget
from synctva.data.files.pickle_file import read_pickle
from synctva.data.files.restricted import NAMES
from synctva.data.files.restricted_torch import torch_names
from synctva.data.files.unpickler import Allowance, RestrictedUnpickler
from synctva.errors import InputError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def load(data: bytes) -> Any:
    allowance = Allowance(PICKLE.bytes_of(len(data)))
    return RestrictedUnpickler(data, {**NAMES, **torch_names(allowance)}, allowance).load()


HARMLESS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
    np.array(["a", "ß", "𝄞"]),
    np.array([b"ab", b"c"]),
    np.array([True, False]),
    np.zeros((0, 5), np.float16),
    np.array(3.0),
    np.float32(1.5),
    np.int64(-4),
    np.bool_(True),
    np.str_("hé"),
    np.str_(""),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("numpy_1", [False, True])
def test_arrays_and_scalars_come_out_as_they_went_in(protocol: int, numpy_1: bool):
    for value in HARMLESS:
        data = pickle.dumps([value, value], protocol)
        if numpy_1 and protocol < 4:  # names that are not counted in bytes can be changed
            data = data.replace(b"numpy._core", b"numpy.core")
        first, second = load(data)
        assert first is second or np.ndim(value) == 0
        assert np.asarray(first).dtype.kind == value.dtype.kind
        np.testing.assert_array_equal(np.asarray(first), value)
        assert np.shape(first) == value.shape


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_containers_come_out_as_they_went_in(protocol: int):
    value = [{"a": (1, -2.5, None, True)}, {1, 2}, frozenset([3]), b"\xff\x00", b"", "ß", 1 << 80]
    assert load(pickle.dumps(value, protocol)) == value


def test_ordered_and_default_dictionaries_become_dictionaries():
    ordered = load(pickle.dumps(collections.OrderedDict(a=1)))
    assert type(ordered) is dict
    assert ordered == {"a": 1}
    made = collections.defaultdict(list, {"a": [1]})
    assert load(pickle.dumps(made)) == {"a": [1]}


def test_strings_of_python_2_are_read_as_latin1():
    assert load(b"(lp0\nS'caf\\xe9'\np1\naU\x02\xe9!a.") == ["café", "é!"]
    array = (  # what Python 2 and NumPy 1 wrote of numpy.arange(2), protocol 2
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b"
        b"\x87Rq\x03(K\x01K\x02\x85cnumpy\ndtype\nq\x04U\x02i8K\x00K\x01\x87Rq\x05(K\x03U\x01<NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x10" + struct.pack("<qq", 0, 1) + b"tb."
    )
    np.testing.assert_array_equal(load(array), [0, 1])


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def global_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


HOSTILE = {
    "os.system": Calls(os.system, "touch ran"),
    "nested os.system": {"a": [np.zeros(3), (Calls(os.system, "touch ran"),)]},
    "eval": Calls(builtins.eval, "open('ran', 'w')"),
    "exec": Calls(builtins.exec, "open('ran', 'w')"),
    "open": Calls(builtins.open, "ran", "w"),
    "getattr": Calls(builtins.getattr, "x", "upper"),
    "numpy.load": Calls(np.load, "x", None, True),
    "numpy.fromfile": Calls(np.fromfile, "/etc/hostname"),
    "numpy.save": Calls(np.save, "ran", 1),
    "pickle.loads": Calls(pickle.loads, b"N."),
    "io.FileIO": Calls(io.FileIO, "ran", "w"),
    "Path": Path("x"),
    "complex": 1j,
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", list(HOSTILE))
def test_any_other_name_is_refused_before_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, protocol: int
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(HOSTILE[name], protocol))
    with pytest.raises(InputError, match=r"bad\.pkl: refused or damaged: it names '.+'") as caught:
        read_pickle(path)
    assert "\n" not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["bad.pkl"]


def test_the_refused_name_is_told(tmp_path):
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(Calls(os.system, "true")))
    with pytest.raises(InputError, match=f"it names '{os.name}.system', which is refused"):
        read_pickle(tmp_path / "bad.pkl")


MARK, DICT = b"(", b"}"
TRICKS = {
    "numpy.testing runs strings": global_of("numpy.testing._private.utils", "runstring"),
    "a dotted name reaches deeper": b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.dump\x93",
    "attributes of a maker": global_of("numpy", "dtype") + DICT + b"(X\x01\x00\x00\x00aK\x01ub",
    "slots of a maker": global_of("numpy", "dtype") + b"N}(X\x05\x00\x00\x00_makeK\x01u\x86b",
    "the class of arrays is called": global_of("numpy", "ndarray") + b"(K\x05tR",
    "the class of arrays is made anew": global_of("numpy", "ndarray") + b")\x81",
    "a maker is made anew": global_of("numpy", "dtype") + b")\x81",
    "an old class is made": b"(i__builtin__\ndict\n",
    "an object is made of a maker": b"(" + global_of("builtins", "list") + b"o",
    "the registry of extensions": b"\x82\x01",
    "a persistent object": b"Pkey\n",
    "a buffer outside": b"\x97",
    "an array of objects": global_of("numpy", "dtype") + b"(X\x02\x00\x00\x00O8I0\nI1\ntR",
    "a dtype of fields": global_of("numpy", "dtype") + b"(X\x05\x00\x00\x00f8,f8tR",
    "a dtype of a class": global_of("numpy", "dtype")
    + b"("
    + global_of("builtins", "list")
    + b"tR",
    "dates": global_of("numpy", "dtype") + b"(X\x02\x00\x00\x00M8tR",
    "a list of a number": global_of("builtins", "list") + b"(I10\ntR",
    "bytes of a number": global_of("builtins", "bytes") + b"(I1000000000000\ntR",
    "a foreign encoding": global_of("_codecs", "encode")
    + b"(X\x01\x00\x00\x00aX\x03\x00\x00\x00zip"
    b"tR",
}


@pytest.mark.parametrize("name", list(TRICKS))
def test_a_trick_is_refused(tmp_path: Path, name: str):
    (tmp_path / "bad.pkl").write_bytes(TRICKS[name] + b".")
    with pytest.raises(InputError, match=r"bad\.pkl"):
        read_pickle(tmp_path / "bad.pkl")
    test_arrays_and_scalars_come_out_as_they_went_in(2, False)


NESTED = b")" + b"2\x86" * 22
"""A tuple of a tuple twice, and so on: to hash it, or to write it down, takes 2 ** 22 steps."""

KEYS = {
    "one key": b"}" + NESTED + b"K\x01s",
    "keys": b"}(" + NESTED + b"K\x01u",
    "a dictionary": b"(" + NESTED + b"K\x01d",
    "members": b"\x8f(" + NESTED + b"\x90",
    "a set": b"(" + NESTED + b"\x91",
    **{
        f"{kind} is called": global_of("builtins", kind) + b"](" + NESTED + b"\x85" * 2 + b"e\x85R"
        for kind in ("set", "frozenset")
    },
    "dict is called": global_of("builtins", "dict") + b"](" + NESTED + b"K\x01\x86e\x85R",
}


@pytest.mark.parametrize("name", list(KEYS))
def test_a_key_that_takes_forever_to_hash_is_refused(tmp_path: Path, name: str):
    (tmp_path / "bad.pkl").write_bytes(KEYS[name] + b".")
    with pytest.raises(InputError, match=r"bad\.pkl: refused or damaged: it holds a key, or a"):
        read_pickle(tmp_path / "bad.pkl")
    assert load(pickle.dumps({("a", 1): {("b", None, 2.5)}})) == {("a", 1): {("b", None, 2.5)}}


def an_array(shape: bytes, dtype: str, raw: bytes) -> bytes:
    """Returns a pickle of an array that states whatever one likes."""
    head = global_of("numpy.core.multiarray", "_reconstruct") + global_of("numpy", "ndarray")
    kind = global_of("numpy", "dtype") + f"(X{chr(len(dtype))}\0\0\0{dtype}tR".encode()
    body = b"B" + struct.pack("<I", len(raw)) + raw
    return head + b"(I0\ntX\x01\x00\x00\x00b\x87R(I1\n" + shape + kind + b"I00\n" + body + b"tb."


@pytest.mark.parametrize(
    ("shape", "dtype", "raw"),
    [
        (b"(I3\nt", "<f4", b"\0" * 8),
        (b"(I-1\nt", "<f4", b""),
        (b"(I1000000000000\nt", "<f4", b"\0" * 4),
        (b"(I1000000000000\nt", "<U0", b""),
        (b"(I1\nI1\nI1\nI1\nI1\nt", "<f4", b"\0" * 4),
        (b"]", "<f4", b""),
        (NESTED + b"\x85", "<f4", b""),
        (b"(I1\nt", "<U1", b"\xff\xff\xff\xff"),
        (b"(I1\nt", "O", b"\0" * 8),
    ],
)
def test_an_array_that_is_not_what_it_states_is_refused(
    tmp_path: Path, shape: bytes, dtype: str, raw: bytes
):
    assert load(an_array(b"(I2\nt", "<f4", b"\0" * 8)).tolist() == [0, 0]
    (tmp_path / "bad.pkl").write_bytes(an_array(shape, dtype, raw))
    with pytest.raises(InputError, match=r"bad\.pkl"):
        read_pickle(tmp_path / "bad.pkl")


AGAIN = b"j\x09\0\0\0"
"""What the pickle holds once, at place 9."""

UNFOLDED = {
    "arrays": (
        b"B" + struct.pack("<I", 8192) + b"\0" * 8192,
        an_array(b"(I1024\nt", ">f8", b"").replace(b"B\0\0\0\0tb.", AGAIN + b"tb"),
    ),
    "bytes": (
        b"X" + struct.pack("<I", 8192) + b"\0" * 8192,
        global_of("_codecs", "encode") + AGAIN + b"\x85R",
    ),
    "lists": (b"](" + b"N" * 1024 + b"e", global_of("builtins", "list") + AGAIN + b"\x85R"),
}


@pytest.mark.parametrize("kind", list(UNFOLDED))
def test_a_pickle_that_unfolds_to_many_times_its_size_is_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
):
    own = Budget(growth=8, free_bytes=1 << 16, most_bytes=1 << 30)
    monkeypatch.setattr("synctva.data.files.pickle_file.PICKLE", own)
    held, made = UNFOLDED[kind]
    start = held + AGAIN.replace(b"j", b"r") + b"0]("
    (tmp_path / "good.pkl").write_bytes(start + made + b"e.")
    assert len(read_pickle(tmp_path / "good.pkl")) == 1  # pyright: ignore[reportArgumentType]
    (tmp_path / "bad.pkl").write_bytes(start + made * 60 + b"e.")
    with pytest.raises(InputError, match=r"bad\.pkl: .*unfolds"):
        read_pickle(tmp_path / "bad.pkl")


def test_an_enormous_memo_index_costs_nothing():
    assert load(b"K\x01r\xff\xff\xff\x7f.") == 1


def complaint_about(path: Path) -> str:
    """Returns the message of the only error that may come."""
    try:
        read_pickle(path)
    except InputError as error:
        return str(error)
    return ""


@given(st.binary(max_size=200))
def test_garbage_gives_an_input_error_or_plain_values(tmp_path_factory, data: bytes):
    path = tmp_path_factory.mktemp("garbage") / "bad.pkl"
    path.write_bytes(data)
    assert "\n" not in complaint_about(path)


@given(data=st.data(), protocol=st.sampled_from(PROTOCOLS))
def test_a_damaged_pickle_gives_an_input_error_or_plain_values(
    tmp_path_factory, data: st.DataObject, protocol: int
):
    content = bytearray(pickle.dumps([np.arange(3.0), "ab", {1: (2,)}, np.array(["x"])], protocol))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "bad.pkl"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    assert "\n" not in complaint_about(path)


KINDS = arrays.integer_dtypes() | arrays.floating_dtypes() | arrays.unicode_string_dtypes(max_len=3)


@given(
    arrays.arrays(KINDS, arrays.array_shapes(max_dims=3, min_side=0, max_side=4)),
    st.sampled_from(PROTOCOLS),
)
def test_any_plain_array_comes_out_as_it_went_in(array: np.ndarray, protocol: int):
    if array.dtype.itemsize:
        np.testing.assert_array_equal(np.asarray(load(pickle.dumps(array, protocol))), array)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
        max_leaves=10,
    ),
    st.sampled_from(PROTOCOLS),
)
def test_any_plain_value_comes_out_as_it_went_in(value: object, protocol: int):
    assert load(pickle.dumps(value, protocol)) == value


def test_what_is_no_pickle_is_told(tmp_path):
    with pytest.raises(InputError, match=r"none\.pkl: cannot be read"):
        read_pickle(tmp_path / "none.pkl")
    np.savez(tmp_path / "arrays.pkl.npz", a=np.zeros(1))
    with pytest.raises(InputError, match="a zip archive, not a pickle"):
        read_pickle(tmp_path / "arrays.pkl.npz")
    (tmp_path / "empty.pkl").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.pkl: damaged, or not a pickle"):
        read_pickle(tmp_path / "empty.pkl")
