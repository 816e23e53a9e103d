"""What speech recognisers write as JSON -> segments; and our own recognitions.

``segments`` with ``start``, ``end`` and ``text`` (openai-whisper, faster-whisper; WhisperX adds
``speaker``), such a list alone, or ``transcription`` with ``offsets`` in milliseconds
(whisper.cpp). Of services that were asked to tell speakers apart, ``utterances`` (AssemblyAI and
Deepgram) or ``audio_segments`` (Amazon Transcribe). A recognition has ``utterances`` with
``start_s``, ``end_s`` and ``emotion``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from synctva.errors import InputError
from synctva.transcripts.segment import Segment, one_line
from synctva.transcripts.source import Source
from synctva.transcripts.speakers import who_says_what
from synctva.transcripts.times import are_milliseconds

RECOGNITION = "synctva-recognition-1"
"""What a recognition has under ``format``."""

_REMEDY = (
    "a JSON file of Whisper, WhisperX or whisper.cpp is needed, or with speakers told apart of"
    " AssemblyAI, Deepgram or Amazon Transcribe"
)

_OF_SERVICES = (("utterances",), ("results", "utterances"), ("results", "audio_segments"))
"""Where AssemblyAI, Deepgram and Amazon Transcribe keep who says what when."""

_SPELLINGS = {
    "start": ("start", "start_time"),
    "end": ("end", "end_time"),
    "text": ("text", "transcript"),
    "speaker": ("speaker", "speaker_label"),
}
"""How each key of a segment may be called: Amazon Transcribe's are the second, Deepgram's text."""


def read_whisper(source: Source) -> Iterator[Segment]:
    """Yields the segments of a speech recogniser's JSON file, or the utterances of a recognition.

    A segment without times or text is left out and noted.

    Raises:
        InputError: It is no such file.
    """
    try:
        content = json.loads(source.text)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:80]
        raise InputError(f"{source.path}: not JSON, or damaged ({reason}); {_REMEDY}") from error
    name, segments, read = _segments(source, content)
    places = [f"{source.path}: {name} {number}" for number in range(1, len(segments) + 1)]
    found = list(source.each(zip(segments, places, strict=True), read))
    if name == "utterances":
        yield from found
        return
    letters = sum(len(segment.text) for segment in found)
    if are_milliseconds([(one.start_s, one.end_s) for one in found], letters):
        source.notes.append("its times, whole numbers, are read as milliseconds")
        found = [replace(o, start_s=o.start_s / 1000, end_s=o.end_s / 1000) for o in found]
    said = who_says_what([() if one.speaker else (one.text,) for one in found])
    for segment, turns in zip(found, said, strict=True):
        for speaker, text in turns or [(segment.speaker, segment.text)]:
            if text:
                yield Segment(segment.start_s, segment.end_s, text, segment.place, speaker)


def has_segments(text: str) -> bool:
    """Returns whether a JSON file's text is a speech recogniser's, by its form, or is damaged."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return True
    if isinstance(content, dict):
        own = any(isinstance(content.get(name), list) for name in ("segments", "transcription"))
        return own or _of_a_service(content) is not None
    segments = content if isinstance(content, list) else []
    return any(isinstance(one, dict) and {"start", "offsets"} & set(one) for one in segments)


def _segments(source: Source, content: object) -> tuple[str, list[Any], Any]:
    """Returns how the file calls its segments, the list of them, and what reads one."""
    if isinstance(content, list):
        return "segment", content, _segment
    if isinstance(content, dict):
        if content.get("format") == RECOGNITION and isinstance(content.get("utterances"), list):
            return "utterances", content["utterances"], _utterance
        for name in ("segments", "transcription"):
            if isinstance(content.get(name), list):
                return name, content[name], _segment
        if (found := _of_a_service(content)) is not None:
            return "utterance", found, _segment
    raise InputError(f"{source.path}: has neither 'segments' nor 'transcription'; {_REMEDY}")


def _of_a_service(content: Mapping[str, object]) -> list[Any] | None:
    """Returns the utterances of a service's file whose first one has a start, an end and words."""
    for path in _OF_SERVICES:
        found: object = content
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        first = found[0] if isinstance(found, list) and found else None
        if isinstance(first, Mapping) and {"start", "end", "text"} <= _as_usual(first).keys():
            return cast(list[Any], found)
    return None


def _as_usual(segment: Mapping[str, object]) -> dict[str, object]:
    """Returns a segment by the usual names of its keys."""
    return {
        usual: segment[name]
        for usual, names in _SPELLINGS.items()
        for name in reversed(names)
        if name in segment
    }


def _segment(written: tuple[object, str]) -> Iterator[Segment]:
    segment, place = written
    if not isinstance(segment, Mapping):
        raise InputError(f"{place}: is not a segment with start, end and text; {_REMEDY}")
    segment = {**segment, **_as_usual(segment)}
    offsets = segment.get("offsets")
    if isinstance(offsets, Mapping):
        start_s, end_s = (_number(offsets, key, place) / 1000 for key in ("from", "to"))
    else:
        start_s, end_s = (_number(segment, key, place) for key in ("start", "end"))
    said = segment.get("text")
    if not isinstance(said, str):
        raise InputError(f"{place}: has no text; {_REMEDY}")
    name = _text(segment, "speaker")
    if one_line(said):
        yield Segment(start_s, end_s, one_line(said), place, None if name == "?" else name)


def _utterance(written: tuple[object, str]) -> Iterator[Segment]:
    utterance, place = written
    if not isinstance(utterance, Mapping):
        raise InputError(f"{place}: is not an utterance of a recognition; recognise it again")
    start_s, end_s = (_number(utterance, key, place) for key in ("start_s", "end_s"))
    text, emotion = _text(utterance, "text") or "", _text(utterance, "emotion")
    yield Segment(start_s, end_s, text, place, _text(utterance, "speaker"), emotion)


def _text(values: Mapping[str, object], key: str) -> str | None:
    value = values.get(key)
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    return (one_line(str(value)) or None) if is_text else None


def _number(values: Mapping[str, object], key: str, place: str) -> float:
    value = values.get(key)
    is_written = isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value)
    if isinstance(value, bool) or not (isinstance(value, int | float) or is_written):
        raise InputError(f"{place}: {key!r} is missing or not a number; correct it")
    try:
        return float(cast(float, value))
    except OverflowError as error:
        raise InputError(f"{place}: {key!r} is too large; correct it") from error
