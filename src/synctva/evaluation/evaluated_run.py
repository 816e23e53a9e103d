"""A finished run beside the store that it is to be evaluated on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from synctva.batch import Batch, batch_of
from synctva.corpus import Corpus, Description, Features
from synctva.errors import InputError
from synctva.evaluation.metrics import confusions
from synctva.features.store import FeatureStore, open_store
from synctva.files import file_sha256
from synctva.model.emotion_model import EmotionModel
from synctva.run.description import RunDescription
from synctva.run.evaluation import EvaluatedStore
from synctva.run.folder import EvaluationFolder, RunFolder, dialogue_digest
from synctva.tensors import device_named

SPLITS = ("valid", "test")


@dataclass(frozen=True)
class EvaluatedRun:
    """A finished run with its models and its data.

    Attributes:
        folder: Where it is.
        place: Where its evaluation on this store is.
        store: The store.
        models: The best model of each seed, by the seed.
        corpora: The dialogues of each split.
        batches: The same as batches.
    """

    folder: RunFolder
    place: EvaluationFolder
    store: EvaluatedStore
    models: Mapping[int, EmotionModel]
    corpora: Mapping[str, Corpus]
    batches: Mapping[str, Batch]

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions, in the schema's order."""
        return self.corpora["test"].schema.emotions


def load_evaluated(
    run_path: Path, store_path: Path | None = None, device: str = "cpu"
) -> EvaluatedRun:
    """Returns a run's models beside the data they are to be evaluated on.

    Args:
        run_path: The run's folder.
        store_path: Another store than the one the run was trained on.
        device: Where the models compute.

    Raises:
        InputError: There is no run or no such device, no seed is finished, the store's features are
            of another extractor, its emotions differ, its test split has a dialogue that the run
            has seen, or a split has no labelled utterance.
    """
    if run_path.is_file():
        raise InputError(
            f"{run_path}: a file, not a run's folder; a recognition is scored by"
            f" `synctva agreement {run_path} CORRECTIONS`"
        )
    computes = device_named(device)
    folder = RunFolder(run_path)
    description = folder.describe()
    seeds = folder.finished_seeds()
    models = {n: EmotionModel.from_pretrained(s.checkpoint).to(computes) for n, s in seeds}
    if not models:
        raise InputError(f"{run_path}: no seed is finished; run the same `synctva train` again")
    store = open_store(store_path or Path(description.store))
    for model in models.values():
        model.provenance.check(store.fingerprints, str(store.path))
    if store.schema.emotions != description.emotions:
        raise InputError(
            f"{store.path}: its emotions ({', '.join(store.schema.emotions)}) are not those of"
            f" {run_path} ({', '.join(description.emotions)}); train on this store"
        )
    dims = next(iter(models.values())).dims
    corpus = with_absent(store.read(SPLITS), dims)
    corpora = {split: corpus.split(split) for split in SPLITS}
    _check_unseen(folder, corpora["test"], str(store.path))
    for split, part in corpora.items():
        if not any(utterance.emotion for _, utterance in part.utterances()):
            raise InputError(
                f"{store.path}: the split {split!r} is empty or unlabelled; there is nothing to"
                f" evaluate on: give some dialogues split={split!r} and import the corpus again"
            )
    batches = {split: batch_of(part).keep(tuple(dims)) for split, part in corpora.items()}
    named = _named(store, description)
    return EvaluatedRun(folder, place_on(folder, store), named, models, corpora, batches)


def place_on(folder: RunFolder, store: FeatureStore) -> EvaluationFolder:
    """Returns where a run's evaluation on a store is.

    The run's own store is known by its place, whatever is in it now, and by what is in it,
    wherever it lies now.
    """
    description = folder.describe()
    is_there = str(store.path.resolve()) == description.store
    if is_there or dict(store.shards) == description.shards:
        return folder.evaluation
    return folder.evaluation_on(store.path)


def _named(store: FeatureStore, description: RunDescription) -> EvaluatedStore:
    """Returns what an evaluation keeps of a store."""
    return EvaluatedStore(
        name=store.name,
        path=str(store.path.resolve()),
        fingerprint=file_sha256(store.path / "manifest.json"),
        is_own=dict(store.shards) == description.shards,
    )


def _check_unseen(folder: RunFolder, test: Corpus, place: str) -> None:
    """Checks that a run has seen none of these dialogues."""
    if folder.describe().corpus != test.name:
        return
    seen = set(folder.read_seen().tolist())
    known = next((d.id for d in test.dialogues if dialogue_digest(d.id) in seen), None)
    if known is not None:
        raise InputError(
            f"{place}: its split 'test' has dialogue {known!r}, which {folder.path} learnt from or"
            " chose its epochs by; evaluate on the store that it was trained on, or train on this"
            " one"
        )


def with_absent(corpus: Corpus, dims: Mapping[str, int]) -> Corpus:
    """Returns the corpus with the modalities that it lacks, missing in every utterance."""
    count = len(corpus)
    absent = {
        m: Features(np.zeros((count, dim), np.float32), np.zeros(count, bool), Description("none"))
        for m, dim in dims.items()
        if m not in corpus.features
    }
    return replace(corpus, features={**corpus.features, **absent})


def counts_of(
    scores: Float[np.ndarray, "utterance emotion"], batch: Batch
) -> Int[np.ndarray, "dialogue emotion predicted"]:
    """Returns the confusion matrix of each dialogue of a batch, by logits or probabilities."""
    emotion, dialogue = batch.emotion.numpy(), batch.dialogue.numpy()
    return confusions(emotion, scores.argmax(1), dialogue, scores.shape[1])
