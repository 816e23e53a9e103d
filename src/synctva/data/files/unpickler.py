"""An unpickler that can build NumPy arrays and builtin containers, and nothing else.

A pickle is a program: it names functions and calls them. Here every name stands for a small maker
of our own that checks what it is given; a name that is not listed is refused before it is looked
up, and so is every opcode that could make or change an object in another way. Read are protocols
0 to 5, strings of Python 2, the module names of NumPy 1 and 2, and torch tensors (as NumPy arrays).
"""

import io
import pickle
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from synctva.data.files.restricted import Array, DType, dictionary, key, size_bytes

_REFUSED = (
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.INST, pickle.OBJ, pickle.NEWOBJ),
    *(pickle.NEWOBJ_EX, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
"""Opcodes that make objects in other ways than by calling a maker."""


_COSTS = {
    **dict.fromkeys((pickle.EMPTY_SET, pickle.FROZENSET), 280),
    **dict.fromkeys((pickle.MEMOIZE, pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT), 100),
    **dict.fromkeys((pickle.EMPTY_DICT, pickle.DICT, pickle.EMPTY_LIST, pickle.LIST), 100),
    **dict.fromkeys((pickle.MARK, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3), 80),
}
"""The most bytes of memory that an opcode may take; other ones take ..."""

_COST = 40


class Allowance:
    """How many bytes a pickle may still become.

    Args:
        left_bytes: At first.
    """

    def __init__(self, left_bytes: int) -> None:
        self.left_bytes = left_bytes

    def spend(self, count: int) -> None:
        """Takes so many bytes off.

        Raises:
            UnpicklingError: There are none left.
        """
        self.left_bytes -= count
        if self.left_bytes < 0:
            raise pickle.UnpicklingError("it unfolds to far more than its size")


def _paid(load: Callable[["RestrictedUnpickler"], None], cost: int) -> Callable[..., None]:
    """Returns what does an opcode, once its cost is paid."""

    def paid(self: "RestrictedUnpickler") -> None:
        self.allowance.spend(cost)
        load(self)

    return paid


class RestrictedUnpickler(pickle._Unpickler):
    """The unpickler of the standard library, in its Python form, with the dangerous parts out.

    The Python form keeps its memo in a dictionary: a pickle of a few bytes cannot ask for memory.
    Every opcode is paid for, so that the time is bounded, too.

    Args:
        data: The pickle.
        names: What it may name, and what stands for each.
        allowance: What it may become.
    """

    dispatch: ClassVar[dict[int, Callable[..., None]]] = {  # pyright: ignore
        code: load
        for code, load in pickle._Unpickler.dispatch.items()  # pyright: ignore
        if bytes([code]) not in _REFUSED
    }

    def __init__(
        self, data: bytes, names: Mapping[tuple[str, str], object], allowance: Allowance
    ) -> None:
        self.stream, self.size = io.BytesIO(data), len(data)
        self.names, self.allowance = names, allowance
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
        self.allowance.spend(size_bytes(made))

    def load_reduce(self) -> None:
        """Calls a maker."""
        super().load_reduce()  # pyright: ignore
        self.allowance.spend(size_bytes(self.stack[-1]))  # pyright: ignore

    def load_bytearray8(self) -> None:
        """Makes a bytearray, of bytes that are there."""
        (length,) = struct.unpack("<Q", self.read(8))  # pyright: ignore
        if length > self.size:
            raise pickle.UnpicklingError(f"it is cut off: {length:,} bytes are not there")
        self.append(bytearray(self.read(length)))  # pyright: ignore

    def load_setitem(self) -> None:
        """Sets a key of a dictionary."""
        value, key = self.stack.pop(), self.stack.pop()  # pyright: ignore
        self.stack[-1].update(dictionary([(key, value)]))  # pyright: ignore

    def load_setitems(self) -> None:
        """Sets keys of a dictionary."""
        items = self.pop_mark()  # pyright: ignore
        self.stack[-1].update(dictionary(_pairs(items)))  # pyright: ignore

    def load_dict(self) -> None:
        """Makes a dictionary."""
        items = self.pop_mark()  # pyright: ignore
        self.append(dictionary(_pairs(items)))  # pyright: ignore

    def load_additems(self) -> None:
        """Adds members to a set."""
        items = self.pop_mark()  # pyright: ignore
        self.stack[-1].update(map(key, items))  # pyright: ignore

    def load_frozenset(self) -> None:
        """Makes a set that does not change."""
        items = self.pop_mark()  # pyright: ignore
        self.append(frozenset(map(key, items)))  # pyright: ignore

    dispatch |= {
        pickle.BUILD[0]: load_build,
        pickle.BYTEARRAY8[0]: load_bytearray8,
        pickle.REDUCE[0]: load_reduce,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.DICT[0]: load_dict,
        pickle.ADDITEMS[0]: load_additems,
        pickle.FROZENSET[0]: load_frozenset,
    }
    dispatch = {  # pyright: ignore
        code: _paid(load, _COSTS.get(bytes([code]), _COST)) for code, load in dispatch.items()
    }


def _pairs(items: list[Any]) -> Iterable[tuple[Any, Any]]:
    """Returns keys with their values, which stand in turn."""
    return zip(items[::2], items[1::2], strict=True)
