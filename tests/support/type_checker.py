"""What the import hook of conftest.py checks annotations with."""

from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from typing import TypeVar

import jaxtyping
from beartype import BeartypeConf, beartype

FIRST, EVERY = 2, 25
"""Of a function's calls in a test, the first ones are checked, and then each so-and-so-manieth.

To check all of them would be half of the tests' time: a training calls the same few functions
thousands of times with tensors of the same shapes.
"""

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""Beartype, for which an int is a float as it is for pyright."""

T = TypeVar("T", bound=Callable[..., object])

_jaxtyped = jaxtyping.jaxtyped
_tests = [0]


def begin_test() -> None:
    """Has the first calls of every function be checked again."""
    _tests[0] += 1


def jaxtyped(*, typechecker: Callable[..., object]) -> Callable[[T], T]:
    """Stands for ``jaxtyping.jaxtyped``: checks some calls, and costs nothing before the first."""

    def decorate(target: T) -> T:
        if isinstance(target, type):
            if is_dataclass(target):
                target.__init__ = sampled(target.__init__)
            return target
        return sampled(target)

    def sampled(function: T) -> T:
        strict: Callable[..., object] | None = None
        test, calls = 0, 0

        @wraps(function)
        def called(*args: object, **kwargs: object) -> object:
            nonlocal strict, test, calls
            if test != _tests[0]:
                test, calls = _tests[0], 0
            calls += 1
            if calls > FIRST and calls % EVERY:
                return function(*args, **kwargs)
            if strict is None:
                strict = _jaxtyped(function, typechecker=typechecker)
            return strict(*args, **kwargs)

        return called  # pyright: ignore

    return decorate
