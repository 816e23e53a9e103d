"""Puts the features of a store's utterances into the cache: recordings in processes, words beside.

Requests for recordings go to an engine: processes of this machine, or a cluster. The words are
encoded meanwhile by this process, in a thread: they are little work, and one model in memory.
"""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from synctva.corpus import Description
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.recording import Recordings, Request
from synctva.features.extraction.words import WORDS, Words, share_of_chunks, words_beside
from synctva.features.extractors.registry import KINDS
from synctva.features.preset import Preset
from synctva.features.store import FeatureStore
from synctva.work import Engine, MakeEngine, Task, on_this_machine

TIME_LIMIT_S = 300.0
"""For one modality of one utterance."""

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Failure:
    """An utterance that has no features of a modality because something is wrong with it."""

    dialogue: str
    turn: int
    modality: str
    reason: str


@dataclass
class Filled:
    """What the cache holds for a store.

    Attributes:
        descriptions: Modality -> what its features are.
        keys: Modality -> row -> key in the cache: of an utterance's recording (none where it
            failed or there is none), of a chunk's words under the chunk's first row.
        failures: Utterances that failed.
        computed: Vectors that were not in the cache before.
    """

    descriptions: dict[str, Description] = field(default_factory=dict)
    keys: dict[str, dict[int, str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    computed: int = 0


def share_named(shard: str) -> tuple[int, int]:
    """Returns (i, n) of ``i/n``.

    Raises:
        InputError: It is not written so, or i is not one of 1 to n.
    """
    i, _, n = shard.partition("/")
    if not (i.isdecimal() and n.isdecimal() and 1 <= int(i) <= int(n)):
        raise InputError(f"shard {shard!r}: write i/n with i from 1 to n, such as 1/4")
    return int(i), int(n)


def amount(store: FeatureStore, preset: Preset, shard: tuple[int, int] = (1, 1)) -> int:
    """Returns how many steps ``fill`` will report: utterances times modalities."""
    preset = _where_words_are(store, preset)
    steps = sum(
        KINDS[modality].has_source(utterance)
        for _, _, utterance in _rows(store, shard)
        for modality in _of_clips(preset)
    )
    if WORDS in preset.modalities:
        steps += sum(len(chunk) for _, chunk in share_of_chunks(store, shard))
    return steps


def fill(
    store: FeatureStore,
    preset: Preset,
    cache: Cache,
    *,
    workers: int | None = 1,
    engine: MakeEngine = on_this_machine,
    shard: tuple[int, int] = (1, 1),
    time_limit_s: float = TIME_LIMIT_S,
    advance: Advance = lambda count: None,
) -> Filled:
    """Puts the features of a store's utterances into the cache, those that are not there yet.

    Args:
        store: Whose utterances; it is only read.
        preset: Which extractors.
        cache: Where the features go.
        workers: Processes that decode recordings; None = as many as the engine has cores for.
        engine: Where they are.
        shard: (i, n): only every n-th dialogue, from the i-th (counted from 1).
        time_limit_s: For one modality of one utterance.
        advance: Called with the number of utterances that are done in one more modality; by two
            threads, but never at once.

    Raises:
        InputError: As ``refuse_loss``; an extractor cannot be loaded; or the engine's machines have
            not the same extractors, or not the same cache.
    """
    refuse_loss(store, preset)
    preset = _where_words_are(store, preset)
    filled, lock = Filled(), Lock()

    def told(count: int) -> None:
        with lock:
            advance(count)

    recorded = _recorded(store, preset)
    requests = (
        Request(row, dialogue.id, modality, utterance)
        for row, dialogue, utterance in _rows(store, shard)
        for modality in recorded
        if KINDS[modality].has_source(utterance)
    )
    with words_beside(store, preset, cache, shard, told) as words:
        if recorded:
            task = Task(_key, _begin, (preset, cache, recorded), time_limit_s)
            with engine(task, workers) as own:
                _collect(filled, own, requests, words, cache, told)
        if WORDS in preset.modalities:
            found = words.result()
            filled.descriptions[WORDS], filled.keys[WORDS] = found.description, found.keys
            filled.computed += found.computed
    return filled


def _collect(
    filled: Filled,
    engine: Engine,
    requests: Iterator[Request],
    words: Future[Words],
    cache: Cache,
    advance: Advance,
) -> None:
    """Notes what becomes of every request; a failure of the words is raised as soon as it is."""
    for request, outcome in engine.outcomes(requests, on_begin=partial(_meet, filled)):
        if words.done():
            words.result()
        if isinstance(outcome, InputError):
            where = request.dialogue, request.utterance.turn, request.modality
            filled.failures.append(Failure(*where, str(outcome)))
        else:
            key, computed = outcome
            _check_place(cache, key)
            filled.keys[request.modality][request.row] = key
            filled.computed += computed
        advance(1)


def _meet(filled: Filled, extractors: dict[str, Description]) -> None:
    """Notes the extractors of a worker, which may be on another machine than the others."""
    for modality, own in extractors.items():
        first = filled.descriptions.setdefault(modality, own)
        filled.keys.setdefault(modality, {})
        if own != first:
            raise InputError(
                f"{modality}: one worker has {first.name} ({first.version}),"
                f" another {own.name} ({own.version}), or other weights;"
                " install the same on every machine"
            )


def _check_place(cache: Cache, key: str) -> None:
    """Checks that what a worker has put into the cache is there for this process too."""
    if not cache.path(key).is_file():
        raise InputError(
            f"{cache.folder}: what a worker has put there is missing here; give a --cache that all"
            " machines share, at the same path"
        )


_recordings: list[Recordings] = []
"""In a worker: the one it was begun with."""


def _begin(preset: Preset, cache: Cache, modalities: tuple[str, ...]) -> dict[str, Description]:
    """Loads the extractors of modalities and returns which they are."""
    os.environ["OMP_NUM_THREADS"] = "1"  # one worker per core, each with one thread
    if "torch" in sys.modules:  # by way of the script that this process was begun with
        sys.modules["torch"].set_num_threads(1)
    _recordings.append(Recordings(preset, cache))
    return {modality: _recordings[0].describe(modality) for modality in modalities}


def _key(request: Request) -> tuple[str, bool]:
    return _recordings[0].key(request)


def _where_words_are(store: FeatureStore, preset: Preset) -> Preset:
    """Returns the preset, without text where the store has features of it but no words."""
    if WORDS not in store.features or any(one.text for _, _, one in _rows(store)):
        return preset
    return preset.without(WORDS)


def refuse_loss(store: FeatureStore, preset: Preset) -> None:
    """Checks that every utterance with features has what others can be extracted from.

    Raises:
        InputError: One does not, and would lack the modality while others get it.
    """
    preset = _where_words_are(store, preset)
    words = (WORDS,) if WORDS in preset.modalities else ()
    for modality in (*words, *_recorded(store, preset)):
        lost = [
            f"dialogue {dialogue.id!r} turn {utterance.turn}"
            for part in (store.read_shards() if modality in store.features else ())
            for (dialogue, utterance), here in zip(
                part.utterances(), part.features[modality].present, strict=True
            )
            if here and not KINDS[modality].has_source(utterance)
        ]
        if lost:
            needed = "words" if KINDS[modality].of_words else "recordings"
            others = ",".join(m for m in MODALITIES if m != modality)
            raise InputError(
                f"{store.path}: {lost[0]} would lose its {modality} features ({len(lost)} in all"
                f" would), as there are no {needed} to extract others from; keep them by"
                f" --set modalities={others}, or import again without them"
            )


def _of_clips(preset: Preset) -> tuple[str, ...]:
    """Returns the modalities to extract that are made of recordings."""
    return tuple(m for m in preset.modalities if not KINDS[m].of_words)


def _recorded(store: FeatureStore, preset: Preset) -> tuple[str, ...]:
    """Returns the modalities that any utterance of the store has a recording for."""
    found = {
        modality: None
        for _, _, utterance in _rows(store)
        for modality in _of_clips(preset)
        if KINDS[modality].has_source(utterance)
    }
    return tuple(found)


def _rows(
    store: FeatureStore, shard: tuple[int, int] = (1, 1)
) -> Iterator[tuple[int, Dialogue, Utterance]]:
    """Yields the utterances of a store, or of a share of its dialogues, with their rows in it."""
    row = number = 0
    for part in store.read_shards():
        for dialogue in part.dialogues:
            for utterance in dialogue.utterances:
                if number % shard[1] == shard[0] - 1:
                    yield row, dialogue, utterance
                row += 1
            number += 1
