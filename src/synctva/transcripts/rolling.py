"""Rolling captions -> each line once.

YouTube's automatic captions, and live ones of television, show a line twice or more: as the new
one below, for an instant alone, and above the next. A line counts where it comes in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

GAP_S = 0.5
"""After a pause this long the screen is empty, and a line that comes again is said again."""

MOST = 0.5
"""Captions roll if this share of those that follow another at once begin with its last line."""


@dataclass(frozen=True)
class Cue:
    """A subtitle.

    Attributes:
        start_s: Its start, in seconds.
        end_s: Its end, in seconds.
        place: Where it is written.
        lines: What it shows, in plain words.
        voice: Who says so by the format's own means; None = not told.
    """

    start_s: float
    end_s: float
    place: str
    lines: tuple[str, ...]
    voice: str | None = None


def unrolled(cues: Sequence[Cue]) -> tuple[list[Cue], int]:
    """Returns cues without the lines that only stay on the screen, and how many these are.

    A line that grows (``so``, ``so this``, ``so this is``) is one, from its first word to its end.
    """
    pairs = [
        (before, cue)
        for before, cue in pairwise(cues)
        if cue.start_s - before.end_s < GAP_S and before.lines and cue.lines
    ]
    rolled = [(cue, *_carried(before.lines, cue.lines)) for before, cue in pairs]
    scrolls = sum(0 < count < len(cue.lines) for cue, count, _ in rolled)
    grows = sum(is_longer for *_, is_longer in rolled)
    stays = sum(count > 0 for _, count, _ in rolled)
    if (not scrolls and grows < 2) or stays < MOST * len(pairs):
        return list(cues), 0
    return _each_line_once(cues)


def _each_line_once(cues: Sequence[Cue]) -> tuple[list[Cue], int]:
    kept: list[Cue] = []
    shown: tuple[str, ...] = ()
    shown_until_s, left_out = 0.0, 0
    for cue in cues:
        if cue.start_s - shown_until_s >= GAP_S:
            shown = ()
        count, is_longer = _carried(shown, cue.lines)
        if is_longer:
            grown = (*kept[-1].lines[:-1], cue.lines[count - 1])
            kept[-1] = replace(kept[-1], lines=grown, end_s=cue.end_s)
        if cue.lines[count:]:
            kept.append(replace(cue, lines=cue.lines[count:]))
        left_out += count
        shown, shown_until_s = cue.lines or shown, cue.end_s
    return kept, left_out


def _carried(before: Sequence[str], lines: Sequence[str]) -> tuple[int, bool]:
    """Returns how many of a cue's first lines are the last ones of the cue before.

    And whether the last of these has more words than there.
    """
    for count in range(min(len(before), len(lines)), 0, -1):
        if before[-count:] == lines[:count]:
            return count, False
        is_longer = lines[count - 1].startswith(f"{before[-1]} ")
        if is_longer and before[-count:-1] == lines[: count - 1]:
            return count, True
    return 0, False
