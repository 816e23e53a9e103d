"""A file of who says what when, as its reader gets it: its text, and what to note about it."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from synctva.budget import TEXT_BYTES
from synctva.errors import InputError
from synctva.transcripts.segment import Segment

FEW_BYTES = 3
"""How many bytes that are not UTF-8 are replaced in any file, and in a long one of them ..."""

RARE = 500
"""... one in this many characters, or one to four letters that are in UTF-8 and beyond ASCII.

Half a character is what whisper.cpp writes where a segment ends within one. A file in another
encoding has more, or a letter with an accent beside one without; it is refused.
"""

_LATIN_LETTER = re.compile(rb"[A-Za-z][\xe0-\xff]|[\xc0-\xff][A-Za-z]")
"""In a file without a letter of UTF-8 beyond ASCII: of Latin-1, or of Windows' like it."""

_NAMES = {"utf8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32"}

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
"""What a file begins with, and its encoding; the longer marks first."""

Item = TypeVar("Item")


class Source:
    """A file, its text, and what of it was left out, replaced or found to be odd.

    Args:
        path: Where it is.
        tiers: The names of the tiers that count, or patterns such as ``*_utterance``; none = all
            that tell who says what, or an emotion.

    Attributes:
        notes: What a user should know of how it was read, a sentence each.
    """

    def __init__(self, path: Path, tiers: Sequence[str] = ()) -> None:
        self.path, self.tiers = path, tuple(tiers)
        self.notes: list[str] = []
        self._refused: list[InputError] = []

    @cached_property
    def text(self) -> str:
        """The file's text, with line feeds alone at the ends of lines.

        Raises:
            InputError: It is too large, or not there, or not text in UTF-8, or in UTF-16 without a
                byte order mark.
        """
        content = self.content()
        encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf8")
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            text = self._repaired(content, encoding, error)
        if "\0" in text:
            raise InputError(f"{self.path}: not text in UTF-8; convert it")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def content(self) -> bytes:
        """Returns the file's bytes.

        Raises:
            InputError: It is too large, or not there.
        """
        try:
            if self.path.stat().st_size > TEXT_BYTES:
                raise InputError(
                    f"{self.path}: larger than {TEXT_BYTES >> 20} MiB; divide the recording"
                )
            with self.path.open("rb") as file:
                return file.read(TEXT_BYTES + 1)
        except OSError as error:
            told = "no such file" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
            raise InputError(f"{self.path}: {told}; give a transcript that can be read") from error

    def _repaired(self, content: bytes, encoding: str, error: UnicodeDecodeError) -> str:
        """Returns the text of a file of which some bytes are no characters, and notes them."""
        text = content.decode(encoding, "replace")
        strays = text.count("\ufffd") - content.count("\ufffd".encode())
        letters = sum(not character.isascii() for character in text) - strays
        is_latin = not letters and encoding == "utf8" and _LATIN_LETTER.search(content)
        if is_latin or strays > max(FEW_BYTES, len(text) // RARE, letters // 4):
            reason = " ".join(str(error).split())[:120]
            raise InputError(
                f"{self.path}: not read as text in UTF-8 ({reason}); convert it"
            ) from error
        line = content.count(b"\n", 0, error.start) + 1
        more = f", as do {strays - 1} more" if strays > 1 else ""
        self.notes.append(
            f"line {line}: a byte belongs to no character of {_NAMES.get(encoding, encoding)};"
            f" \ufffd stands for it{more}"
        )
        return text

    def each(
        self, items: Iterable[Item], read: Callable[[Item], Iterable[Segment]]
    ) -> Iterator[Segment]:
        """Yields what ``read`` makes of each item; only the items that it refuses are left out."""
        for item in items:
            try:
                yield from read(item)
            except InputError as error:
                self.refuse(error)

    def refuse(self, error: InputError) -> None:
        """Leaves out a part of the file, and notes the reason."""
        self._refused.append(error)

    def check_left(self, segments: Sequence[Segment]) -> None:
        """Refuses the file where nothing is left of it.

        Raises:
            InputError: Nobody speaks in it, or all that is said was refused.
        """
        if not segments and self._refused:
            raise self._refused[0]
        if not segments:
            raise InputError(
                f"{self.path}: nobody speaks in it; a line or an annotation each is needed"
            )

    def note(self) -> str:
        """Returns all notes in one line; empty if there are none."""
        told = list(self.notes)
        if self._refused:
            more = len(self._refused) - 1
            first = f"{self._refused[0]}".removeprefix(f"{self.path}: ")
            told.append(f"{first}; left out" + (f", as are {more} more" if more else ""))
        return f"{self.path}: {'; '.join(told)}" if told else ""
