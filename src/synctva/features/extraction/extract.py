"""From recordings and words to a store's features: cached, parallel, resumable.

First every missing vector is computed and put into the cache, which is all that a killed job
needs to resume; then the store is written from the cache, shard by shard. So jobs of an array may
fill the same cache, each with its own share of the dialogues.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, fields, replace

import numpy as np
import pyarrow.parquet as pq

from synctva.corpus import Corpus, Description, Features
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.fill import TIME_LIMIT_S, Advance, Failure, Filled, fill
from synctva.features.extraction.words import WORDS, read_words
from synctva.features.normalise import normalise
from synctva.features.preset import Preset
from synctva.features.store import FeatureStore, concatenate, write_parts
from synctva.features.store.writing import FAILURES, NORMALISATION
from synctva.files import guarded
from synctva.work import MakeEngine, on_this_machine


def extract(
    store: FeatureStore,
    preset: Preset,
    cache: Cache,
    *,
    workers: int | None = 1,
    engine: MakeEngine = on_this_machine,
    time_limit_s: float = TIME_LIMIT_S,
    advance: Advance = lambda count: None,
) -> Filled:
    """Fills the cache for a store and writes the features into it; returns what was done.

    An utterance that fails lacks the modality, with the flag ``failed``. A modality for which no
    utterance has a recording, or words, stays as it is in the store. If only some utterances could
    keep their features of a modality, it is refused.

    Args:
        store: The store; it is replaced by the one with the features, at once, at the end.
        preset: Which extractors.
        cache: Where features are looked up and kept.
        workers: Processes that decode recordings; None = as many as the engine has cores for.
        engine: Where they are: ``synctva.work.on_this_machine``, or ``on_cluster``.
        time_limit_s: For one modality of one utterance.
        advance: Called with the number of utterances that are done in one more modality.

    Raises:
        InputError: As ``fill``, or nothing can be normalised.
    """
    filled = fill(
        store,
        preset,
        cache,
        workers=workers,
        engine=engine,
        time_limit_s=time_limit_s,
        advance=advance,
    )
    parts: Iterable[Corpus] = _with_features(store, filled, cache)
    notes = {FAILURES: _told(filled.failures)}
    if preset.normalise_audio_by is not None:
        corpus, found = normalise(concatenate(list(parts)), "audio", preset.normalise_audio_by)
        content = io.BytesIO()
        pq.write_table(found.to_table(), content)
        parts, notes[NORMALISATION] = [corpus], content.getvalue()
    elif "audio" in filled.descriptions:
        notes[NORMALISATION] = None
    write_parts(parts, store.path, overwrite=True, notes=notes)
    return filled


def _told(failures: list[Failure]) -> bytes | None:
    """Returns the table of failures; None if there are none."""
    if not failures:
        return None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Failure))
    for failure in failures:
        writer.writerow([guarded(x) if isinstance(x, str) else x for x in astuple(failure)])
    return text.getvalue().encode()


def _with_features(store: FeatureStore, filled: Filled, cache: Cache) -> Iterator[Corpus]:
    """Yields the store's shards with the features that the cache holds for them."""
    failed = {(failure.modality, failure.dialogue, failure.turn) for failure in filled.failures}
    row = 0
    for part in store.read_shards():
        for modality, description in filled.descriptions.items():
            read = read_words if modality == WORDS else _read
            features = read(part, description, filled.keys[modality], row, cache)
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
    part: Corpus, description: Description, keys: Mapping[int, str], first: int, cache: Cache
) -> Features:
    """Returns the cached features of a shard whose first utterance has the row ``first``."""
    values = np.zeros((len(part), description.dim), np.float32)
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
    return Features(values, present, description, tuple(flags) if any(flags) else ())
