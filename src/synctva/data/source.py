"""Finds out what a path holds, and reads it: the one place that knows all readers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from synctva.corpus import Corpus
from synctva.data.corpora import emodb, fer2013, iemocap, meld, meld_dev_features, mosi, ravdess
from synctva.data.corpora.emodb import read_emodb
from synctva.data.corpora.fer2013 import read_fer2013
from synctva.data.corpora.iemocap import read_iemocap
from synctva.data.corpora.iemocap_release import is_release, read_iemocap_release
from synctva.data.corpora.legacy import read_legacy
from synctva.data.corpora.meld import read_meld
from synctva.data.corpora.meld_dev_features import read_meld_dev_features
from synctva.data.corpora.meld_raw import find_table
from synctva.data.corpora.mosi import read_mosi
from synctva.data.corpora.ravdess import read_ravdess
from synctva.data.files.clips import MEDIA_SUFFIXES, has_named_clip, visible_files
from synctva.data.files.csv_file import read_header
from synctva.data.files.npz_file import npz_names
from synctva.data.files.parquet_file import parquet_names
from synctva.data.own.arrays import read_arrays
from synctva.data.own.folder import (
    find_tables,
    is_annotation,
    is_folder,
    lists_clips,
    read_folder,
)
from synctva.data.own.table import read_table
from synctva.data.split import fold_of
from synctva.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Kind:
    """Something that can be read.

    Attributes:
        is_it: Whether an existing path holds it, from its name and the names inside it.
        read: Its reader; takes the path and ``arguments``, but never ``fold``.
        arguments: Those of ``read_source`` that go with it; ``fold`` only where nobody has
            published splits, or splits by speaker.
    """

    is_it: Callable[[Path], bool]
    read: Callable[..., Corpus]
    arguments: tuple[str, ...] = ()


def _is_meld(path: Path) -> bool:
    if path.suffix.lower() == ".csv" and path.is_file():
        if {"Dialogue_ID", "Utterance_ID"} <= set(read_header(path)):
            raise InputError(f"{path}: one of MELD's CSV files; name their folder instead")
        return False
    return any(find_table(path, split, file) for split, file in meld.FILES.items())


def _is_meld_dev_features(path: Path) -> bool:
    is_archive = path.suffix.lower() == ".npz" and path.is_file()
    return is_archive and set(meld_dev_features.ARRAYS) == set(npz_names(path))


def _is_iemocap(path: Path) -> bool:
    if path.is_dir():
        table = path / "utterances.csv"
        return table.is_file() and bool(set(iemocap.AUDIO) & set(read_header(table)))
    return path.suffix.lower() == ".csv" and set(iemocap.COLUMNS) <= set(read_header(path))


def _is_mosi(path: Path) -> bool:
    if path.is_dir():
        return (path / "mosi.npz").is_file()
    return path.suffix.lower() == ".npz" and set(mosi.ARRAYS) <= set(npz_names(path))


def _is_fer2013(path: Path) -> bool:
    if path.is_dir():
        return (path / "fer2013.parquet").is_file()
    return path.suffix.lower() == ".parquet" and set(fer2013.COLUMNS) <= set(parquet_names(path))


def _has_table(path: Path) -> bool:
    """Returns whether a table of clips is there, which says of them what their names may not."""
    if path.is_dir():
        return bool(find_tables(path))
    return path.suffix.lower() == ".csv" and path.is_file() and lists_clips(path)


def _is_folder(path: Path) -> bool:
    return is_folder(path) if path.is_dir() else _has_table(path) or is_annotation(path)


def _has_suffix(*suffixes: str) -> Callable[[Path], bool]:
    return lambda path: path.is_file() and path.suffix.lower() in suffixes


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "meld": Kind(_is_meld, read_meld, ("schema",)),
        "meld-dev-features": Kind(_is_meld_dev_features, read_meld_dev_features, ("fold",)),
        "iemocap": Kind(_is_iemocap, read_iemocap),
        "iemocap-release": Kind(is_release, read_iemocap_release),
        "mosi": Kind(_is_mosi, read_mosi),
        "fer2013": Kind(_is_fer2013, read_fer2013, ("media",)),
        "ravdess": Kind(lambda path: has_named_clip(path, ravdess.NAME), read_ravdess),
        "emodb": Kind(lambda path: has_named_clip(path, emodb.NAME), read_emodb),
        "folder": Kind(_is_folder, read_folder, ("schema", "name", "fold")),
        "npz": Kind(_has_suffix(".npz"), read_arrays, ("name", "fold")),
        "table": Kind(_has_suffix(".csv", ".parquet"), read_table, ("schema", "name", "fold")),
        "legacy": Kind(_has_suffix(".pkl", ".pickle"), read_legacy, ("label_order",)),
    }
)
"""What can be read, by name."""

BY_CLIPS = ("ravdess", "emodb")
"""Those that are found by the names of clips, however deep they lie."""


def read_source(
    source: Path,
    kind: str | None = None,
    *,
    schema: str | None = None,
    name: str | None = None,
    label_order: Sequence[str] | None = None,
    media: Path | None = None,
    fold: tuple[int, int] | None = None,
) -> Corpus:
    """Returns the corpus at a path, whatever of ``KINDS`` it is.

    Args:
        source: A file or folder.
        kind: One of ``KINDS``; found out where not given.
        schema: Name of the emotion schema; for ``meld``, ``folder`` and ``table`` only.
        name: The corpus's name; for ``folder``, ``npz`` and ``table`` only.
        label_order: The emotions in the order of their numbers; for ``legacy`` only.
        media: Where pictures that are packed in the source are unpacked to; for others than
            ``fer2013`` it means nothing.
        fold: Which of how many folds by dialogue becomes ``test``, from 1, whatever the file says
            of splits; for ``meld-dev-features``, ``folder``, ``npz`` and ``table`` only.

    Raises:
        InputError: Nothing is there, its kind is not known, an argument does not go with the
            kind, or as the kind's own reader says.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(
            f"unknown kind {kind!r}: known are {', '.join(KINDS)}." + did_you_mean(kind, KINDS)
        )
    if not source.exists():
        raise InputError(f"{source}: no such file or folder")
    kind = kind or kind_of(source)
    wished = {"schema": schema, "name": name, "label_order": label_order, "fold": fold}
    given = {argument: value for argument, value in wished.items() if value is not None}
    for argument in given:
        if argument not in KINDS[kind].arguments:
            takers = [other for other, known in KINDS.items() if argument in known.arguments]
            raise InputError(
                f"{source}: {argument} goes with {_and(takers)}, and this is {kind}; leave it out"
            )
    given.pop("fold", None)
    if media is not None and "media" in KINDS[kind].arguments:
        given["media"] = media
    corpus = KINDS[kind].read(source, **given)
    return corpus if fold is None else fold_of(corpus, *fold)


