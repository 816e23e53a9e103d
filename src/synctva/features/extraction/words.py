"""Text features of a store through the cache, some hundred utterances at a time.

A vector depends a little, in its last digits, on the other texts of its batch. So what is cached
is a whole chunk: the same words always give the same bits, killed in between or not.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from synctva.corpus import Corpus, Description, Features
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache, cache_key
from synctva.features.extractors.language import flags_of_words
from synctva.features.extractors.registry import word_extractor
from synctva.features.preset import Preset
from synctva.features.store import FeatureStore

CHUNK_UTTERANCES = 256
"""A chunk is closed once it holds this many; a dialogue, with its context, is never split."""

WORDS = "text"
"""The modality of what is said."""


@dataclass(frozen=True)
class Words:
    """What the cache holds of a store's words.

    Attributes:
        description: What the vectors are.
        keys: First row of a chunk -> key.
        computed: Vectors that were not there before.
    """

    description: Description
    keys: dict[int, str]
    computed: int


@contextmanager
def words_beside(
    store: FeatureStore,
    preset: Preset,
    cache: Cache,
    shard: tuple[int, int],
    advance: Callable[[int], None],
) -> Iterator[Future[Words]]:
    """Fills the words into the cache in a thread; gives what will be its result.

    It has no result if the preset has no text. When an error ends the caller, the thread ends too,
    after the batch that it is at.
    """
    over = Event()

    def step(count: int) -> None:
        if over.is_set():
            raise CancelledError
        advance(count)

    with ThreadPoolExecutor(1, "words") as thread:
        words: Future[Words] = Future()
        if WORDS in preset.modalities:
            words = thread.submit(fill_words, store, preset, cache, shard, step)
        try:
            yield words
        finally:
            over.set()


def fill_words(
    store: FeatureStore,
    preset: Preset,
    cache: Cache,
    shard: tuple[int, int],
    advance: Callable[[int], None],
) -> Words:
    """Puts the text features of a store's chunks into the cache."""
    from synctva.features.extractors.text import text_features

    extractor = word_extractor(preset, WORDS)
    keys: dict[int, str] = {}
    computed = 0
    for row, chunk in share_of_chunks(store, shard):
        keys[row] = cache_key(extractor.description, _words(chunk))
        if cache.get_table(keys[row]) is not None:
            advance(len(chunk))
            continue
        cache.put_table(keys[row], text_features(chunk, extractor, advance).values)
        computed += len(chunk)
    return Words(extractor.description, keys, computed)


def share_of_chunks(store: FeatureStore, shard: tuple[int, int]) -> Iterator[tuple[int, Corpus]]:
    """Yields every n-th chunk from the i-th (counted from 1), and its first utterance's row."""
    row = number = 0
    for part in store.read_shards():
        for chunk in _chunks(part):
            if number % shard[1] == shard[0] - 1:
                yield row, chunk
            row += len(chunk)
            number += 1


def read_words(
    part: Corpus, description: Description, keys: Mapping[int, str], first: int, cache: Cache
) -> Features:
    """Returns the cached features of a shard whose first utterance has the row ``first``."""
    parts = []
    for chunk in _chunks(part):
        table = cache.get_table(keys[first])
        if table is None:
            raise InputError(
                f"{cache.path(keys[first])}: deleted or damaged meanwhile; run the command again"
            )
        parts.append(table[0])
        first += len(chunk)
    present = [bool((utterance.text or "").strip()) for _, utterance in part.utterances()]
    flags = flags_of_words(part, description)
    return Features(np.concatenate(parts), np.array(present), description, flags)


def _chunks(part: Corpus) -> Iterator[Corpus]:
    """Yields the dialogues of a shard, without features, in chunks."""
    words = replace(part, features={})
    ids: list[str] = []
    utterances = 0
    for number, dialogue in enumerate(part.dialogues, 1):
        ids.append(dialogue.id)
        utterances += len(dialogue.utterances)
        if utterances >= CHUNK_UTTERANCES or number == len(part.dialogues):
            yield words.select(ids)
            ids, utterances = [], 0


def _words(chunk: Corpus) -> list[list[list[str]]]:
    return [
        [[utterance.speaker, utterance.text or ""] for utterance in dialogue.utterances]
        for dialogue in chunk.dialogues
    ]
