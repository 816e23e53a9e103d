"""SRT and VTT -> spans.

A speaker is a VTT voice (``<v Ada>``), or stands before a colon (``Ada: Hello.``): one to three
words with capitals (or numbers: ``Speaker 1``).
"""

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from synctva.annotation.span import Span
from synctva.errors import InputError

_VOICE = re.compile(r"<v(?:\.[^ \t>]*)?[ \t]+([^>]+)>")
_SAID = re.compile(r"([^\W\d_a-z][\w.'-]*(?: [^\W_a-z][\w.'-]*){0,2}): (.*)")


def read_subtitles(path: Path, text: str) -> Iterator[Span]:
    """Yields the lines of an SRT or VTT file, which blank lines part."""
    lines = [*text.splitlines(), ""]
    block: list[str] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            block.append(line.rstrip())
            continue
        timed = next((row for row, line in enumerate(block) if "-->" in line), None)
        if timed is not None and not block[0].startswith("NOTE"):
            place = f"{path}: line {number - len(block) + timed}"
            yield from _cue(path, block[timed:], place)
        block = []


def _cue(path: Path, lines: Sequence[str], place: str) -> Iterator[Span]:
    """Yields what is said in one subtitle: its line of times, then its text."""
    from pysubs2 import SSAFile

    kind = path.suffix.lower().removeprefix(".")
    events = SSAFile.from_string(lines[0], format_=kind).events
    if len(events) != 1:
        mark = "." if kind == "vtt" else ","
        raise InputError(
            f"{place}: {lines[0][:60]!r} is not written 00:00:01{mark}000 --> 00:00:02{mark}500;"
            " correct it"
        )
    if any("-->" in line for line in lines[1:]):
        raise InputError(f"{place}: two lines of times without a blank line between; put one there")
    start_s, end_s = events[0].start / 1000, events[0].end / 1000
    for speaker, said in _voices("\n".join(lines[1:])):
        if said:
            yield Span(start_s, end_s, said, place, speaker)


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """Yields the speakers of a subtitle with their words."""
    before, *parts = _VOICE.split(text)
    plain = _plain(before)
    match = _SAID.fullmatch(plain)
    yield (match[1], match[2]) if match else (None, plain)
    for speaker, said in zip(parts[::2], parts[1::2], strict=True):
        yield _plain(speaker), _plain(said)


def _plain(text: str) -> str:
    """Returns a text without markup and line breaks."""
    bare = re.sub(r"</?[a-zA-Z][^>]*>|<\d[\d:.]*>|\{\\[^}]*\}", "", text)
    return " ".join(html.unescape(bare).split())
