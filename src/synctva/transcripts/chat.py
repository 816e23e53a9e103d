"""Lines of a script or a chat -> who says what: as people write them, or as programs export them.

Three forms, told apart by the first line that is not blank; a single time in the file is a title's:

- ``Ada: Oh no!``: a turn in each line; the name ends with the first colon;
- a time before each turn, as WhatsApp, Zoom's chat and many transcripts have it: ``12/03/24, 10:15
  - Ada: Oh no!``, ``[00:01:15] Ada: Oh no!``, ``10:15:32 From Ada to Everyone:``; lines without a
  time go on with the turn before;
- a name and a time in a line of their own, as Otter, Teams and Zoom's captions have it: ``Ada
  0:05``, ``[Ada] 10:15:32``; the lines below are what is said.

The times are left out: they tell when something was sent, or began, but not when it ended.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from synctva.errors import InputError
from synctva.transcripts.source import Source

_COLONS = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:\s?[ap]\.?\s?m\b\.?)?"
_DATED = (
    rf"\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}},?\s+(?:{_COLONS}|\d{{1,2}}\.\d{{2}}(?:\.\d{{2}})?)"
)
_STAMP = re.compile(
    rf"\u200e?(?:\[(?:{_DATED}|{_COLONS})\]|\((?:{_DATED}|{_COLONS})\)|{_DATED}|{_COLONS}(?=\s))"
    r"(?:\s+-)?:?(?:\s+|$)",
    re.IGNORECASE,
)
"""What stands before a turn: a clock, and the date where there is one."""

_HEADER = re.compile(
    rf"\[?(?P<name>[^\[\]():]{{1,60}}?)\]?(?:\s*[\[(]{_COLONS}[\])]|\s+{_COLONS}):?\s*",
    re.IGNORECASE,
)
"""A line that holds a name and a clock, and nothing else."""

_SENT_TO = re.compile(r"From\s+(?P<name>.+?)(?:\s+to\s+.+)?", re.IGNORECASE)
"""Zoom's way to name who has written."""

_IN_PLACE_OF_WORDS = re.compile(r"\u200e.*|<[^<>]*>")
"""All that a messenger writes where there are no words, such as ``<Media omitted>``."""

_BEHIND_WORDS = re.compile(r"\s*\u200e<[^<>]*>$")
"""What a messenger writes behind them, such as ``<This message was edited>``, after a mark."""

_IS_A_TIME = re.compile(r".*\d\s*")
"""Before a colon that two digits follow: the hour of a clock, not a name."""


@dataclass
class _Turn:
    """A turn while it is read; nobody's where ``speaker`` is None."""

    place: str
    speaker: str | None
    lines: list[str] = field(default_factory=list)


def turns_in(source: Source) -> Iterator[tuple[str, str, str]]:
    """Yields where each turn stands, its speaker and its words; notes what else there is.

    Raises:
        InputError: What seems to be a time and is not read.
    """
    lines = [
        (f"{source.path}: line {number}", line.strip("\ufeff \t"))
        for number, line in enumerate(source.text.split("\n"), start=1)
    ]
    lines = [(place, line) for place, line in lines if line.strip("\u200e ")]
    if _is_form(_STAMP.match, lines):
        yield from _told(source, _turns(lines, _STAMP.match, _stamped))
    elif _is_form(_HEADER.fullmatch, lines):
        yield from _told(source, _turns(lines, _HEADER.fullmatch, _below_header))
    else:
        yield from (_plain(place, line) for place, line in lines)


def _is_form(match: Callable[[str], object], lines: list[tuple[str, str]]) -> bool:
    """Returns whether the first line and another, or the only one, match."""
    found = [bool(match(line)) for _, line in lines]
    return found[:1] == [True] and sum(found) >= min(2, len(found))


def _plain(place: str, line: str) -> tuple[str, str, str]:
    speaker, _, text = line.partition(":")
    if _IS_A_TIME.fullmatch(speaker) and re.match(r"\d\d(?!\d)", text):
        raise InputError(
            f"{place}: has a time before its first colon; write turns as `Ada: Oh no!`, or a time"
            " before each of them"
        )
    return place, speaker, text


def _turns(
    lines: list[tuple[str, str]],
    match: Callable[[str], re.Match[str] | None],
    begun: Callable[[str, str, re.Match[str]], _Turn],
) -> list[_Turn]:
    """Returns the turns: a line that matches, as the first one does, begins one."""
    turns: list[_Turn] = []
    for place, line in lines:
        if (found := match(line)) is not None:
            turns.append(begun(place, line, found))
        else:
            turns[-1].lines.append(line)
    return turns


def _stamped(place: str, line: str, stamp: re.Match[str]) -> _Turn:
    speaker, colon, text = line[stamp.end() :].partition(":")
    if not colon:  # of a messenger, it is its own line; else somebody says it
        return _Turn(place, None if re.search(_DATED, stamp[0]) else "", [line])
    sent = _SENT_TO.fullmatch(speaker.strip())
    return _Turn(place, sent["name"] if sent else speaker, [text])


def _below_header(place: str, line: str, header: re.Match[str]) -> _Turn:
    return _Turn(place, header["name"])


def _told(source: Source, turns: list[_Turn]) -> Iterator[tuple[str, str, str]]:
    """Yields the turns that somebody says in words; notes that times and the others are left out.

    A line that nobody says is a messenger's own, such as *Ada added Ben*.
    """
    nobodys = wordless = 0
    for turn in turns:
        text = _BEHIND_WORDS.sub("", " ".join(turn.lines).strip())
        if turn.speaker is None:
            nobodys += 1
        elif not text or _IN_PLACE_OF_WORDS.fullmatch(text):
            wordless += 1
        else:
            yield turn.place, turn.speaker, text
    several = {"line that nobody says": nobodys, "turn without words": wordless}
    left = [
        f"{count} {what.replace(' ', 's ', 1) if count > 1 else what}"
        for what, count in several.items()
        if count
    ]
    source.notes.append("its times are left out" + (f", and {' and '.join(left)}" if left else ""))
