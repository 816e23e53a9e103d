"""Whether a store holds what its manifest says: a sample is computed again, and compared."""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus, Features
from synctva.errors import InputError, damage_told
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.extractors.registry import KINDS, made_again
from synctva.features.normalise import SpeakerNormalisation, people_of
from synctva.features.store import FeatureStore, open_store, write_store
from synctva.features.store.writing import NORMALISATION
from synctva.parquet import read_parquet_table

TOLERANCE = 1e-3
"""Greatest difference, in units of a feature's own spread in the store; other processors and
versions of libraries round otherwise."""


@dataclass(frozen=True)
class Verified:
    """One modality's sample, compared.

    Attributes:
        modality: Which.
        utterances: How many were compared.
        difference: The greatest difference of a feature, in units of its spread in the store.
        changed: What differs otherwise: another extractor, a modality that is there only once.
    """

    modality: str
    utterances: int
    difference: float
    changed: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the store's features are what the extractor gives now."""
        return not self.changed and self.difference <= TOLERANCE


def verify(
    store: FeatureStore,
    *,
    sample: int = 20,
    seed: int = 0,
    workers: int | None = 1,
    advance: Callable[[int], None] = lambda count: None,
) -> list[Verified]:
    """Returns, for each extracted modality, how a sample computed anew compares to the store.

    Features that came with a corpus are left out. Whole dialogues are drawn until they hold
    ``sample`` utterances. Nothing is taken from the cache and nothing is changed.

    Args:
        store: The store.
        sample: Utterances to compute again, at least.
        seed: Draws the sample.
        workers: Processes that decode recordings; None = one per core.
        advance: Called with the number of utterances that are done in one more modality.

    Raises:
        InputError: The store cannot be read, an extractor not be loaded, or nothing is extracted.
    """
    extracted = {m: d for m, d in store.features.items() if d.maker in KINDS[m].makers}
    if not extracted:
        raise InputError(
            f"{store.path}: none of its features were extracted here, so none can be verified"
        )
    preset = made_again(extracted, str(store.path))
    corpus = store.read()
    drawn = _drawn(corpus, sample, seed)
    with tempfile.TemporaryDirectory() as folder:
        bare = write_store(replace(drawn, features={}), Path(folder) / "store")
        extract(bare, preset, Cache(Path(folder) / "cache"), workers=workers, advance=advance)
        again = open_store(bare.path).read()
    return [_compare(m, store, corpus, drawn, again) for m in extracted]


def _drawn(corpus: Corpus, sample: int, seed: int) -> Corpus:
    dialogues = list(corpus.dialogues)
    random.Random(seed).shuffle(dialogues)
    chosen, utterances = [], 0
    for dialogue in dialogues:
        if utterances >= sample:
            break
        chosen.append(dialogue.id)
        utterances += len(dialogue.utterances)
    return corpus.select(chosen)


def _compare(
    modality: str,
    store: FeatureStore,
    corpus: Corpus,
    drawn: Corpus,
    again: Corpus,
) -> Verified:
    there, new = drawn.features[modality], again.features.get(modality)
    if new is None:
        return Verified(modality, 0, 0.0, ("the recordings are not there any more",))
    changed = []
    if there.description.normalised_by is not None:
        new = _normalised(new, again, store)
    if there.description.normalised(None).fingerprint != new.fingerprint:
        changed.append(f"{there.description.name} has other weights or settings here")
        return Verified(modality, 0, 0.0, tuple(changed))
    if lacking := int((there.present != new.present).sum()):
        changed.append(f"{lacking} utterances have the modality only once")
    both = there.present & new.present
    full = corpus.features[modality]
    spread = full.values[full.present].std(axis=0) if full.present.any() else np.ones(full.dim)
    differences = np.abs(there.values[both] - new.values[both]) / np.maximum(spread, 1e-6)
    greatest = float(differences.max()) if differences.size else 0.0
    return Verified(modality, int(both.sum()), greatest, tuple(changed))


def _normalised(features: Features, corpus: Corpus, store: FeatureStore) -> Features:
    """Returns features by the statistics that the store's were normalised by."""
    path = store.path / NORMALISATION
    if not path.is_file():
        raise InputError(f"{path}: missing; extract the audio features again")
    with damage_told(path, "extract the audio features again"):
        found = SpeakerNormalisation.from_table(read_parquet_table(path))
    return replace(features, values=found.apply(features.values, people_of(corpus, found.by)))
