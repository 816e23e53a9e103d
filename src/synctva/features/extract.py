"""From recordings and words to a store's features: cached, parallel, resumable.

First every missing vector is computed and put into the cache, which is all that a killed job
needs to go on; then the store is written from the cache, shard by shard. So jobs of an array may
fill the same cache, each with its own share of the dialogues.
"""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from synctva.corpus import Corpus, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.errors import InputError
from synctva.features.cache import Cache
from synctva.features.pool import supervised
from synctva.features.preset import Preset
from synctva.features.recording import Known, Recordings, Request, load_extractor
from synctva.features.standardise import standardise
from synctva.features.store import FeatureStore, concatenate, write_parts, write_store
from synctva.features.words import fill_words, read_words, share_of_chunks
from synctva.files import write_bytes, write_text

TIME_LIMIT_S = 300.0
"""For one modality of one utterance, the loading of the extractor included."""

FAILURES = "failures.csv"
"""In the store: the utterances that failed, and why; not there if none did."""

STANDARDISATION = "audio-standardisation.parquet"
"""In the store: mean and sd that its audio features were standardised by, where they were."""

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
        known: Modality -> its extractor and width.
        keys: Modality -> row -> key in the cache: of an utterance's recording (none where it
            failed or there is none), of a chunk's words under the chunk's first row.
        failures: Utterances that failed.
        computed: Vectors that were not in the cache before.
    """

    known: dict[str, Known] = field(default_factory=dict)
    keys: dict[str, dict[int, str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    computed: int = 0


def extract(
    store: FeatureStore,
    preset: Preset,
    cache: Cache,
    *,
    workers: int = 1,
    standardise_by: str | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    advance: Advance = lambda count: None,
) -> Filled:
    """Fills the cache for a store and writes the features into it; returns what was done.

    An utterance that fails lacks the modality, with the flag ``failed``. A modality of which no
    utterance has a recording stays as it is in the store.

    Args:
        store: The store; it is replaced by the one with the features, at once, at the end.
        preset: Which extractors.
        cache: Where features are looked up and kept.
        workers: Processes that decode recordings.
        standardise_by: How the audio features are standardised, of ``standardise.BY``; None = not
            (a model standardises what it is trained on by itself). Needs the store in memory.
        time_limit_s: For one modality of one utterance.
        advance: Called with the number of utterances that are done in one more modality.

    Raises:
        InputError: An extractor cannot be loaded, or nothing can be standardised.
    """
    filled = fill(store, preset, cache, workers=workers, time_limit_s=time_limit_s, advance=advance)
    parts = _with_features(store, filled, cache)
    statistics = store.path / STANDARDISATION
    if standardise_by is None:
        write_parts(parts, store.path, overwrite=True)
        if "audio" in filled.known:
            statistics.unlink(missing_ok=True)
    else:
        corpus, found = standardise(concatenate(list(parts)), "audio", standardise_by)
        write_store(corpus, store.path, overwrite=True)
        content = io.BytesIO()
        pq.write_table(found.to_table(), content)
        write_bytes(statistics, content.getvalue())
    _write_failures(filled.failures, store.path / FAILURES)
    return filled


def _write_failures(failures: list[Failure], path: Path) -> None:
    if not failures:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Failure))
    writer.writerows(astuple(failure) for failure in failures)
    write_text(path, text.getvalue())


def amount(store: FeatureStore, preset: Preset, shard: tuple[int, int] = (1, 1)) -> int:
    """Returns how many steps ``fill`` will tell of: utterances times modalities."""
    steps = sum(
        _has_recording(utterance, modality)
        for _, _, utterance in _rows(store, shard)
        for modality in preset.chosen
    )
    if preset.text is not None:
        steps += sum(len(chunk) for _, chunk in share_of_chunks(store, shard))
    return steps


def fill(
    store: FeatureStore,
    preset: Preset,
    cache: Cache,
    *,
    workers: int = 1,
    shard: tuple[int, int] = (1, 1),
    time_limit_s: float = TIME_LIMIT_S,
    advance: Advance = lambda count: None,
) -> Filled:
    """Puts the features of a store's utterances into the cache, those that are not there yet.

    Args:
        store: Whose utterances; it is only read.
        preset: Which extractors.
        cache: Where the features go.
        workers: Processes that decode recordings.
        shard: (i, n): only every n-th dialogue, from the i-th (counted from 1).
        time_limit_s: For one modality of one utterance.
        advance: Called with the number of utterances that are done in one more modality.

    Raises:
        InputError: An extractor cannot be loaded.
    """
    filled = Filled()
    recorded = {
        modality: None
        for _, _, utterance in _rows(store)
        for modality in preset.chosen
        if _has_recording(utterance, modality)
    }
    for modality in recorded:
        extractor = load_extractor(preset, modality)
        filled.known[modality] = Known(extractor.extractor, extractor.dim)
        filled.keys[modality] = {}
    requests = (
        Request(row, dialogue.id, modality, utterance)
        for row, dialogue, utterance in _rows(store, shard)
        for modality in recorded
        if _has_recording(utterance, modality)
    )
    if recorded:
        begin = (preset, filled.known, cache)
        for request, outcome in supervised(_key, requests, workers, time_limit_s, _begin, begin):
            if isinstance(outcome, InputError):
                where = request.dialogue, request.utterance.turn, request.modality
                filled.failures.append(Failure(*where, str(outcome)))
            else:
                filled.keys[request.modality][request.row], computed = outcome
                filled.computed += computed
            advance(1)
    if preset.text is not None:
        words = fill_words(store, preset, cache, shard, advance)
        filled.known["text"], filled.keys["text"], computed = words
        filled.computed += computed
    return filled


_recordings: list[Recordings] = []
"""In a worker: the one it was begun with."""


def _begin(preset: Preset, known: dict[str, Known], cache: Cache) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"  # one worker per core, each with one thread
    if "torch" in sys.modules:  # by way of the script that this process was begun with
        sys.modules["torch"].set_num_threads(1)
    _recordings.append(Recordings(preset, known, cache))


def _key(request: Request) -> tuple[str, bool]:
    return _recordings[0].key(request)


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


def _has_recording(utterance: Utterance, modality: str) -> bool:
    if modality == "audio":
        return (utterance.audio_media or utterance.media) is not None
    return modality == "visual" and utterance.media is not None


def _with_features(store: FeatureStore, filled: Filled, cache: Cache) -> Iterator[Corpus]:
    """Yields the store's shards with the features that the cache holds for them."""
    failed = {(failure.modality, failure.dialogue, failure.turn) for failure in filled.failures}
    row = 0
    for part in store.read_shards():
        for modality, known in filled.known.items():
            read = read_words if modality == "text" else _read
            features = read(part, known, filled.keys[modality], row, cache)
            if failed:
                flags = list(features.flags or ("",) * len(part))
                for number, (dialogue, utterance) in enumerate(part.utterances()):
                    if (modality, dialogue.id, utterance.turn) in failed:
                        flags[number] = "failed"
                features = replace(features, flags=tuple(flags))
            part = part.with_features(modality, features)
        yield part
        row += len(part)


def _read(
    part: Corpus, known: Known, keys: Mapping[int, str], first: int, cache: Cache
) -> Features:
    """Returns the cached features of a shard whose first utterance has the row ``first``."""
    values = np.zeros((len(part), known.dim), np.float32)
    present = np.zeros(len(part), np.bool_)
    flags = [""] * len(part)
    for number in range(len(part)):
        if (key := keys.get(first + number)) is None:
            continue
        encoded = cache.get(key)
        if encoded is None:
            raise InputError(
                f"{cache.path(key)}: deleted or damaged meanwhile; run the command again"
            )
        flags[number] = " ".join(encoded.flags)
        if encoded.vector is not None:
            values[number], present[number] = encoded.vector, True
    return Features(values, present, known.extractor, tuple(flags) if any(flags) else ())
