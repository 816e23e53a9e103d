"""A file of annotations -> spans, whatever of its formats it is."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from synctva.annotation.elan import read_elan
from synctva.annotation.rttm import read_rttm
from synctva.annotation.span import Span
from synctva.annotation.subtitles import read_subtitles
from synctva.annotation.table import is_of_times, read_rows
from synctva.annotation.text_file import text_of
from synctva.annotation.textgrid import read_textgrid
from synctva.annotation.whisper import has_segments, read_whisper
from synctva.errors import InputError

READERS: Mapping[str, Callable[[Path, str], Iterable[Span]]] = MappingProxyType(
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


def read_annotation(path: Path) -> list[Span]:
    """Returns what a file of ``SUFFIXES`` says, in the order of time; spans may overlap.

    Raises:
        InputError: It is no such file, or not in UTF-8, or too large, or declares a document type;
            a time cannot be read, is negative, or ends before it begins; an emotion tier belongs
            to no speaker; or nobody speaks in it.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: no file of annotations; known are {', '.join(SUFFIXES)}")
    spans = list(reader(path, text_of(path)))
    if not spans:
        raise InputError(f"{path}: nobody speaks in it; a line or an annotation each is needed")
    return sorted(spans, key=lambda span: (span.start_s, span.end_s))


def may_be_annotation(path: Path) -> bool:
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
