"""What is printed: lines, tables, and one that is shown while it changes."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich import markup
from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.segment import Segment
from rich.table import Table

from synctva.terminal.printable import obeyed_by_none, printable

WIDTH_OF_FILES = 160
"""The width of a table in a file or a pipe, in letters."""


class _Console(Console):
    """A console whose text, wherever it comes from, holds nothing that a terminal obeys."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yields what is printed, its texts made safe."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else obeyed_by_none(text), style, control)


console = _Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")
"""If many processes train together, only the first prints."""


def say(text: str) -> None:
    """Prints a line (rich markup); into a file or a pipe it is one line, however long."""
    console.print(text, soft_wrap=not console.is_terminal)


def print_json(value: object) -> None:
    """Prints one JSON object to the standard output, where nothing else goes."""
    print(json.dumps(value, indent=2))


def print_json_line(value: object) -> None:
    """Prints one JSON object as a line to the standard output, at once."""
    print(json.dumps(value), flush=True)


def show(table: Table) -> None:
    """Prints a table."""
    console.print(table)


def print_table(table: Table) -> None:
    """Prints a table to the standard output, as wide as it needs where nobody watches."""
    out = _Console(quiet=console.quiet)
    if not out.is_terminal:
        out.width = WIDTH_OF_FILES
    out.print(table)


def escape(text: object) -> str:
    """Returns text that is printed as it is, brackets and all, in one line."""
    return markup.escape(printable(str(text)))


def tell(text: object) -> None:
    """Prints a line of the program's own, whatever names are in it."""
    print(f"synctva: {printable(str(text))}", file=sys.stderr)


class _OneLine(logging.Formatter):
    """A warning in one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Returns the message as it may be printed."""
        return printable(super().formatMessage(record))


def tell_warnings() -> None:
    """Makes warnings look like everything else, unless somebody has set up logging."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine())
    handler.setLevel(logging.WARNING)
    logging.lastResort = handler


@contextmanager
def live() -> Iterator[Callable[[Callable[[int], Table]], None]]:
    """Gives a function that shows a table in place of the last; to a pipe, the last one only."""
    with Live(console=console, auto_refresh=False) as shown:
        yield lambda table: shown.update(table(console.height), refresh=console.is_terminal)
    if not console.is_terminal:
        console.line()


def is_watched() -> bool:
    """Returns whether what is shown goes to a terminal."""
    return console.is_terminal
