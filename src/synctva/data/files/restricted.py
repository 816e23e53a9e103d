"""An unpickler that can build NumPy arrays and builtin containers, and nothing else.

A pickle is a program: it names functions and calls them. Here every name stands for a small maker
of our own that checks what it is given; a name that is not listed is refused before it is looked
up, and so is every opcode that could make or change an object in another way. Read are protocols
0 to 5, strings of Python 2, the module names of NumPy 1 and 2, and torch tensors (as NumPy arrays).
"""

import io
import math
import pickle
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

MOST_GROWTH = 8
"""A pickle that unfolds to more than so many times its bytes is refused."""

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
        _refuse_bad_text(self)


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
    return math.prod(shape)


def bytes_of(raw: object) -> bytes:
    """Returns an array's bytes; Python 2 wrote them as a string."""
    if isinstance(raw, str):
        return raw.encode("latin1")
    if not isinstance(raw, (bytes, bytearray)):
        raise pickle.UnpicklingError("it holds an array of Python objects")
    return bytes(raw)


def _refuse_bad_text(array: np.ndarray) -> None:
    """Refuses text that is no Unicode; NumPy looks only when a string is taken out."""
    if array.dtype.kind == "U" and array.size:
        points = np.frombuffer(array.tobytes(), np.dtype("u4").newbyteorder(array.dtype.byteorder))
        if points.max(initial=0) > 0x10FFFF:
            raise pickle.UnpicklingError("it holds text that is no Unicode")


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


def _key(value: object) -> Any:
    """Returns a key; a tuple in a tuple is none: each level can double the time to hash it."""
    for part in value if isinstance(value, tuple) else (value,):
        if not isinstance(part, (str, bytes, int, float, np.generic, type(None))):
            raise pickle.UnpicklingError(
                "it holds a key, or a member of a set, other than text, a number or a tuple of them"
            )
    return value


def _dictionary(pairs: Iterable[Any]) -> dict[Any, Any]:
    return {_key(key): value for key, value in pairs}


_CONTAINERS: Mapping[type, Callable[[Any], object]] = {
    dict: lambda values: _dictionary(values.items() if isinstance(values, dict) else values),
    list: list,
    set: lambda values: set(map(_key, values)),
    frozenset: lambda values: frozenset(map(_key, values)),
    tuple: tuple,
}


def _container(kind: type) -> Maker:
    def make(values: object = ()) -> object:
        if not isinstance(values, (list, tuple, set, dict)):
            raise pickle.UnpicklingError(
                f"it holds a {kind.__name__} of something that is no container"
            )
        return _CONTAINERS[kind](values)

    return Maker(make)


def _size_bytes(made: Any) -> int:
    """Returns what the values of an array, bytes or a container take."""
    if isinstance(made, tuple(_CONTAINERS)):
        return 8 * len(made)
    return len(made) if isinstance(made, bytes) else getattr(made, "nbytes", 0)


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

_REFUSED = (
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.INST, pickle.OBJ, pickle.NEWOBJ),
    *(pickle.NEWOBJ_EX, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
"""Opcodes that make objects in other ways than by calling a maker."""


class RestrictedUnpickler(pickle._Unpickler):
    """The unpickler of the standard library, in its Python form, with the dangerous parts out.

    The Python form keeps its memo in a dictionary: a pickle of a few bytes cannot ask for memory.
    """

    dispatch: ClassVar[dict[int, Callable[..., None]]] = {  # pyright: ignore
        code: load
        for code, load in pickle._Unpickler.dispatch.items()  # pyright: ignore
        if bytes([code]) not in _REFUSED
    }

    def __init__(self, data: bytes, names: Mapping[tuple[str, str], object] = NAMES) -> None:
        self.stream = io.BytesIO(data)
        self.names = names
        self.left_bytes = MOST_GROWTH * len(data)
        super().__init__(self.stream, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        """Returns what stands for a listed name; refuses any other."""
        if (module, name) not in self.names:
            raise pickle.UnpicklingError(f"it names {f'{module}.{name}'[:80]!r}, which is refused")
        return self.names[module, name]

    def load_build(self) -> None:
        """Lets a pickle state the contents of arrays and dtypes, and of nothing else."""
        state = self.stack.pop()  # pyright: ignore
        made = self.stack[-1]  # pyright: ignore
        if not isinstance(made, (Array, DType)):
            raise pickle.UnpicklingError(f"it changes the attributes of a {type(made).__name__}")
        made.__setstate__(state)
        self._spend(made)

    def load_reduce(self) -> None:
        """Calls a maker."""
        super().load_reduce()  # pyright: ignore
        self._spend(self.stack[-1])  # pyright: ignore

    def _spend(self, made: object) -> None:
        """Refuses what was made again and again of bytes that the pickle holds once."""
        self.left_bytes -= _size_bytes(made)
        if self.left_bytes < 0:
            raise pickle.UnpicklingError(f"it unfolds to more than {MOST_GROWTH} times its size")

    def load_setitem(self) -> None:
        """Sets a key of a dictionary."""
        value, key = self.stack.pop(), self.stack.pop()  # pyright: ignore
        self.stack[-1].update(_dictionary([(key, value)]))  # pyright: ignore

    def load_setitems(self) -> None:
        """Sets keys of a dictionary."""
        items = self.pop_mark()  # pyright: ignore
        self.stack[-1].update(_dictionary(_pairs(items)))  # pyright: ignore

    def load_dict(self) -> None:
        """Makes a dictionary."""
        items = self.pop_mark()  # pyright: ignore
        self.append(_dictionary(_pairs(items)))  # pyright: ignore

    def load_additems(self) -> None:
        """Adds members to a set."""
        items = self.pop_mark()  # pyright: ignore
        self.stack[-1].update(map(_key, items))  # pyright: ignore

    def load_frozenset(self) -> None:
        """Makes a set that does not change."""
        items = self.pop_mark()  # pyright: ignore
        self.append(frozenset(map(_key, items)))  # pyright: ignore

    dispatch |= {
        pickle.BUILD[0]: load_build,
        pickle.REDUCE[0]: load_reduce,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.DICT[0]: load_dict,
        pickle.ADDITEMS[0]: load_additems,
        pickle.FROZENSET[0]: load_frozenset,
    }


def _pairs(items: list[Any]) -> Iterable[tuple[Any, Any]]:
    """Returns keys with their values, which stand in turn."""
    return zip(items[::2], items[1::2], strict=True)
