"""Folders of recordings: which files are recordings, and which names say what they hold."""

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from synctva.errors import InputError
from synctva.media.local_file import AUDIO_SUFFIXES as AUDIO_SUFFIXES
from synctva.media.local_file import MEDIA_SUFFIXES as MEDIA_SUFFIXES
from synctva.media.local_file import VIDEO_SUFFIXES as VIDEO_SUFFIXES

_log = logging.getLogger(__name__)


def visible_files(folder: Path) -> Iterator[Path]:
    """Yields the files in a folder and below, without those whose name begins with a dot.

    A Mac puts a ``._name`` beside every ``name`` in the archives it makes.
    """
    for path in folder.rglob("*"):
        if not path.name.startswith(".") and path.is_file():
            yield path


def files_with_suffix(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Returns the visible files of these kinds in a folder and below, in the order of names."""
    return sorted(path for path in visible_files(folder) if path.suffix.lower() in suffixes)


def named_clips(folder: Path, name: re.Pattern[str]) -> dict[str, tuple[Path, re.Match[str]]]:
    """Returns the recordings in a folder and below whose stems match, by stem, in its order.

    Other recordings are left out; a warning says how many.

    Raises:
        InputError: Two files of one name differ in size.
    """
    found: dict[str, tuple[Path, re.Match[str]]] = {}
    others: list[str] = []
    for path in sorted(visible_files(folder)):
        match = name.fullmatch(path.stem)
        if path.suffix.lower() not in MEDIA_SUFFIXES:
            continue
        if match is None:
            others.append(path.relative_to(folder).as_posix())
            continue
        path = path.absolute()
        first = found.setdefault(path.stem, (path, match))[0]
        if path.stat().st_size != first.stat().st_size:
            raise InputError(
                f"{path}: a clip of this name, but another size, is at {first}; remove one of them"
            )
    tell_left_out(folder, others if found else [], "recordings of other names")
    return dict(sorted(found.items()))


def tell_left_out(folder: Path, names: Sequence[str], what: str) -> None:
    """Logs what is not read in a folder, if there is anything."""
    if not names:
        return
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    _log.warning("%s: %d %s left out: %s", folder, len(names), what, shown)


def has_named_clip(folder: Path, name: re.Pattern[str]) -> bool:
    """Returns whether any recording in a folder or below has a stem that matches."""
    return any(
        name.fullmatch(path.stem) and path.suffix.lower() in MEDIA_SUFFIXES
        for path in visible_files(folder)
    )
