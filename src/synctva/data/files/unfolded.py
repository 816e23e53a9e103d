"""How much a value is once everything in it is written out.

A list may hold another one twice, that one a third one twice, and so on: a few bytes that nothing
can go through. Values of a foreign file are counted before anything does.
"""

from collections.abc import Sequence
from itertools import chain

from synctva.budget import NESTED
from synctva.data.files.restricted import OF_MEMBER, size_bytes


def unfolded_bytes(content: object) -> int:
    """Returns how many bytes a value is with all in it, each as often as it stands there.

    Raises:
        ValueError: Values lie too deep in each other, or one in itself.
    """
    known: dict[int, tuple[int, int]] = {}
    begun: set[int] = set()
    waiting = [content]
    while waiting:
        value = waiting[-1]
        members = _members(value)
        if id(value) in known or not members:
            known.setdefault(id(value), (size_bytes(value), 0))
            waiting.pop()
        elif id(value) in begun:
            own = [_of(member, known) for member in members]
            depth = 1 + max(below for _, below in own)
            if depth > NESTED:
                raise ValueError(f"values are nested more than {NESTED} deep")
            known[id(value)] = sum(size for size, _ in own), depth
            begun.discard(id(value))
            waiting.pop()
        else:
            begun.add(id(value))
            unknown = [m for m in members if _members(m) and id(m) not in known]
            if any(id(member) in begun for member in unknown):
                raise ValueError("a value contains itself")
            waiting += unknown
    return known[id(content)][0]


def _of(member: object, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Returns the size of a member and how deep it is."""
    return known.get(id(member), (OF_MEMBER + size_bytes(member), 0))


def _members(value: object) -> Sequence[object]:
    if isinstance(value, dict):
        return list(chain.from_iterable(value.items()))
    if isinstance(value, (list, tuple)):
        return value
    return list(value) if isinstance(value, (set, frozenset)) else ()
