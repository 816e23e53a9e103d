"""Whether a store was made of what a corpus's files hold now, or they have changed since."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus
from synctva.dialogue import Dialogue
from synctva.features.store import FeatureStore


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
