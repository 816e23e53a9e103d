"""Who says what in the lines of subtitles, or of a recogniser's segments.

Speakers are named before a colon (``Ada: Hello.``, ``>> ADA: Hello.``, ``[Ada]: Hello.``), or in
brackets with a number (``[SPEAKER_01] Hello.``, ``(speaker 0) Hello.``), or in brackets after a
dash (``- [Ada] Hello.``). A dash of dialogue, ``>>`` and a name each begin another utterance.

``names`` decides what is a name by itself. Where nearly every line begins with words and
a colon, and many of these are names or come again, as in transcripts of meetings, the others are
names too.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from synctva.transcripts.names import (
    LONGEST_NAME,
    is_name,
    is_numbered,
    is_unknown,
    may_be_name,
    without_aside,
)
from synctva.transcripts.segment import one_line

NEARLY_ALL = 0.9
"""If this share of the cues begins with words and a colon, these are names ..."""

MANY = 0.5
"""... if this share of those are surely names, or come again."""

FEWEST = 3
"""With fewer cues, the shares mean nothing."""

_COLON = "[:\uff1a\ufe55]"
_PREFIX = re.compile(rf"([^:\uff1a\ufe55]{{1,{LONGEST_NAME}}}){_COLON}")
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff1a\ufe55]")
_BRACKETS = re.compile(r"(?:\[([^\[\]]{1,60})\]|\(([^()]{1,60})\)|\{([^{}]{1,60})\})\s*(:?)\s*(.*)")
_OTHER_NUMBERED = re.compile(r"[^\W\d_][\w .-]{0,40}?[ _.-]?\d+")
_CHEVRONS = re.compile(r"(?:^|(?<=\s))>{2,3}\s*")
_DASH = re.compile(r"[-\u2010-\u2015]\s*(?=\S)")
_DASH_APART = re.compile(r"[-\u2010\u2011\u2013]\s+(?=\S)")
_DASH_WITHIN = re.compile(r"(?<=[.!?\u2026])\s+[-\u2010\u2011\u2013]\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026\u3002\uff01\uff1f])\s+")
_TURN = re.compile(r"\s*\[SPEAKER_TURN\]\s*")


@dataclass
class _Turn:
    """What one speaker says in a cue."""

    speaker: str | None
    words: list[str]


def who_says_what(cues: Sequence[Sequence[str]]) -> list[list[tuple[str | None, str]]]:
    """Returns the speaker (None if not named) and the words of each utterance of each cue.

    Args:
        cues: The lines of each cue of a whole file.
    """
    lines = [[_TURN.sub(" ", line).strip() for line in cue] for cue in cues]
    pieces = [list(_pieces([line for line in cue if line])) for cue in lines]
    loose = _loose_names([cue[0][1] for cue in pieces if cue])
    turns = [_turns(cue, loose) for cue in pieces]
    names = {turn.speaker for cue in turns for turn in cue if turn.speaker}
    return [
        [
            (_plain_name(who, names), words)
            for turn in cue
            for who, words in _named_within(turn, names)
            if words
        ]
        for cue in turns
    ]


def _pieces(lines: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Yields the parts of a cue, and whether a dash or ``>>`` says that another one speaks."""
    dashed = sum(_DASH.match(line) is not None for line in lines)
    dash = _DASH if dashed > 1 else _DASH_APART
    for number, line in enumerate(lines):
        for place, part in enumerate(_CHEVRONS.split(line)):
            match = dash.match(part) if _is_dash(lines, number, dashed) else None
            said = part[match.end() :] if match else part
            within = _DASH_WITHIN.split(said) if match and dashed == 1 else [said]
            if match and number == 0 and dashed == len(within) == 1 and said[0] != "[":
                match, within = None, [part]  # one dash alone parts nothing
            for one_place, one in enumerate(within):
                if one.strip():
                    yield place > 0 or match is not None or one_place > 0, one.strip()


def _is_dash(lines: Sequence[str], number: int, dashed: int) -> bool:
    """Returns whether a dash at the beginning of a line may be one of dialogue, not of a clause."""
    if number == 0 or dashed > 1:
        return True
    said = lines[number].lstrip("-\u2010\u2011\u2013\u2014\u2015 ")
    return said[:1].isupper() or said[:1] in ("[", '"')


def _turns(pieces: Iterable[tuple[bool, str]], loose: frozenset[str]) -> list[_Turn]:
    turns: list[_Turn] = []
    for opens, piece in pieces:
        named, speaker, words = _named(piece, opens, loose)
        if named or opens or not turns:
            turns.append(_Turn(speaker, [words]))
        else:
            turns[-1].words.append(words)
    return turns


def _named(piece: str, opens: bool, loose: frozenset[str]) -> tuple[bool, str | None, str]:
    """Returns whether a speaker is named at the beginning, who that is, and the words after it."""
    match = _BRACKETS.match(piece)
    if match:
        name, rest = one_line(match[1] or match[2] or match[3]), match[5]
        is_round = match[1] is None
        if is_unknown(name):
            return True, None, rest
        is_machine = is_numbered(name) and name[-1:].isdigit()
        if not is_round and _OTHER_NUMBERED.fullmatch(name):
            is_machine = True
        is_person = bool(match[4]) or (opens and not is_round)
        if is_machine or (is_person and is_name(name)):
            return True, name, rest
    name, rest = _before_colon(piece)
    if name and (is_name(name) or name in loose):
        return True, name, rest
    return False, None, piece


def _before_colon(piece: str) -> tuple[str, str]:
    """Returns what stands before a line's first colon, if that may be a name, and the rest."""
    match = _PREFIX.match(piece)
    if match is None:
        return "", piece
    name, rest = one_line(match[1]), piece[match.end() :]
    around = piece[match.end() - 2 : match.end() + 1]
    if rest and not rest[0].isspace() and not _WIDE.search(around):
        return "", piece  # 10:30, http://
    return name, rest.strip()


def _loose_names(firsts: Sequence[str]) -> frozenset[str]:
    """Returns what counts as a name because nearly all cues begin with one."""
    found = [name for first in firsts if (name := _before_colon(first)[0])]
    if len(firsts) < FEWEST or len(found) < NEARLY_ALL * len(firsts):
        return frozenset()
    counts = Counter(found)
    sure = sum(count for name, count in counts.items() if is_name(name) or count > 1)
    if sure < MANY * len(found):
        return frozenset()
    return frozenset(name for name, count in counts.items() if count > 1 or may_be_name(name))


def _plain_name(name: str | None, names: set[str]) -> str | None:
    """Returns a name without a remark in brackets, where the file has that name too."""
    bare = without_aside(name) if name else None
    return bare if bare in names else name


def _named_within(turn: _Turn, names: set[str]) -> Iterator[tuple[str | None, str]]:
    """Yields the utterances of a turn, where others whom the file names speak in the same line."""
    speaker, said = turn.speaker, []
    for sentence in _SENTENCE_END.split(one_line(" ".join(turn.words))):
        name, rest = _before_colon(sentence)
        if name in names:
            yield speaker, " ".join(said)
            speaker, said = name, [rest]
        else:
            said.append(sentence)
    yield speaker, " ".join(said)
