"""What may be printed of names and texts that come from files."""

import re
import unicodedata

KEPT = "\u200c\u200d"
"""Joiners and non-joiners, which are invisible and belong to words and emoji."""

_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Categories of Unicode: what a terminal obeys, what turns text around, what ends a line."""


def printable(text: str) -> str:
    r"""Returns a text in one line that a terminal shows and never obeys.

    An escape becomes ``\x1b``, a line feed ``\n``; so a name can neither colour what follows it nor
    forge a line of ours.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(letter: str) -> str:
    if letter in KEPT or unicodedata.category(letter) not in _UNSAFE:
        return letter
    return letter.encode("unicode_escape").decode("ascii")


_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def obeyed_by_none(text: str) -> str:
    """Returns text, of lines that are our own, without what a terminal obeys."""
    return _CONTROL.sub(lambda found: _shown(found[0]), text)
