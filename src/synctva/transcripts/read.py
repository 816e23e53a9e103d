"""A file of annotations -> segments, whatever its format."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from synctva.errors import InputError, damage_told
from synctva.transcripts.elan import read_elan
from synctva.transcripts.parquet_table import read_parquet
from synctva.transcripts.rttm import read_rttm
from synctva.transcripts.segment import Segment, Transcript
from synctva.transcripts.source import Source
from synctva.transcripts.subtitles import read_subtitles
from synctva.transcripts.table import is_of_times, read_rows
from synctva.transcripts.textgrid import read_textgrid
from synctva.transcripts.whisper import has_segments, read_whisper

READERS: Mapping[str, Callable[[Source], Iterable[Segment]]] = MappingProxyType(
    {
        ".srt": read_subtitles,
        ".vtt": read_subtitles,
        ".eaf": read_elan,
        ".textgrid": read_textgrid,
        ".csv": read_rows,
        ".tsv": read_rows,
        ".rttm": read_rttm,
        ".json": read_whisper,
        ".parquet": read_parquet,
    }
)
"""The formats: the suffix in small letters, and what reads it."""

TIERED = (".eaf", ".textgrid")
"""The formats that have tiers."""

NO_TIERS = "not a file of ELAN or Praat, so there are no tiers; leave out --tiers"
"""The message about a file or a folder without tiers, if tiers were named."""

SUFFIXES = tuple(suffix for suffix in READERS if suffix != ".parquet")
"""Those that are looked for beside recordings; a Parquet file may be anything, so it is named."""


def read_transcript(path: Path, tiers: Sequence[str] = ()) -> Transcript:
    """Returns what a file of ``READERS`` says, in the order of time; segments may overlap.

    Args:
        path: The file.
        tiers: Of ELAN and Praat: the names of the tiers that count, those of words and those of
            emotions, or patterns such as ``*_utterance``; none = all but phones.

    Raises:
        InputError: It is no such file, or in another encoding than UTF-8, or too large, or declares
            a document type; nothing in it can be read; a table's time cannot be read; an emotion
            tier belongs to no speaker, or two to one; or nobody speaks in it.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: not a file of annotations; known are {', '.join(READERS)}")
    if tiers and path.suffix.lower() not in TIERED:
        raise InputError(f"{path}: {NO_TIERS}")
    source = Source(path, tiers)
    with damage_told(path):
        segments = list(reader(source))
    source.check_left(segments)
    ordered = sorted(segments, key=lambda segment: (segment.start_s, segment.end_s))
    return Transcript(tuple(ordered), source.note())


def tiers_of_each(
    source: Path, files: Sequence[Path], tiers: Sequence[str]
) -> dict[Path, Sequence[str]]:
    """Returns the tiers that count in each of several files: those named, where it has tiers.

    Args:
        source: Where the files are, for messages.
        files: Files of annotations, or recordings that have none.
        tiers: As in ``read_transcript``.

    Raises:
        InputError: Tiers are named, and no file has any.
    """
    tiered = {path for path in files if path.suffix.lower() in TIERED}
    if tiers and not tiered:
        raise InputError(f"{source}: {NO_TIERS}")
    return {path: tiers if path in tiered else () for path in files}


def may_be_transcript(path: Path) -> bool:
    """Returns whether a file of ``SUFFIXES`` may be a transcript by more than its name.

    Other files end in .json, .csv and .tsv too: without segments, or without columns of times,
    they are not transcripts. What cannot be read may be one.
    """
    try:
        if path.suffix.lower() == ".json":
            return has_segments(Source(path).text)
        return path.suffix.lower() not in (".csv", ".tsv") or is_of_times(path)
    except (InputError, OSError):
        return True
