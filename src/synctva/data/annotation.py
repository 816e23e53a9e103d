"""Subtitles (SRT, VTT) and ELAN files of a recording -> who says what when.

In subtitles a speaker is a VTT voice (``<v Ada>``), or stands before a colon (``Ada: Hello.``):
one to three words with capitals (or numbers: ``Speaker 1``). In ELAN a tier without a parent is a
speaker, called by its participant or else by the tier. A tier with ``emotion`` in its name tells
the emotions of its parent tier, or of the tier of the same participant, or of the tier whose name
it is otherwise (``emotion Ada`` of ``Ada``); other tiers with a parent are left out.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synctva.data.assemble import told_at
from synctva.errors import InputError

LARGEST_BYTES = 32 << 20
"""A file of annotations that is larger than this is none."""

SUFFIXES = (".srt", ".vtt", ".eaf")

_VOICE = re.compile(r"<v(?:\.[^ \t>]*)?[ \t]+([^>]+)>")
_SAID = re.compile(r"([^\W\d_a-z][\w.'-]*(?: [^\W_a-z][\w.'-]*){0,2}): (.*)")
_DECLARED = re.compile(r"\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)[\"']")
_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")


@dataclass(frozen=True)
class Span:
    """A stretch of a recording in which somebody speaks.

    Attributes:
        start_s: Its start, in seconds.
        end_s: Its end, in seconds.
        text: What is said; empty where it is not written.
        place: Where that is written, for messages.
        speaker: Who speaks; None = not said.
        emotion: How it is felt; None = not said.
    """

    start_s: float
    end_s: float
    text: str
    place: str
    speaker: str | None = None
    emotion: str | None = None


def read_annotation(path: Path) -> list[Span]:
    """Returns what a file of ``SUFFIXES`` says, in the order of time.

    Raises:
        InputError: It is no such file, or not in UTF-8, or too large, or declares a document type;
            a time cannot be read; an emotion tier belongs to no speaker; or nobody speaks in it.
    """
    text = _text(path)
    spans = _elan(path, text) if path.suffix.lower() == ".eaf" else list(_subtitles(path, text))
    if not spans:
        raise InputError(f"{path}: nobody speaks in it; a line or an annotation each is needed")
    return sorted(spans, key=lambda span: (span.start_s, span.end_s))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: larger than {LARGEST_BYTES >> 20} MiB; divide the recording")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not read as text in UTF-8 ({error}); convert it") from error
    if "\0" in text:
        raise InputError(f"{path}: not text in UTF-8; convert it")
    return text


def _subtitles(path: Path, text: str) -> Iterator[Span]:
    """Yields the lines of an SRT or VTT file, which blank lines part."""
    lines = [*text.splitlines(), ""]
    block: list[str] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            block.append(line.rstrip())
            continue
        timed = next((row for row, line in enumerate(block) if "-->" in line), None)
        if timed is not None and not block[0].startswith("NOTE"):
            place = f"{path}: line {number - len(block) + timed}"
            yield from _cue(path, block[timed:], place)
        block = []


def _cue(path: Path, lines: Sequence[str], place: str) -> Iterator[Span]:
    """Yields what is said in one subtitle: its line of times, then its text."""
    from pysubs2 import SSAFile

    kind = path.suffix.lower().removeprefix(".")
    events = SSAFile.from_string(lines[0], format_=kind).events
    if len(events) != 1:
        mark = "." if kind == "vtt" else ","
        raise InputError(
            f"{place}: {lines[0][:60]!r} is not written 00:00:01{mark}000 --> 00:00:02{mark}500;"
            " correct it"
        )
    if any("-->" in line for line in lines[1:]):
        raise InputError(f"{place}: two lines of times without a blank line between; put one there")
    start_s, end_s = events[0].start / 1000, events[0].end / 1000
    for speaker, said in _voices("\n".join(lines[1:])):
        if said:
            yield Span(start_s, end_s, said, place, speaker)


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """Yields the speakers of a subtitle with their words."""
    before, *parts = _VOICE.split(text)
    plain = _plain(before)
    match = _SAID.fullmatch(plain)
    yield (match[1], match[2]) if match else (None, plain)
    for speaker, said in zip(parts[::2], parts[1::2], strict=True):
        yield _plain(speaker), _plain(said)


def _plain(text: str) -> str:
    """Returns a text without markup and line breaks."""
    bare = re.sub(r"</?[a-zA-Z][^>]*>|<\d[\d:.]*>|\{\\[^}]*\}", "", text)
    return " ".join(html.unescape(bare).split())


def _elan(path: Path, text: str) -> list[Span]:
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