def kind_of(source: Path) -> str:
    """Returns which of ``KINDS`` a path is, from its name and the names inside it.

    The first of them that it can be; but with a table of clips it is ``folder``.

    Raises:
        InputError: None of them, or several corpora.
    """
    if _has_table(source):
        return "folder"
    for name, kind in KINDS.items():
        if kind.is_it(source):
            _refuse_several(source, name)
            return name
    files = sorted(visible_files(source)) if source.is_dir() else [source]
    recording = next((path for path in files if path.suffix.lower() in MEDIA_SUFFIXES), None)
    if not files:
        raise InputError(f"{source}: an empty folder; put recordings or a table into it")
    if recording is not None:
        rest = (
            "name the transcript beside it"
            if recording == source
            else "put a transcript beside each"
        )
        raise InputError(
            f"{source}: recordings alone, and nothing that tells who says what in them; {rest},"
            f" such as {recording.with_suffix('.srt')}"
        )
    raise InputError(
        f"{source}: neither recordings nor a table; say what it is with --kind: {', '.join(KINDS)}"
    )


def _refuse_several(source: Path, kind: str) -> None:
    """Refuses a folder for the clips in and below it, where other corpora are below it as well."""
    if kind not in BY_CLIPS:
        return
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        other = next((name for name, known in KINDS.items() if known.is_it(folder)), kind)
        if other != kind and not folder.name.startswith("."):
            raise InputError(
                f"{source}: holds {kind} and, in {folder.name}, {other}; name the folder of one of"
                f" them, or say --kind {kind} to leave the rest"
            )


def _and(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else words[0]
