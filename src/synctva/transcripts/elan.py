"""ELAN's EAF -> segments.

A tier without a parent is a speaker, named by its participant or else by the tier. A tier with
``emotion`` in its name gives the emotions of its parent tier, or of the tier of the same
participant, or of the tier whose name it is otherwise (``emotion Ada`` of ``Ada``); other tiers
with a parent are left out, and so is our own ``confidence Ada``.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import unquote, urlparse

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
    tell_shared,
    tell_unnamed,
    with_joined_words,
    without_phones,
)

_DECLARED = re.compile(r"\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)[\"']")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_UNICODE = ("utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf16")
"""In UTF-16 is what has its byte order mark; all else that is read is UTF-8."""


def read_elan(source: Source) -> list[Segment]:
    """Returns the annotations of an ELAN file's speakers; one without times is left out and noted.

    Raises:
        InputError: It is no ELAN file, or declares a document type or another encoding; an
            emotion tier belongs to no speaker, or two to one; or a tier that is asked for is none.
    """
    file = _opened(source)
    tiers: dict[str, Mapping[str, str]] = {id: tier[2] for id, tier in file.tiers.items()}
    names = chosen(source, list(tiers)) or without_phones(source, _wanted(tiers))
    every = {id: list(_annotations(source, file, id)) for id in names}
    read = {id: own for id, own in every.items() if not is_confidence(id, tiers, own)}
    segments = {
        id: [replace(one, speaker=_participant(tiers[id]) or one_line(id)) for one in own]
        for id, own in read.items()
        if not is_emotion(id)
    }
    if not source.tiers:
        _tell_odd(source, {id: tiers[id] for id, own in segments.items() if own})
    segments = with_joined_words(source, segments, list(tiers))
    by_name = tiers_by(lambda id: speaker_tier(id).lower(), segments)
    participants = tiers_by(lambda id: _participant(tiers[id]), segments)
    owners = []
    with told_at(lambda: f"{source.path}"):
        for id in [id for id, told in read.items() if is_emotion(id) and told]:
            owners.append((_expressed_by(id, tiers[id], segments, by_name, participants), id))
        one_each(owners)
    for speaker, id in owners:
        segments[speaker] = with_emotions(segments[speaker], read[id])
    return [segment for own in segments.values() for segment in own]


def _tell_odd(source: Source, tiers: Mapping[str, Mapping[str, str]]) -> None:
    """Notes tiers that perhaps hold no speech: several of a participant, or of nobody's."""
    main = [id for id in tiers if not LANE.fullmatch(id)]
    participants = tiers_by(lambda id: _participant(tiers[id]), main)
    unnamed = participants.pop("", [])
    tell_shared(source, participants)
    if participants:
        tell_unnamed(source, unnamed)


def linked_recording(path: Path, suffixes: Container[str]) -> Path | None:
    """Returns the first existing recording that an ELAN file names; None if there is none.

    Only files beside it, or in a folder there, count: the file may be anybody's, and must not name
    somebody else's files. A link of the file system that leads elsewhere counts as not there.

    Args:
        path: The ELAN file.
        suffixes: Of recordings, in small letters.

    Raises:
        InputError: It is no ELAN file.
    """
    folder = path.parent.resolve()
    for descriptor in _opened(Source(path)).media_descriptors:
        relative = Path(unquote(descriptor.get("RELATIVE_MEDIA_URL") or ""))
        named = Path(unquote(urlparse(descriptor.get("MEDIA_URL") or "").path).replace("\\", "/"))
        for own in (relative, Path(relative.name), Path(named.name)):
            with suppress(OSError, ValueError):  # a name that is too long, or none at all
                place = (folder / own).resolve()
                is_inside = place.is_relative_to(folder) and own.suffix.lower() in suffixes
                if is_inside and place.is_file():
                    return place
    return None


def _opened(source: Source) -> Any:
    """Returns an ELAN file as pympi reads it."""
    path, text = source.path, source.text
    declared = _DECLARED.match(text[:1000])
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(f"{path}: declares a document type, which no ELAN file needs; remove it")
    if declared and declared[1].lower() not in _UNICODE:
        raise InputError(f"{path}: is declared to be {declared[1]}; save it in UTF-8")
    from pympi.Elan import Eaf

    try:
        with NamedTemporaryFile(suffix=path.suffix) as plain:  # pympi reads a path alone
            plain.write(_DECLARATION.sub("", text, count=1).encode())
            plain.flush()
            return Eaf(plain.name, suppress_version_warning=True)
    except Exception as error:  # pympi lets whatever is missing in the XML come as anything
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    reason = " ".join(f"{type(error).__name__} {error}".split())[:80]
    return InputError(f"{path}: not an ELAN file, or damaged ({reason}); save it again")


def _wanted(tiers: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Returns the tiers of speakers and emotions."""
    return [id for id, tier in tiers.items() if is_emotion(id) or not tier.get("PARENT_REF")]


def _annotations(source: Source, file: Any, tier: str) -> Iterator[Segment]:
    """Yields the annotations of a tier; those that refer to others have the times of these."""
    aligned, referring, *_ = file.tiers[tier]
    values = {id: annotation[2] for id, annotation in aligned.items()}
    values |= {id: annotation[1] for id, annotation in referring.items()}
    place = f"{source.path}: tier {tier!r}"
    return source.each(enumerate(values.items(), start=1), partial(_annotation, file, place))


def _annotation(file: Any, tier: str, own: tuple[int, tuple[str, str | None]]) -> Iterator[Segment]:
    number, (id, value) = own
    place = f"{tier} annotation {number}"
    times_ms = _times_ms(file, id)
    if times_ms is None:
        raise InputError(f"{place}: has no time; align it in ELAN")
    start_ms, end_ms = times_ms
    yield Segment(start_ms / 1000, end_ms / 1000, one_line(value or ""), place)


def _times_ms(file: Any, annotation: str) -> tuple[int, int] | None:
    """Returns when an annotation is, by way of those it refers to; None where that is open."""
    passed = set()
    while annotation not in passed:
        passed.add(annotation)
        aligned, referring, *_ = file.tiers.get(file.annotations.get(annotation), ({}, {}))
        if annotation in aligned:
            start_ms, end_ms = (file.timeslots.get(slot) for slot in aligned[annotation][:2])
            return None if start_ms is None or end_ms is None else (start_ms, end_ms)
        if annotation in referring:
            annotation = referring[annotation][0]
    return None


def _participant(tier: Mapping[str, str]) -> str:
    return one_line(tier.get("PARTICIPANT") or "")


def _expressed_by(
    id: str,
    tier: Mapping[str, str],
    segments: Container[str],
    names: Mapping[str, Sequence[str]],
    participants: Mapping[str, Sequence[str]],
) -> str:
    """Returns the speaker's tier that an emotion tier belongs to."""
    parent, who = tier.get("PARENT_REF") or "", _participant(tier)
    if parent in segments:
        return parent
    own = participants.get(who, ()) if who else ()
    return own[0] if len(own) == 1 else named_after(id, names)
