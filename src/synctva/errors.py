"""The one error that a user's input can cause."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """Bad input, reported in one line that names the file, the place in it, and the remedy.

    The command line prints the message and exits with code 2; nothing is left half-written.
    """


class MachineError(InputError):
    """Something the machine lacks, whatever the input: room, memory, open files, a right to write.

    It ends a command, where bad input of one recording costs that recording only.
    """


DAMAGE = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    *(RecursionError, AssertionError, SystemError, EOFError),
)
"""What a reader raises, its own and those of libraries, where a file makes no sense."""


@contextmanager
def damage_told(
    path: object,
    remedy: str = "get or write it again",
    what: str = "damaged, or not as expected",
) -> Iterator[None]:
    """Makes whatever goes wrong while a foreign file is read an InputError that names it.

    Args:
        path: The file.
        remedy: What to do.
        what: What the file is then.
    """
    try:
        yield
    except InputError as error:
        if f"{path}" in f"{error}":
            raise
        raise type(error)(f"{path}: {error}") from error
    except DAMAGE as error:
        words = " ".join(f"{error}".split())[:120]
        reason = f"{type(error).__name__}: {words}" if words else type(error).__name__
        raise InputError(f"{path}: {what} ({reason}); {remedy}") from error


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns `` Did you mean 'x'?`` for the nearest known word, else an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


@contextmanager
def told_at(place: Callable[[], str]) -> Iterator[None]:
    """Puts a place before the message of an InputError that is raised inside."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place()}: {error}") from error
