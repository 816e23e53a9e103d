"""What a pickle may name: small makers of our own for arrays and builtin containers."""

import math
import pickle
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

LONGEST = 1 << 40
"""An array has no more values in one direction."""

KEY_BYTES = 8
"""For a number that is a key: NumPy rounds a longer one for its hash, so many have one hash."""

LARGEST_KEY = 2**61 - 1
"""From there on, whole numbers that are unlike have one hash."""

_NDARRAY = "numpy.ndarray"
"""Stands for the class, which a pickle may name but not call."""


class Maker:
    """A callable that a pickle can call but not change."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        """Returns what it makes of the arguments."""
        return self._make(*arguments)


class Array(np.ndarray):
    """An array whose contents a pickle states afterwards; they are checked first."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _version, shape, dtype, fortran, raw = state
        kind, raw = _plain(dtype), bytes_of(raw)
        count = _count(shape)
        if count * kind.itemsize != len(raw) or (count > 1 and not kind.itemsize):
            raise pickle.UnpicklingError(f"it has {len(raw)} bytes for an array of shape {shape}")
        super().__setstate__((1, tuple(shape), kind, bool(fortran), raw))  # pyright: ignore
        if not is_unicode(self):
            raise pickle.UnpicklingError("it holds text that is not Unicode")


