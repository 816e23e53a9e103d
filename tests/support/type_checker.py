"""What the import hook of conftest.py checks annotations with."""

from collections.abc import Callable
from functools import wraps

from beartype import BeartypeConf, beartype

FIRST, EVERY = 5, 25
"""Of a function's calls in a test, the first ones are checked, and then each so-and-so-manieth.

To check all of them would be half of the tests' time: a training calls the same few functions
thousands of times with tensors of the same shapes.
"""

_strict = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""Beartype, for which an int is a float as it is for pyright."""

_tests = [0]


def begin_test() -> None:
    """Has the first calls of every function be checked again."""
    _tests[0] += 1


def check(function: Callable[..., object]) -> Callable[..., object]:
    """Returns what checks a call of a function, if it is one of those to check."""
    checked = _strict(function)
    if isinstance(function, type):
        return checked
    test, calls = 0, 0

    @wraps(function)
    def sampled(*args: object, **kwargs: object) -> object:
        nonlocal test, calls
        if test != _tests[0]:
            test, calls = _tests[0], 0
        calls += 1
        return checked(*args, **kwargs) if calls <= FIRST or calls % EVERY == 0 else None

    return sampled
