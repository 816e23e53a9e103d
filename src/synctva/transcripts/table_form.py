"""How a table of text is written: its encoding, what separates its cells, where its names stand."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_TOLD = re.compile(r'"?sep=([^\w\s"]|\t)"?\1*', re.IGNORECASE)
"""Excel's own line, which says what separates the cells below."""


@dataclass(frozen=True)
class Form:
    """How a table is written.

    Attributes:
        separator: What separates its cells.
        skipped: How many lines stand before the line of names: blank ones, or Excel's.
    """

    separator: str
    skipped: int


def encoding_of(path: Path) -> str:
    """Returns the encoding that the first bytes of a file show; UTF-8 if they show none."""
    with path.open("rb") as file:
        return _MARKS.get(file.read(2), "utf-8-sig")


def form_in(text: str, usual: str = ",") -> Form:
    """Returns how a table is written, by its first lines.

    Args:
        text: Its beginning, at least to the end of the line of names.
        usual: What separates cells if the line of names does not show it.
    """
    told = None
    for number, line in enumerate(text.split("\n")):
        if not is_before_names(line):
            return Form(told or _most(line, usual), number)
        match = _TOLD.fullmatch(line.rstrip("\r\n"))
        told = match[1] if match else told
    return Form(told or usual, 0)


def is_before_names(line: str) -> bool:
    """Returns whether a line cannot be that of names: a blank one, or Excel's."""
    return not line.strip() or _TOLD.fullmatch(line.rstrip("\r\n")) is not None


def _most(header: str, usual: str) -> str:
    """Returns the separator that a line of names has most of, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max((usual, *SEPARATORS), key=lambda mark: bare.count(mark))
