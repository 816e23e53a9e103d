"""What speech recognisers write as JSON -> segments.

``segments`` with ``start``, ``end`` and ``text`` (openai-whisper, faster-whisper; WhisperX adds
``speaker``), such a list alone, or ``transcription`` with ``offsets`` in milliseconds
(whisper.cpp).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from synctva.errors import InputError
from synctva.transcripts.segment import Segment, one_line, speaker_and_words

_REMEDY = "a JSON file of Whisper, WhisperX or whisper.cpp is needed"


def read_whisper(path: Path, text: str) -> list[Segment]:
    """Returns the segments of a speech recogniser's JSON file.

    Raises:
        InputError: It is no such file, or a segment has no times.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:80]
        raise InputError(f"{path}: no JSON, or damaged ({reason}); {_REMEDY}") from error
    name, segments = _segments(path, content)
    return [
        segment
        for number, segment in enumerate(segments, start=1)
        for segment in _span(segment, f"{path}: {name} {number}")
    ]


def has_segments(text: str) -> bool:
    """Returns whether a JSON file's text is a speech recogniser's, by its form, or is damaged."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return True
    if isinstance(content, dict):
        return any(isinstance(content.get(name), list) for name in ("segments", "transcription"))
    segments = content if isinstance(content, list) else []
    return any(isinstance(one, dict) and {"start", "offsets"} & set(one) for one in segments)


def _segments(path: Path, content: object) -> tuple[str, list[object]]:
    """Returns the list of segments, and how the file calls it."""
    if isinstance(content, list):
        return "segment", content
    if isinstance(content, dict):
        for name in ("segments", "transcription"):
            if isinstance(content.get(name), list):
                return name, content[name]
        if {"utterances", "fingerprint"} <= set(content):
            raise InputError(
                f"{path}: a recognition, not a transcript; name the transcript it was made with"
            )
    raise InputError(f"{path}: has neither 'segments' nor 'transcription'; {_REMEDY}")


def _span(segment: object, place: str) -> Iterator[Segment]:
    if not isinstance(segment, Mapping):
        raise InputError(f"{place}: is no segment with start, end and text; {_REMEDY}")
    offsets = segment.get("offsets")
    if isinstance(offsets, Mapping):
        start_s, end_s = (_number(offsets, key, place) / 1000 for key in ("from", "to"))
    else:
        start_s, end_s = (_number(segment, key, place) for key in ("start", "end"))
    said = segment.get("text")
    if not isinstance(said, str):
        raise InputError(f"{place}: has no text; {_REMEDY}")
    speaker = segment.get("speaker")
    name = one_line(str(speaker)) if isinstance(speaker, str | int) else ""
    words = one_line(said)
    if name in ("", "?"):
        found, words = speaker_and_words(words)
        name = found or ""
    if words:
        yield Segment(start_s, end_s, words, place, name or None)


def _number(values: Mapping[str, object], key: str, place: str) -> float:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{place}: {key!r} is missing or not a number; correct it")
    try:
        return float(value)
    except OverflowError as error:
        raise InputError(f"{place}: {key!r} is too large; correct it") from error
