"""Detects what a path holds, and reads it.

Every module of ``corpora`` and ``own`` that ends in a ``Kind`` is a reader; no other list exists.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from synctva.corpus import Corpus
from synctva.data import corpora, own
from synctva.data.files.clips import MEDIA_SUFFIXES, visible_files
from synctva.data.kind import Kind
from synctva.data.own import folder
from synctva.data.own.clips_table import has_table
from synctva.data.split import fold_of
from synctva.errors import InputError, damage_told, did_you_mean


def _kinds_in(package: ModuleType) -> Iterator[Kind]:
    """Yields what the modules of a package can read, in the order of their names."""
    for name in sorted(module.name for module in iter_modules(package.__path__)):
        kind = getattr(import_module(f"{package.__name__}.{name}"), "KIND", None)
        if isinstance(kind, Kind):
            yield kind


_CORPORA = tuple(_kinds_in(corpora))
_OWN = tuple(_kinds_in(own))

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (*_CORPORA, *_OWN)})
"""What can be read, by name."""


def read_source(
    source: Path,
    kind: str | None = None,
    *,
    schema: str | None = None,
    name: str | None = None,
    label_order: Sequence[str] | None = None,
    media: Path | None = None,
    fold: tuple[int, int] | None = None,
    tiers: Sequence[str] | None = None,
) -> Corpus:
    """Returns the corpus at a path, whichever of ``KINDS`` it is.

    Args:
        source: A file or folder.
        kind: One of ``KINDS``; detected if not given.
        schema: Name of the emotion schema; for ``meld``, ``folder`` and ``table`` only.
        name: The corpus's name; for ``folder``, ``npz`` and ``table`` only.
        label_order: The emotions in the order of their numbers; for ``legacy`` only.
        media: The folder for pictures that are packed in the source; it means nothing for others
            than ``fer2013``.
        fold: Which of how many folds by dialogue becomes ``test``, from 1, whatever the file says
            of splits; for ``meld-dev-features``, ``meld-faces`` (its test split is left out then),
            ``folder``, ``npz`` and ``table`` only.
        tiers: The tiers that count of ELAN and Praat files; for ``folder`` only.

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
    wished = {"schema": schema, "name": name, "label_order": label_order}
    wished |= {"fold": fold, "tiers": tiers}
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
    with damage_told(source):
        corpus = KINDS[kind].read(source, **given)
    if fold is None:
        return corpus
    divided = [d.id for d in corpus.dialogues if d.split in KINDS[kind].folded]
    return fold_of(corpus.select(divided), *fold)


def kind_of(source: Path) -> str:
    """Returns which of ``KINDS`` a path is, from its name and the names inside it.

    A published corpus comes before one's own files; but with a table of clips it is ``folder``.

    Raises:
        InputError: None of them, or several corpora.
    """
    if has_table(source):
        return folder.KIND.name
    here = {kind.name: "" for kind in _CORPORA if kind.is_it(source)}
    found = {**dict(_corpora_below(source)), **here}
    if not found or _has_own_beside(source, found):
        found |= dict.fromkeys([kind.name for kind in _OWN if kind.is_it(source)][:1], "")
    if not found:
        raise _nothing(source)
    if len(found) > 1 or any(found.values()):
        raise _not_one(source, found)
    return next(iter(found))


def _corpora_below(source: Path) -> Iterator[tuple[str, str]]:
    """Yields the published corpora in the folders below, and where."""
    for path, folders, _ in os.walk(source):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for below in (Path(path) / name for name in folders):
            for kind in _CORPORA:
                with suppress(InputError):  # of a file that may be anything
                    if kind.is_it(below):
                        yield kind.name, below.relative_to(source).as_posix()


def _has_own_beside(source: Path, found: Iterable[str]) -> bool:
    """Returns whether own recordings are beside corpora that would take no notice of them."""
    clips = [pattern for name in found if (pattern := KINDS[name].clips)]
    return source.is_dir() and folder.is_folder(source, clips)


def _not_one(source: Path, found: Mapping[str, str]) -> InputError:
    """Returns what to say of a folder that holds several corpora, or one below it."""
    told = _and([f"{name} in {place}" if place else name for name, place in found.items()])
    if len(found) == 1:
        return InputError(f"{source}: holds {told}; name that folder")
    return InputError(
        f"{source}: holds {told}; put each into a folder of its own and name one, or say"
        f" --kind {next(iter(found))} to leave out the rest"
    )


def _nothing(source: Path) -> InputError:
    """Returns what to say of a path that is none of ``KINDS``."""
    files = sorted(visible_files(source)) if source.is_dir() else [source]
    recording = next((path for path in files if path.suffix.lower() in MEDIA_SUFFIXES), None)
    if not files:
        return InputError(f"{source}: an empty folder; put recordings or a table into it")
    if recording is not None:
        rest = (
            "name the transcript beside it"
            if recording == source
            else "put a transcript beside each"
        )
        return InputError(
            f"{source}: only recordings, and nothing that says who says what in them; {rest},"
            f" such as {recording.with_suffix('.srt')}"
        )
    return InputError(
        f"{source}: neither recordings nor a table; say what it is with --kind: {', '.join(KINDS)}"
    )


def _and(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else words[0]
