"""Cells of the tables that we write for people: text that no spreadsheet takes for a formula.

A spreadsheet runs what begins with = + - @ as a formula, one from a recording's file name too. An
apostrophe before it says that it is text, and is not shown. Read again, a cell is what it was.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
GUARDED = r"^'('*[=+\-@\t\r])"
"""A cell that was guarded, as a pattern; its group begins the text."""


def guarded(text: str) -> str:
    """Returns a text as a cell that is no formula; a number stays one."""
    is_formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def unguarded(cell: str) -> str:
    """Returns the text of a cell that was ``guarded``; any other is as it is."""
    return re.sub(GUARDED, r"\1", cell, count=1)
