"""Tiers that give the emotions of a speaker's tier, as in ELAN and Praat."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, chain

from synctva.errors import InputError
from synctva.transcripts.segment import Segment

LANE = re.compile(r"(.+) \(\d+\)", re.DOTALL)
"""A further tier of a speaker who speaks over himself, as our own files have it: ``Ada (2)``."""

_CONFIDENCE = "confidence "
_SURE = re.compile(r"[01]\.\d\d( \?)?|\?")
"""How sure an emotion is, as we write it."""


def is_emotion(tier: str) -> bool:
    """Returns whether a tier of this name tells emotions."""
    return "emotion" in tier.lower()


def emotion_tier(tier: str) -> str:
    """Returns what we call the tier of the emotions of a speaker's tier."""
    return f"emotion {tier}"


def confidence_tier(tier: str) -> str:
    """Returns what we call the tier of how sure the emotions of a speaker's tier are."""
    return f"{_CONFIDENCE}{tier}"


def is_confidence(tier: str, tiers: Container[str], told: Iterable[Segment]) -> bool:
    """Returns whether a tier tells how sure emotions are.

    They are those of a tier that is there too; or it says nothing else, since whoever corrects a
    speaker's name may have left it here.

    Args:
        tier: Its name.
        tiers: The names of all.
        told: What stands on it.
    """
    rest = tier.removeprefix(_CONFIDENCE)
    return may_be_confidence(tier) and (
        rest in tiers
        or emotion_tier(rest) in tiers
        or all(_SURE.fullmatch(one.text) for one in told if one.text)
    )


def may_be_confidence(tier: str) -> bool:
    """Returns whether a tier of this name would tell how sure emotions are, were there others."""
    return tier.startswith(_CONFIDENCE)


def tiers_by(key: Callable[[str], str], tiers: Iterable[str]) -> dict[str, list[str]]:
    """Returns the names of tiers by what ``key`` makes of each, so that none is searched for."""
    found: dict[str, list[str]] = {}
    for tier in tiers:
        found.setdefault(key(tier), []).append(tier)
    return found


def named_after(tier: str, speakers: Mapping[str, Sequence[str]]) -> str:
    """Returns the speaker's tier that an emotion tier's name means; ``Ada`` of ``emotion Ada``.

    Args:
        tier: The emotion tier's name.
        speakers: The names of the speakers' tiers, by their small letters.

    Raises:
        InputError: None of them, or several.
    """
    rest = re.sub("emotions?", "", tier, count=1, flags=re.IGNORECASE).strip(" _-@:.")
    near = {key.lower() for key in (rest, tier.removeprefix(emotion_tier("")))}
    alike = [id for key in near for id in speakers.get(key, ())]
    exact = [id for id in alike if tier == emotion_tier(id) or id == rest]
    found = exact or (speakers.get(rest.lower(), ()) if rest else [*chain(*speakers.values())])
    if not found:  # such as "emotion Ada coder 1"
        parts = re.split(r"[ _@:.-]+", rest.lower())
        found = [id for part in dict.fromkeys(parts) for id in speakers.get(part, ())]
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"tier {tier!r} gives emotions, but it is not clear whose; make it a child of a"
        " speaker's tier, or name it after one, or leave it out by naming the others with --tiers"
    )


def one_each(owners: Iterable[tuple[str, str]]) -> None:
    """Refuses two tiers of emotions of one speaker's tier.

    Args:
        owners: The speaker's tier that each tier of emotions belongs to, and its own name.

    Raises:
        InputError: Two belong to one.
    """
    first: dict[str, str] = {}
    for speaker, tier in owners:
        if first.setdefault(speaker, tier) != tier:
            raise InputError(
                f"tiers {first[speaker]!r} and {tier!r} both give the emotions of {speaker!r}; name"
                " the tiers that count with --tiers, those of the words and one of these"
            )


def with_emotions(segments: Sequence[Segment], labelled: Sequence[Segment]) -> list[Segment]:
    """Returns segments, each with the emotion of the annotation that covers most of it.

    Of annotations that cover as much, the earliest counts. The time is that of sorting, whatever
    lies over whatever.
    """
    covers = _Covers(labelled)
    found = ((segment, covers.most_of(segment)) for segment in segments)
    return [replace(one, emotion=most.text or None) if most else one for one, most in found]


class _Covers:
    """Annotations, and which of them covers most of a stretch of time."""

    def __init__(self, labelled: Sequence[Segment]) -> None:
        self._ordered = sorted(labelled, key=lambda other: other.start_s)
        self._starts_s = [other.start_s for other in self._ordered]
        self._lengths_s = [other.end_s - other.start_s for other in self._ordered]
        numbers = range(len(self._ordered))
        self._latest = list(accumulate(numbers, lambda a, b: max(a, b, key=self._end_s)))
        self._longest = [list(numbers)]
        step = 1
        while 2 * step <= len(numbers):
            last = self._longest[-1]
            pairs = zip(last, last[step:], strict=False)
            self._longest.append([max(a, b, key=self._lengths_s.__getitem__) for a, b in pairs])
            step *= 2

    def most_of(self, segment: Segment) -> Segment | None:
        """Returns the annotation that covers most of a segment; None if none covers any of it."""
        first = bisect_right(self._starts_s, segment.start_s)
        last = bisect_left(self._starts_s, segment.end_s)
        candidates = [self._latest[first - 1]] if first else []
        if first < last:
            # Up to some number the longest annotation so far ends within the segment; from there on
            # it would reach beyond its end, and what begins later covers less.
            place = bisect_left(
                range(first, last),
                True,
                key=lambda n: (
                    self._lengths_s[self._longest_of(first, n)] >= segment.end_s - self._starts_s[n]
                ),
            )
            ends = (first + place - 1, min(first + place, last - 1))
            candidates += [self._longest_of(first, n) for n in ends if n >= first]
        best = max(candidates, key=lambda n: self._shared_s(segment, n), default=None)
        return None if best is None or self._shared_s(segment, best) <= 0 else self._ordered[best]

    def _end_s(self, number: int) -> float:
        return self._ordered[number].end_s

    def _shared_s(self, segment: Segment, number: int) -> float:
        other = self._ordered[number]
        return min(segment.end_s, other.end_s) - max(segment.start_s, other.start_s)

    def _longest_of(self, first: int, last: int) -> int:
        """Returns the longest of the annotations with these numbers, the last one included."""
        level = (last + 1 - first).bit_length() - 1
        row = self._longest[level]
        return max(row[first], row[last + 1 - (1 << level)], key=self._lengths_s.__getitem__)
