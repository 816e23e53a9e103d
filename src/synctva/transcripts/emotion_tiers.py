"""Tiers that tell the emotions of a speaker's tier, as in ELAN and Praat."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, chain

from synctva.errors import InputError
from synctva.transcripts.segment import Segment


def is_emotion(tier: str) -> bool:
    """Returns whether a tier of this name tells emotions."""
    return "emotion" in tier.lower()


def emotion_tier(tier: str) -> str:
    """Returns what we call the tier of the emotions of a speaker's tier."""
    return f"emotion {tier}"


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
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"tier {tier!r} tells emotions, but whose is open; make it a child of a speaker's tier, or"
        " name it after one"
    )


def with_emotions(segments: Sequence[Segment], labelled: Sequence[Segment]) -> list[Segment]:
    """Returns segments, each with the emotion of the annotation that covers most of it."""
    ordered = sorted(labelled, key=lambda other: other.start_s)
    starts_s = [other.start_s for other in ordered]
    ends_s = list(accumulate((other.end_s for other in ordered), max))
    return [_with_emotion(segment, ordered, starts_s, ends_s) for segment in segments]


def _with_emotion(
    segment: Segment,
    labelled: Sequence[Segment],
    starts_s: Sequence[float],
    ends_s: Sequence[float],
) -> Segment:
    """Returns a segment with its emotion; ``ends_s`` are the latest ends of all up to each."""
    most, most_s = None, 0.0
    for number in reversed(range(bisect_left(starts_s, segment.end_s))):
        if ends_s[number] <= segment.start_s:
            break
        shared_s = min(segment.end_s, labelled[number].end_s) - max(
            segment.start_s, labelled[number].start_s
        )
        if shared_s >= most_s and shared_s > 0:
            most, most_s = labelled[number], shared_s
    return replace(segment, emotion=most.text or None) if most else segment
