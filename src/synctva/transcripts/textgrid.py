"""Praat's TextGrid -> segments.

An interval tier is a speaker; a tier with ``emotion`` in its name gives the emotions of the tier
that the rest of its name names. If a speaker speaks over himself, our own files have ``Ada``,
``Ada (2)``, ...: one speaker. Intervals without text are pauses, unless an emotion is given for
exactly this interval. Tiers of points are left out, and so is our own ``confidence Ada``.

Praat takes numbers, quoted strings and ``<flags>`` that stand free, in their order, and leaves out
all else; so does this reader. (praatio's looks for words such as ``intervals [``, which may as well
stand in a text, and reads a negative time as a positive one.)
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from synctva.errors import InputError, told_at
from synctva.transcripts.emotion_tiers import (
    LANE,
    is_confidence,
    is_emotion,
    named_after,
    one_each,
    tiers_by,
    with_emotions,
)
from synctva.transcripts.segment import Segment, one_line
from synctva.transcripts.source import Source
from synctva.transcripts.tier_choice import (
    chosen,
    speaker_tier,
    with_joined_words,
    without_phones,
)

_TOKEN = re.compile(
    r'"(?P<string>[^"]*(?:""[^"]*)*)"|(?<![^\s"])(?:(?P<flag><\w+>)|(?P<number>[-+]?\d[\d.eE+-]*))'
    r'(?=[\s"]|$)|![^\n]*|[^\s"]+'
)


@dataclass(frozen=True)
class _Token:
    kind: str
    value: str
    line: int


class _Tokens:
    """What of a TextGrid counts, one after the other."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._tokens = _tokens(text)
        self.place = f"{path}: line 1"

    def take(self, kind: str) -> str:
        """Returns the next token, which has to be of a kind."""
        token = next(self._tokens, None)
        if token is None:
            raise InputError(f"{self._path}: ends before its last tier does; save it again")
        self.place = f"{self._path}: line {token.line}"
        if token.kind != kind:
            raise InputError(
                f"{self.place}: {token.value[:40]!r} where a {kind} belongs; save it again in Praat"
            )
        return token.value

    def skip_times(self) -> None:
        """Passes over the start and the end of the whole file, or of a tier."""
        self.number()
        self.number()

    def number(self) -> float:
        """Returns the next token, a number."""
        value = self.take("number")
        try:
            return float(value)
        except ValueError as error:
            raise InputError(f"{self.place}: {value[:40]!r} is not a number; correct it") from error


def _tokens(text: str) -> Iterator[_Token]:
    line, reached = 1, 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup:
            line += text.count("\n", reached, match.start())
            reached = match.start()
            yield _Token(match.lastgroup, match[match.lastgroup].replace('""', '"'), line)


def read_textgrid(source: Source) -> list[Segment]:
    """Returns the intervals of a TextGrid's speakers, in Praat's long or short form.

    Raises:
        InputError: It is no TextGrid, or damaged; an emotion tier belongs to no speaker, or two to
            one; or a tier that is asked for is none.
    """
    tiers = _tiers(_Tokens(source.path, source.text))
    names = chosen(source, list(tiers)) or without_phones(source, list(tiers))
    names = [name for name in names if not is_confidence(name, tiers, tiers[name])]
    speakers = {
        name: [replace(one, speaker=_speaker(name, tiers) or None) for one in tiers[name]]
        for name in names
        if not is_emotion(name)
    }
    segments = with_joined_words(source, speakers, list(tiers))
    by_name = tiers_by(lambda name: speaker_tier(name).lower(), segments)
    told = {name: [one for one in tiers[name] if one.text] for name in names if is_emotion(name)}
    with told_at(lambda: f"{source.path}"):
        owners = [(named_after(name, by_name), name) for name, own in told.items() if own]
        one_each(owners)
    for speaker, name in owners:
        segments[speaker] = _expressed(segments[speaker], told[name])
    return [one for own in segments.values() for one in own if one.text or one.emotion]


def _tiers(tokens: _Tokens) -> dict[str, list[Segment]]:
    """Returns the tiers of intervals, by name."""
    if not tokens.take("string").startswith("ooTextFile") or tokens.take("string") != "TextGrid":
        raise InputError(f"{tokens.place}: not a TextGrid; save it as a text file in Praat")
    tokens.skip_times()
    tiers: dict[str, list[Segment]] = {}
    if tokens.take("flag") == "<exists>":
        for _ in range(_count(tokens)):
            name, intervals = _tier(tokens)
            if name in tiers:
                raise InputError(f"{tokens.place}: a second tier {name!r}; rename one")
            if intervals is not None:
                tiers[name] = intervals
    return tiers


def _count(tokens: _Tokens) -> int:
    count = tokens.number()
    if count != count // 1 or count < 0:
        raise InputError(f"{tokens.place}: {count} is not a count; save it again in Praat")
    return int(count)


def _tier(tokens: _Tokens) -> tuple[str, list[Segment] | None]:
    """Returns a tier's name and intervals; None for one of points."""
    kind, name = tokens.take("string"), one_line(tokens.take("string"))
    if kind not in ("IntervalTier", "TextTier"):
        raise InputError(f"{tokens.place}: {kind[:40]!r} is not a tier; save it again in Praat")
    tokens.skip_times()
    intervals = []
    for _ in range(_count(tokens)):
        start_s = tokens.number()
        if kind == "TextTier":
            tokens.take("string")
            continue
        place, end_s = tokens.place, tokens.number()
        intervals.append(Segment(start_s, end_s, one_line(tokens.take("string")), place))
    return name, intervals if kind == "IntervalTier" else None


def _expressed(segments: Sequence[Segment], told: Sequence[Segment]) -> list[Segment]:
    """Returns segments with their emotions; a pause has one only if it is given for all of it."""
    exact = {(segment.start_s, segment.end_s) for segment in told}
    return [
        segment
        if segment.text or (segment.start_s, segment.end_s) in exact
        else replace(segment, emotion=None)
        for segment in with_emotions(segments, told)
    ]


def _speaker(tier: str, tiers: Container[str]) -> str:
    lane = LANE.fullmatch(tier)
    return lane[1] if lane and lane[1] in tiers else tier
