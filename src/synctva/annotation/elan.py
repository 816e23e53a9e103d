"""ELAN's EAF -> spans.

A tier without a parent is a speaker, called by its participant or else by the tier. A tier with
``emotion`` in its name tells the emotions of its parent tier, or of the tier of the same
participant, or of the tier whose name it is otherwise (``emotion Ada`` of ``Ada``); other tiers
with a parent are left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from synctva.annotation.span import Span
from synctva.errors import InputError, told_at

_DECLARED = re.compile(r"\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)[\"']")
_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")


def read_elan(path: Path, text: str) -> list[Span]:
    """Returns the annotations of an ELAN file's speakers."""
    declared = _DECLARED.match(text)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(f"{path}: declares a document type, which no ELAN file needs; remove it")
    if declared and declared[1].lower() not in _UTF8:
        raise InputError(f"{path}: is declared to be {declared[1]}; save it in UTF-8")
    from pympi.Elan import Eaf

    try:
        file = Eaf(str(path), suppress_version_warning=True)
        tiers: dict[str, Mapping[str, str]] = {id: tier[2] for id, tier in file.tiers.items()}
        read = {id: list(_annotations(path, file, id)) for id in _wanted(tiers)}
    except InputError:
        raise
    except Exception as error:  # pympi lets whatever is missing in the XML come as anything
        reason = " ".join(f"{type(error).__name__} {error}".split())[:80]
        raise InputError(f"{path}: no ELAN file, or damaged ({reason}); save it again") from error
    spans = {id: own for id, own in read.items() if not _is_emotion(id)}
    for id, felt in read.items():
        if _is_emotion(id) and felt:
            with told_at(lambda: f"{path}"):
                speaker = _felt_by(id, tiers)
            spans[speaker] = [_with_emotion(span, felt) for span in spans[speaker]]
    return [
        replace(span, speaker=tiers[id].get("PARTICIPANT", "").strip() or id)
        for id, own in spans.items()
        for span in own
    ]


def _is_emotion(tier: str) -> bool:
    return "emotion" in tier.lower()


def _wanted(tiers: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Returns the tiers of speakers and emotions."""
    return [id for id, tier in tiers.items() if _is_emotion(id) or not tier.get("PARENT_REF")]


def _annotations(path: Path, file: Any, tier: str) -> Iterator[Span]:
    """Yields the annotations of a tier; those that refer to others have the times of these."""
    for number, (start_ms, end_ms, value, *_) in enumerate(
        file.get_annotation_data_for_tier(tier), start=1
    ):
        place = f"{path}: tier {tier!r} annotation {number}"
        if start_ms is None or end_ms is None:
            raise InputError(f"{place}: has no time; align it in ELAN")
        yield Span(start_ms / 1000, end_ms / 1000, " ".join(value.split()), place)


def _felt_by(tier: str, tiers: Mapping[str, Mapping[str, str]]) -> str:
    """Returns the speaker's tier that an emotion tier belongs to."""
    speakers = [id for id in _wanted(tiers) if not _is_emotion(id)]
    parent = tiers[tier].get("PARENT_REF")
    who = tiers[tier].get("PARTICIPANT", "").strip()
    rest = re.sub("emotions?", "", tier, flags=re.I).strip(" _-@:.")
    for found in (
        [id for id in speakers if id == parent],
        [id for id in speakers if who and tiers[id].get("PARTICIPANT", "").strip() == who],
        [id for id in speakers if rest and id.lower() == rest.lower()],
        speakers if not rest else [],
    ):
        if len(found) == 1:
            return found[0]
    raise InputError(
        f"tier {tier!r} tells emotions, but whose is open; make it a child of a speaker's tier, or"
        " name it after one"
    )


def _with_emotion(span: Span, felt: Sequence[Span]) -> Span:
    """Returns a span with the emotion of the annotation that covers most of it."""

    def shared_s(other: Span) -> float:
        return min(span.end_s, other.end_s) - max(span.start_s, other.start_s)

    most = max(felt, key=shared_s)
    return replace(span, emotion=most.text or None) if shared_s(most) > 0 else span
