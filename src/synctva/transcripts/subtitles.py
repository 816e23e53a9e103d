"""SRT and VTT -> segments.

A speaker is a VTT voice (``<v Ada>``), or named in the words (see ``speakers``). In our own
subtitles the emotion stands before all that: ``[joy 83 %] Ada: Hello.`` (see ``tagged``). Rolling
captions are read line by line (see ``rolling``).
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from synctva.errors import InputError
from synctva.transcripts.rolling import Cue, unrolled
from synctva.transcripts.segment import Segment, one_line
from synctva.transcripts.source import Source
from synctva.transcripts.speakers import who_says_what
from synctva.transcripts.tagged import TAG, are_tagged, tagged_segments

_VOICE = re.compile(
    r"(?:^[ \t]*[-\u2013\u2014][ \t]*)?<v(?:\.[^ \t<>]*)?[ \t]+([^<>\s][^<>]*)>", re.MULTILINE
)
_VOICE_END = re.compile(r"</v>")
_REMARK = re.compile(r"NOTE(?:[ \t].*)?|STYLE|REGION")
_POSITION = re.compile(r"\{\\[^{}]*\}")
_NO_CHARACTER = re.compile(r"&#\d{9,};?")
"""A reference that Python would take for a number too long to read."""

_ARROW = "(?:-{1,3}>|[\u2013\u2014]>|\u2192|\u27f6)"
"""Word processors make one character of two."""

_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"{_CLOCK}[ \t]*{_ARROW}[ \t]*{_CLOCK}(?:[ \t]+[A-Za-z]\w*:\S+)*")
"""A line of times; VTT's settings (``align:start``) or SRT's coordinates (``X1:40``) may follow."""

_LIKE_TIMES = re.compile(rf"[^\w\s]{{0,3}}\d{{1,5}}:\d[\d:.,]*[ \t]*{_ARROW}")
"""A line of times, perhaps a wrong one."""


@dataclass(frozen=True)
class _Timed:
    """A line of times, where it stands, and the lines below it."""

    times: str
    place: str
    lines: list[str]


def read_subtitles(source: Source) -> Iterator[Segment]:
    """Yields what is said in an SRT or VTT file, subtitle by subtitle.

    Words after a blank line, without times of their own, belong to the subtitle before. A subtitle
    whose times cannot be read is left out, and so are words before all times; both are noted.
    """
    is_vtt = source.path.suffix.lower() == ".vtt" or source.text.startswith("WEBVTT")
    cues = list(_each(source, _timed(source, is_vtt), _cues_of(is_vtt)))
    if are_tagged(cues):
        yield from source.each(cues, tagged_segments)
        return
    if not any(cue.voice for cue in cues):
        cues, count = unrolled(cues)
        if count:
            source.notes.append(f"rolling captions: {count} lines that came again were left out")
    said = who_says_what([() if cue.voice else cue.lines for cue in cues])
    yield from source.each(zip(cues, said, strict=True), _segments)


def _each(
    source: Source, items: Iterable[_Timed], read: Callable[[_Timed], Iterable[Cue]]
) -> Iterator[Cue]:
    for item in items:
        try:
            yield from read(item)
        except InputError as error:
            source.refuse(error)


def _segments(cue_and_said: tuple[Cue, Sequence[tuple[str | None, str]]]) -> Iterator[Segment]:
    cue, said = cue_and_said
    words = one_line(" ".join(cue.lines))
    for speaker, text in [(cue.voice, words)] if cue.voice and words else said:
        yield Segment(cue.start_s, cue.end_s, text, cue.place, speaker)


def _timed(source: Source, is_vtt: bool) -> Iterator[_Timed]:
    """Yields the lines of times with what stands below each, up to the next; without numbers."""
    timed: _Timed | None = None
    blocks = [*_blocks(source.text, is_vtt), (0, [""])]
    for (number, block), (_, after) in pairwise(blocks):
        rows = [row for row, line in enumerate(block) if _LIKE_TIMES.match(line)]
        head = block[: rows[0]] if rows else block
        if is_vtt and head and head[0].startswith("WEBVTT"):
            head = []
        elif rows and len(head) == 1:
            head = []  # the number or the name of a subtitle
        elif not rows and _is_number(block) and (_LIKE_TIMES.match(after[0]) or not is_vtt):
            continue
        elif rows and _is_number(head[-1:]):
            head = head[:-1]
        if timed is not None:
            timed.lines.extend(head)
        elif head:
            source.refuse(
                InputError(
                    f"{source.path}: line {number}: {head[0][:60]!r} stands before all times"
                )
            )
        for row, following in pairwise([*rows, len(block)]):
            lines = block[row + 1 : following]
            if following < len(block) and _is_number(lines[-1:]):
                lines = lines[:-1]
            if timed is not None:
                yield timed
            timed = _Timed(block[row], f"{source.path}: line {number + row}", lines)
    if timed is not None:
        yield timed


def _is_number(lines: Sequence[str]) -> bool:
    return len(lines) == 1 and lines[0].strip().isdecimal()


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


def _cues_of(is_vtt: bool) -> Callable[[_Timed], Iterator[Cue]]:
    """Returns what makes cues of a line of times: one for each voice that speaks below it."""

    def cues(timed: _Timed) -> Iterator[Cue]:
        start_s, end_s = _times(timed, is_vtt)
        text = "\n".join(timed.lines)
        Segment(start_s, end_s, "", timed.place)  # whose times are wrong is left out
        for voice, said in _voices(text if is_vtt else _POSITION.sub("", text)):
            lines = tuple(line for one in said.split("\n") if (line := _plain(one)))
            if lines:
                yield Cue(start_s, end_s, timed.place, lines, voice)

    return cues


def _times(timed: _Timed, is_vtt: bool) -> tuple[float, float]:
    """Returns the start and the end in a line of times, in seconds."""
    match = _TIMES.fullmatch(timed.times.strip())
    if match is None:
        mark = "." if is_vtt else ","
        raise InputError(
            f"{timed.place}: {timed.times[:60]!r} is not written"
            f" 00:00:01{mark}000 --> 00:00:02{mark}500; correct it"
        )
    return _seconds(*match.groups()[:4]), _seconds(*match.groups()[4:])


def _seconds(hours: str | None, minutes: str, seconds: str, decimals: str) -> float:
    whole_s = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return (whole_s * 1000 + int(decimals.ljust(3, "0"))) / 1000


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """Yields the voices of a subtitle with their words; an emotion before one is that one's."""
    before, *parts = _VOICE.split(text)
    if parts and TAG.fullmatch(before.strip()):
        parts[1], before = f"{before.strip()} {parts[1]}", ""
    yield None, before
    for voice, said in zip(parts[::2], parts[1::2], strict=True):
        own, *after = _VOICE_END.split(said, maxsplit=1)
        yield _plain(voice) or None, own
        yield None, "".join(after)


def _plain(text: str) -> str:
    """Returns a text without markup, in one line."""
    bare = re.sub(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>", "", text)
    return one_line(html.unescape(_NO_CHARACTER.sub("\ufffd", bare)))
