"""A file of annotations -> spans, whatever of its formats it is."""

from pathlib import Path

from synctva.annotation.elan import read_elan
from synctva.annotation.span import Span
from synctva.annotation.subtitles import read_subtitles
from synctva.errors import InputError

LARGEST_BYTES = 32 << 20
"""A file of annotations that is larger than this is none."""

SUFFIXES = (".srt", ".vtt", ".eaf")


def read_annotation(path: Path) -> list[Span]:
    """Returns what a file of ``SUFFIXES`` says, in the order of time.

    Raises:
        InputError: It is no such file, or not in UTF-8, or too large, or declares a document type;
            a time cannot be read; an emotion tier belongs to no speaker; or nobody speaks in it.
    """
    text = _text(path)
    spans = (
        read_elan(path, text) if path.suffix.lower() == ".eaf" else list(read_subtitles(path, text))
    )
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
