"""What is printed: lines, tables, and one that is shown while it changes."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich import markup
from rich.console import Console
from rich.live import Live
from rich.table import Table

console = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")
"""Of many processes of one training, the first speaks."""


def say(text: str) -> None:
    """Prints a line (rich markup); into a file or a pipe it is one line, however long."""
    console.print(text, soft_wrap=not console.is_terminal)


def print_json(value: object) -> None:
    """Prints one JSON object to the standard output, where everything else is not."""
    print(json.dumps(value, indent=2))


def show(table: Table) -> None:
    """Prints a table."""
    console.print(table)


def escape(text: object) -> str:
    """Returns text that is printed as it is, brackets and all."""
    return markup.escape(str(text))


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
