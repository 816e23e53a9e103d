"""Whether a store was made of what a corpus's files hold now, or they have changed since."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus
from synctva.dialogue import Dialogue
from synctva.errors import InputError
from synctva.features.store import FeatureStore, check_place, open_store, write_store


def goes_on(out: Path, *, overwrite: bool) -> bool:
    """Returns whether a store is at a path that is to be resumed.

    Raises:
        InputError: Something else is there.
    """
    if (out / "manifest.json").is_file() and not overwrite:
        return True
    check_place(out, overwrite=overwrite)
    return False


def begun(
    corpus: Corpus, source: Path, out: Path, pictures: Path, *, overwrite: bool = False
) -> FeatureStore:
    """Returns the store of a corpus: the one that was made of it, or a new one.

    Args:
        corpus: What is, or was, at ``source``.
        source: Where it was read, for messages.
        out: The store's folder.
        pictures: Where pictures were unpacked to.
        overwrite: Make the store anew.

    Raises:
        InputError: The store that is there was made of something else.
    """
    if not goes_on(out, overwrite=overwrite):
        return write_store(corpus, out, overwrite=overwrite)
    store = open_store(out)
    if not is_made_of(store, corpus, pictures):
        raise InputError(
            f"{out}: not made of {source} as it is now; replace it with --overwrite, or"
            f" resume it as it is: synctva features {out}"
        )
    return store


def is_made_of(store: FeatureStore, corpus: Corpus, pictures: Path) -> bool:
    """Returns whether a store was written from a corpus, whatever was extracted into it since.

    Args:
        store: The store; its emotions may be called otherwise by now.
        corpus: What it may have been written from, with the features it came with.
        pictures: Where pictures were unpacked to; the corpus, only read, has no media for them.
    """
    if store.name != corpus.name or sum(store.utterances.values()) != len(corpus):
        return False
    names = corpus.schema.mapping(store.schema)
    dialogues = iter(corpus.dialogues)
    row = 0
    for part in store.read_shards():
        for held in part.dialogues:
            dialogue = next(dialogues, None)
            if dialogue is None or _bare(held, pictures.absolute()) != _renamed(dialogue, names):
                return False
        if not _has_features(part, corpus, row):
            return False
        row += len(part)
    return True


def _bare(dialogue: Dialogue, pictures: Path) -> Dialogue:
    """Returns a dialogue without the media that lie in a folder."""
    utterances = tuple(
        replace(u, media=None) if u.media and Path(u.media).is_relative_to(pictures) else u
        for u in dialogue.utterances
    )
    return replace(dialogue, utterances=utterances)


def _renamed(dialogue: Dialogue, names: Mapping[str, str | None]) -> Dialogue:
    """Returns a dialogue with the emotions that have another name called by it."""
    utterances = tuple(
        replace(u, emotion=names[u.emotion] or u.emotion) if u.emotion else u
        for u in dialogue.utterances
    )
    return replace(dialogue, utterances=utterances)


def _has_features(part: Corpus, corpus: Corpus, first: int) -> bool:
    """Returns whether a shard has a corpus's features from a row on, or others in their place."""
    rows = slice(first, first + len(part))
    return all(
        modality in part.features
        and (
            part.features[modality].fingerprint != features.fingerprint
            or np.array_equal(part.features[modality].values, features.values[rows])
        )
        for modality, features in corpus.features.items()
    )
