"""Progress: whoever waits says how it is shown."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Given how many steps there will be, shows them; gives a function to be told of those done."""


def unseen(steps: int) -> AbstractContextManager[Callable[[int], None]]:
    """Shows no progress."""
    return nullcontext(lambda count: None)
