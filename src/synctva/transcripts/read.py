"""A file of annotations -> segments, whatever of its formats it is."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from synctva.errors import InputError
from synctva.transcripts.elan import read_elan
from synctva.transcripts.rttm import read_rttm
from synctva.transcripts.segment import Segment
from synctva.transcripts.subtitles import read_subtitles
from synctva.transcripts.table import is_of_times, read_rows
from synctva.transcripts.text_file import text_of
from synctva.transcripts.textgrid import read_textgrid
from synctva.transcripts.whisper import has_segments, read_whisper

READERS: Mapping[str, Callable[[Path, str], Iterable[Segment]]] = MappingProxyType(
    {
        ".srt": read_subtitles,
        ".vtt": read_subtitles,
        ".eaf": read_elan,
        ".textgrid": read_textgrid,
        ".csv": read_rows,
        ".tsv": read_rows,
        ".rttm": read_rttm,
        ".json": read_whisper,
    }
)
"""The formats: the suffix in small letters, and what reads it."""

SUFFIXES = tuple(READERS)


def read_transcript(path: Path) -> list[Segment]:
    """Returns what a file of ``SUFFIXES`` says, in the order of time; segments may overlap.

    Raises:
        InputError: It is no such file, or not in UTF-8, or too large, or declares a document type;
            a time cannot be read, is negative, or ends before it begins; an emotion tier belongs
            to no speaker; or nobody speaks in it.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: no file of annotations; known are {', '.join(SUFFIXES)}")
    segments = list(reader(path, text_of(path)))
    if not segments:
        raise InputError(f"{path}: nobody speaks in it; a line or an annotation each is needed")
    return sorted(segments, key=lambda segment: (segment.start_s, segment.end_s))


def may_be_transcript(path: Path) -> bool:
    """Returns whether a file of ``SUFFIXES`` may be one by more than its name.

    Other things are called .json, .csv and .tsv too: without segments, or without columns of times,
    they are none. What cannot be read may be one.
    """
    try:
        if path.suffix.lower() == ".json":
            return has_segments(text_of(path))
        return path.suffix.lower() not in (".csv", ".tsv") or is_of_times(path)
    except (InputError, OSError):
        return True
