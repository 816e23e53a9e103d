"""SRT and VTT -> segments.

A speaker is a VTT voice (``<v Ada>``), or stands before the words (``Ada: Hello.``, where one to
three words with capitals or numbers are a name; ``[SPEAKER_01] Hello.``). Before them may stand the
emotion as our own subtitles have it: ``[joy 83 %] Ada: Hello.``
"""

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from synctva.errors import InputError
from synctva.transcripts.segment import Segment, one_line, speaker_and_words

_VOICE = re.compile(r"<v(?:\.[^ \t<>]*)?[ \t]+([^<>\s][^<>]*)>")
_REMARK = re.compile(r"NOTE(?:[ \t].*)?|STYLE|REGION")
_POSITION = re.compile(r"\{\\[^{}]*\}")
_NO_CHARACTER = re.compile(r"&#\d{9,};?")
"""A reference that Python would take for a number too long to read."""

_FELT = re.compile(r"\[([^\[\]]{1,60}) \d{1,3} %\] ?(.*)", re.DOTALL)
_CLOCKS = {
    "srt": r"(\d{1,4}):(\d{1,2}):(\d{1,2})[.,](\d{1,3})",
    "vtt": r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})\.(\d{1,3})",
}
_TIMES = {
    kind: re.compile(rf"{clock}[ \t]*-->[ \t]*{clock}(?:[ \t]+[A-Za-z]\w*:\S+)*")
    for kind, clock in _CLOCKS.items()
}
"""A line of times; VTT's settings (``align:start``) or SRT's coordinates (``X1:40``) may follow."""


def read_subtitles(path: Path, text: str) -> Iterator[Segment]:
    """Yields the lines of an SRT or VTT file, which blank lines part.

    Words after a blank line, without times of their own, belong to the subtitle before.

    Raises:
        InputError: A time cannot be read, words stand before all times, or two subtitles have no
            blank line between.
    """
    is_vtt = path.suffix.lower() == ".vtt"
    cue, place = [], ""
    for (number, block), (_, after) in pairwise([*_blocks(text, is_vtt), (0, [""])]):
        timed = next((row for row, line in enumerate(block) if "-->" in line), None)
        is_header = is_vtt and block[0].startswith("WEBVTT")
        is_number = len(block) == 1 and block[0].isdecimal()
        if timed is not None:
            if any(block[: max(timed - 1, 0)]) and not is_header:
                raise InputError(
                    f"{path}: line {number}: {block[0][:60]!r} stands before times without a blank"
                    " line between; put one there"
                )
            if cue:
                yield from _cue(path, cue, place)
            cue, place = block[timed:], f"{path}: line {number + timed}"
        elif is_header or (is_number and ("-->" in after[0] or not is_vtt)):
            continue
        elif cue:
            cue += block
        else:
            raise InputError(
                f"{path}: line {number}: {block[0][:60]!r} stands before all times; remove it, or"
                " write its times above it"
            )
    if cue:
        yield from _cue(path, cue, place)


def _blocks(text: str, is_vtt: bool) -> Iterator[tuple[int, list[str]]]:
    """Yields the lines between blank lines, and the number of the first; no remarks and styles.

    In VTT a line of spaces is not blank: the captions of a recogniser begin with one.
    """
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line if is_vtt else line.strip():
            block.append(line.rstrip())
            continue
        if any(block) and not (is_vtt and _REMARK.fullmatch(block[0])):
            yield number - len(block), block
        block = []


def _cue(path: Path, lines: Sequence[str], place: str) -> Iterator[Segment]:
    """Yields what is said in one subtitle: its line of times, then its text."""
    kind = path.suffix.lower().removeprefix(".")
    start_s, end_s = _times(lines[0], kind, place)
    if any("-->" in line for line in lines[1:]):
        raise InputError(f"{place}: two lines of times without a blank line between; put one there")
    text = "\n".join(lines[1:])
    for speaker, said in _voices(_POSITION.sub("", text) if kind == "srt" else text):
        match = _FELT.fullmatch(said)
        emotion, said = (match[1], match[2]) if match else (None, said)
        if speaker is None and match:
            speaker, said = _first_before_colon(said)
        elif speaker is None:
            speaker, said = speaker_and_words(said)
        if said or emotion:
            yield Segment(start_s, end_s, said, place, speaker, emotion)


def _times(line: str, kind: str, place: str) -> tuple[float, float]:
    """Returns the start and the end that a line of times tells, in seconds."""
    match = _TIMES[kind].fullmatch(line.strip())
    if match is None:
        mark = "." if kind == "vtt" else ","
        raise InputError(
            f"{place}: {line[:60]!r} is not written 00:00:01{mark}000 --> 00:00:02{mark}500;"
            " correct it"
        )
    return _seconds(*match.groups()[:4]), _seconds(*match.groups()[4:])


def _seconds(hours: str | None, minutes: str, seconds: str, decimals: str) -> float:
    whole_s = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return (whole_s * 1000 + int(decimals.ljust(3, "0"))) / 1000


def _first_before_colon(text: str) -> tuple[str | None, str]:
    """Returns whom our own subtitles name before the words, and the words."""
    speaker, colon, said = text.partition(":")
    return (speaker.strip() or None, said.strip()) if colon else (None, text)


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """Yields the voices of a subtitle with their words."""
    before, *parts = _VOICE.split(text)
    yield None, _plain(before)
    for speaker, said in zip(parts[::2], parts[1::2], strict=True):
        yield _plain(speaker) or None, _plain(said)


def _plain(text: str) -> str:
    """Returns a text without markup and line breaks."""
    bare = re.sub(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>", "", text)
    return one_line(html.unescape(_NO_CHARACTER.sub("\ufffd", bare)))
