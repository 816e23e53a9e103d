"""A recognition as an ELAN file: a tier per speaker with the words, under it emotions and how sure.

Corrected in ELAN, where the emotions are a list to choose from, it can be imported. Whoever looks
for ``?`` on the tiers of confidence goes from one doubtful utterance to the next.
"""

import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synctva.inference.export.places import (
    Tier,
    confidence,
    recording_of,
    relative_url,
    tiers,
    times_ms,
    words,
)
from synctva.inference.recognition import Recognition
from synctva.transcripts.emotion_tiers import confidence_tier, emotion_tier
from synctva.transcripts.segment import one_line

if TYPE_CHECKING:
    from pympi.Elan import Eaf

_KINDS = ("emotion", "confidence")
"""The tiers under a speaker's, in the order of ``_children``."""

_LANGUAGE = "und"
_DATE = "1970-01-01T00:00:00+00:00"
"""What the format wants a date for is always the same here, so that the same recognition gives the
same bytes; ELAN puts the date of a correction in its place."""


def elan_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of an ELAN file; the recording is linked by its place and from the file.

    A speaker's name is the participant of his tiers, however these are called.
    """
    from pympi.Elan import Eaf, to_string

    file = Eaf(author=one_line(f"Sync-TVA {recognition.model}"))
    file.adocument["DATE"] = _DATE
    file.remove_tier("default")
    _add_kinds(file, recognition.emotions)
    recording = recording_of(recognition)
    if recording is not None:
        kind = mimetypes.guess_type(recording.name)[0] or "unknown"
        file.add_linked_file(recording.as_uri(), f"./{relative_url(recording, path)}", kind)
    spoken = tiers(recognition)
    slots = _slots(file, [times_ms(u) for tier in spoken for u in tier.utterances])
    for tier in spoken:
        file.add_tier(tier.name, part=tier.speaker)
        for kind, child in zip(_KINDS, _children(tier), strict=True):
            file.add_tier(child, ling=kind, parent=tier.name, part=tier.speaker)
        own, slots = slots[: len(tier.utterances)], slots[len(tier.utterances) :]
        _add_utterances(file, recognition, tier, own)
    return to_string(file, encoding="UTF-8")


def _children(tier: Tier) -> tuple[str, str]:
    return emotion_tier(tier.name), confidence_tier(tier.name)


def _add_kinds(file: "Eaf", emotions: Sequence[str]) -> None:
    """Adds the list of emotions that ELAN offers, and the kinds of tiers that stand under words."""
    file.add_language(_LANGUAGE, "http://cdb.iso.org/lg/CDB-00138502-001", "undetermined (und)")
    file.add_controlled_vocabulary("emotions")
    file.add_cv_description("emotions", _LANGUAGE)
    for number, emotion in enumerate(emotions):
        file.add_cv_entry("emotions", f"emotion{number}", [(one_line(emotion), _LANGUAGE, None)])
    for kind, more in zip(_KINDS, ({"CONTROLLED_VOCABULARY_REF": "emotions"}, {}), strict=True):
        parameters = {
            "LINGUISTIC_TYPE_ID": kind,
            "TIME_ALIGNABLE": "false",
            "GRAPHIC_REFERENCES": "false",
            "CONSTRAINTS": "Symbolic_Association",
        }
        file.add_linguistic_type(kind, param_dict=parameters | more)


def _slots(file: "Eaf", spans_ms: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    """Returns the time slots of each annotation's start and end, numbered in the order of time."""
    moments = sorted(
        (time_ms, number, side)
        for number, span in enumerate(spans_ms)
        for side, time_ms in enumerate(span)
    )
    named = {(number, side): file.generate_ts_id(time_ms) for time_ms, number, side in moments}
    return [(named[number, 0], named[number, 1]) for number in range(len(spans_ms))]


def _add_utterances(
    file: "Eaf",
    recognition: Recognition,
    tier: Tier,
    slots: Sequence[tuple[str, str]],
) -> None:
    """Adds a tier's words, and to each the emotion and how sure it is on the tiers under it.

    Written where pympi keeps them: its own function looks through the whole tier for each.
    """
    for utterance, (start, end) in zip(tier.utterances, slots, strict=True):
        spoken = file.generate_annotation_id()
        file.annotations[spoken] = tier.name
        file.tiers[tier.name][0][spoken] = (start, end, words(utterance), None)
        told = recognition.emotion_of(utterance), confidence(recognition, utterance)
        for child, value in zip(_children(tier), told, strict=True):
            if value is not None:
                id = file.generate_annotation_id()
                file.annotations[id] = child
                file.tiers[child][1][id] = (spoken, one_line(value), None, None)
