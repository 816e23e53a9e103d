"""Which transcript belongs to which recording: the one place that knows."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from synctva.transcripts.read import may_be_transcript

BY_HAND = (".eaf", ".textgrid", ".csv")
"""What people annotate in: the most that is known of a recording."""

ORDER = (*BY_HAND, ".json", ".vtt", ".srt", ".tsv", ".rttm", ".parquet")
"""Of several transcripts of a recording, the first counts: then ones with speakers, then words."""

_TAGGED = re.compile(
    r"(.+?)\.([a-z]{2,3}(?:[-_][a-z\d]{1,8}){0,3})(?:\.(?:forced|foreign|default|sdh|hi|cc))*",
    re.IGNORECASE | re.DOTALL,
)
"""A name with a language: ``talk.en``, ``talk.zh-Hans``, ``talk.en-orig``, ``talk.en.sdh``."""

_ENGLISH = ("en", "eng")


@dataclass(frozen=True)
class Belongings:
    """What belongs together in some folders.

    Attributes:
        of: Recording -> the transcripts of it, the one that counts first.
        alone: Transcripts of no recording, those of one name together, likewise.
    """

    of: Mapping[Path, tuple[Path, ...]]
    alone: tuple[tuple[Path, ...], ...]


def belongings(recordings: Iterable[Path], transcripts: Iterable[Path]) -> Belongings:
    """Returns which transcripts belong to which recordings.

    A transcript has the name of a recording in its folder, with or without the recording's suffix
    (``talk.srt``, ``talk.wav.srt``); a language may follow (``talk.en.srt``). Capitals and the form
    of accents make no difference where no other recording fits better. Of several, one without a
    language counts before English, and that before others; of these the first of ``ORDER``.

    Args:
        recordings: Paths of recordings.
        transcripts: Paths of files that have the suffixes of transcripts. Files that are none, as
            many tables and JSON files, belong to no recording, unless they have a recording's name.
    """
    named: dict[tuple[Path, str], list[Path]] = {}
    for recording in recordings:
        for name in {recording.name, recording.stem}:
            named.setdefault((recording.parent, _folded(name)), []).append(recording)
    of: dict[Path, list[Path]] = {}
    alone: dict[tuple[Path, str], list[Path]] = {}
    for path in transcripts:
        own = _recordings_of(path, named)
        if not own and may_be_transcript(path):
            alone.setdefault((path.parent, _folded(path.stem)), []).append(path)
        for recording in own:
            of.setdefault(recording, []).append(path)
    return Belongings(
        {recording: _in_order(paths, recording) for recording, paths in of.items()},
        tuple(_in_order(paths, paths[0]) for paths in alone.values()),
    )


def _recordings_of(path: Path, named: Mapping[tuple[Path, str], list[Path]]) -> list[Path]:
    """Returns the recordings that a transcript is named after."""
    tagged = _TAGGED.fullmatch(path.stem)
    for name in (path.stem, *([tagged[1]] if tagged and may_be_transcript(path) else [])):
        found = named.get((path.parent, _folded(name)), [])
        exact = [r for r in found if r.name == name] or [r for r in found if r.stem == name]
        if found:
            return exact or found
    return []


def _in_order(paths: list[Path], recording: Path) -> tuple[Path, ...]:
    """Returns transcripts of one recording, the one that counts first."""
    own = {_folded(recording.name), _folded(recording.stem)}
    rank = {path: ORDER.index(path.suffix.lower()) for path in paths}
    ordered = sorted(paths, key=lambda path: (_language(path, own), rank[path], path.name))
    return tuple(
        [path for path in ordered if len(paths) > 1 and may_be_transcript(path)] or ordered[:1]
    )


def _language(path: Path, own: set[str]) -> tuple[int, str]:
    """Returns how early a transcript counts by its language: none, English, others."""
    tagged = _TAGGED.fullmatch(path.stem)
    if tagged is None or _folded(path.stem) in own:
        return 0, ""
    language = tagged[2].lower()
    return (1 if re.split("[-_]", language)[0] in _ENGLISH else 2), language


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