class DType:
    """A plain dtype whose byte order a pickle may state afterwards."""

    __slots__ = ("kind",)

    def __init__(self, spec: object, *_flags: object) -> None:
        if not isinstance(spec, str) or len(spec) > 12 or "," in spec:
            raise pickle.UnpicklingError("it holds a dtype that is not plain numbers or text")
        self.kind = np.dtype(spec)
        if self.kind.kind == "O":
            raise pickle.UnpicklingError("it holds an array of Python objects")
        if self.kind.kind not in "biufSU" or self.kind.names or self.kind.subdtype:
            raise pickle.UnpicklingError(f"it holds an array of {self.kind}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[2:5] != (None, None, None):
            raise pickle.UnpicklingError("it holds a dtype with fields")
        if state[1] in ("<", ">"):
            self.kind = self.kind.newbyteorder(state[1])


def _plain(dtype: object) -> np.dtype:
    if not isinstance(dtype, DType):
        raise pickle.UnpicklingError("it holds an array without a dtype")
    return dtype.kind


def _count(shape: object) -> int:
    """Returns the number of values in an array of that shape."""
    if not isinstance(shape, tuple) or len(shape) > 4:
        raise pickle.UnpicklingError(
            "it holds an array whose shape is not a tuple of up to four sizes"
        )
    if not all(isinstance(size, int) and size >= 0 for size in shape):
        raise pickle.UnpicklingError("it holds an array whose sizes are no numbers from 0")
    if any(size > LONGEST for size in shape):
        raise pickle.UnpicklingError(f"it holds an array of shape {shape}")
    return math.prod(shape)


def bytes_of(raw: object) -> bytes:
    """Returns an array's bytes; Python 2 wrote them as a string."""
    if isinstance(raw, str):
        return raw.encode("latin1")
    if not isinstance(raw, (bytes, bytearray)):
        raise pickle.UnpicklingError("it holds an array of Python objects")
    return bytes(raw)


def is_unicode(array: np.ndarray) -> bool:
    """Returns whether all text in an array is; NumPy looks only when a string is taken out."""
    if array.dtype.kind != "U" or not array.size:
        return True
    points = np.frombuffer(array.tobytes(), np.dtype("u4").newbyteorder(array.dtype.byteorder))
    return bool(points.max(initial=0) <= 0x10FFFF)


def _reconstruct(subtype: object, _shape: object, _dtype: object) -> np.ndarray:
    if subtype is not _NDARRAY:
        raise pickle.UnpicklingError("it holds an array of an unknown class")
    return np.empty(0, np.uint8).view(Array)


def _from_buffer(raw: object, dtype: object, shape: object, order: object = "C") -> np.ndarray:
    array = np.empty(0, np.uint8).view(Array)
    array.__setstate__((1, shape, dtype, order == "F", raw))
    return array


def _scalar(dtype: object, raw: object = b"") -> Any:
    return _from_buffer(raw, dtype, ())[()]


def _encode(text: object, encoding: object = "latin1") -> bytes:
    """Returns the bytes that Python 3 wrote as text for protocols without bytes."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("it holds text in an encoding other than latin1")
    return text.encode("latin1")


def key(value: object) -> Any:
    """Returns a key; refuses what could give many keys one hash, which takes for ever.

    A tuple in a tuple is refused: each level can double the time to hash it. So is one that does
    not begin with text, which makes its hash differ in every process.
    """
    parts = value if isinstance(value, tuple) else (value,)
    if not all(map(_is_plain_key, parts)):
        raise pickle.UnpicklingError(
            "it holds a key, or a member of a set, other than text, a number or a tuple of them"
        )
    if isinstance(value, tuple) and value and not isinstance(value[0], (str, bytes)):
        raise pickle.UnpicklingError("it holds a key that is a tuple and does not begin with text")
    return value


def _is_plain_key(part: object) -> bool:
    if isinstance(part, np.generic):
        return part.dtype.kind in "SU" or part.dtype.itemsize <= KEY_BYTES
    if isinstance(part, int):
        return abs(part) < LARGEST_KEY
    return isinstance(part, (str, bytes, float, type(None)))


def dictionary(pairs: Iterable[Any]) -> dict[Any, Any]:
    """Returns a dictionary of keys with their values."""
    return {key(name): value for name, value in pairs}


OF_MEMBER = 8
"""Bytes that a container takes for each member."""

_CONTAINERS: Mapping[type, Callable[[Any], object]] = {
    dict: lambda values: dictionary(values.items() if isinstance(values, dict) else values),
    list: list,
    set: lambda values: set(map(key, values)),
    frozenset: lambda values: frozenset(map(key, values)),
    tuple: tuple,
}


def _container(kind: type) -> Maker:
    def make(values: object = ()) -> object:
        if not isinstance(values, (list, tuple, set, dict)):
            raise pickle.UnpicklingError(
                f"it holds a {kind.__name__} of something that is not a container"
            )
        return _CONTAINERS[kind](values)

    return Maker(make)


def size_bytes(made: Any) -> int:
    """Returns what the values of an array, bytes or a container take; an empty array's steps count.

    Those hold no value, but a loop over them takes as long.
    """
    if isinstance(made, np.ndarray):
        return max(made.nbytes, math.prod(max(1, size) for size in made.shape))
    if isinstance(made, (*_CONTAINERS, str, bytes)):
        return OF_MEMBER * len(made)
    return getattr(made, "nbytes", 0)


def _names() -> Mapping[tuple[str, str], object]:
    """Returns every name that a pickle may say, and what stands for it."""
    names: dict[tuple[str, str], object] = {("_codecs", "encode"): Maker(_encode)}
    for module in ("numpy.core", "numpy._core"):
        names[f"{module}.multiarray", "_reconstruct"] = Maker(_reconstruct)
        names[f"{module}.multiarray", "scalar"] = Maker(_scalar)
        names[f"{module}.numeric", "_frombuffer"] = Maker(_from_buffer)
    names["numpy", "ndarray"] = _NDARRAY
    names["numpy", "dtype"] = Maker(DType)
    for module in ("builtins", "__builtin__"):
        for kind in _CONTAINERS:
            names[module, kind.__name__] = _container(kind)
        names[module, "bytes"] = Maker(lambda: b"")
    names["collections", "OrderedDict"] = _container(dict)
    names["collections", "defaultdict"] = Maker(lambda *_factory: {})
    return MappingProxyType(names)


NAMES = _names()
