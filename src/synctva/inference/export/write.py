"""A recognition -> a file, in the format that its suffix names."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from synctva.errors import InputError, did_you_mean
from synctva.files import write_bytes
from synctva.inference.export.as_json import json_bytes
from synctva.inference.export.elan import elan_bytes
from synctva.inference.export.emotionml import emotionml_bytes
from synctva.inference.export.subtitles import srt_bytes, vtt_bytes
from synctva.inference.export.table import csv_bytes, parquet_bytes
from synctva.inference.export.textgrid import textgrid_bytes
from synctva.inference.recognition import Recognition

WRITERS: Mapping[str, Callable[[Recognition, Path], bytes]] = MappingProxyType(
    {
        ".json": json_bytes,
        ".csv": csv_bytes,
        ".parquet": parquet_bytes,
        ".srt": srt_bytes,
        ".vtt": vtt_bytes,
        ".eaf": elan_bytes,
        ".textgrid": textgrid_bytes,
        ".emotionml": emotionml_bytes,
    }
)
"""The formats: the suffix in small letters, and what makes the content of a file at a path."""

SUFFIXES = tuple(WRITERS)

TIMED = (".srt", ".vtt", ".eaf", ".textgrid", ".emotionml")
"""Those in which nothing can stand that has no time."""


def write_recognition(recognition: Recognition, path: Path) -> None:
    """Writes a recognition in the format that the suffix of ``path`` names, replacing a file there.

    Raises:
        InputError: The suffix is none of ``SUFFIXES``, or of ``TIMED`` and nothing tells when
            somebody speaks; or the file cannot be written.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"{path}: unknown ending; a recognition is written as one of {', '.join(SUFFIXES)}"
            + did_you_mean(path.suffix.lower(), SUFFIXES)
        )
    if not recognition.has_times:
        check_untimed(path)
    try:
        write_bytes(path, writer(recognition, path))
    except OSError as error:
        raise InputError(f"{path}: not written ({error}); choose another place") from error


def check_untimed(path: Path) -> None:
    """Checks that turns without times can be written into a file.

    Raises:
        InputError: They cannot: its format has a time for each.
    """
    if path.suffix.lower() in TIMED:
        raise InputError(
            f"{path}: this format needs times, and the turns have none; write json,"
            " csv, parquet or html"
        )
