"""The smallest things that can be trained: a generated corpus, and a recipe of seconds."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from synctva.corpus import Corpus
from synctva.data.made.planted import planted_corpus
from synctva.emotions import MODALITIES
from synctva.features.store import write_store
from synctva.recipe import Recipe, load_recipe
from synctva.training.run import train_run

TRAINING = ("training.epochs=3", "training.batch_utterances=36", "training.learning_rate=0.01")
SETTINGS = ("model.network='concatenation'", "model.width=16", *TRAINING)
"""What ``--set`` makes the default recipe tiny with: 1,600 parameters, 3 epochs."""
SYNC_TVA = (
    *("model.width=4", "model.heads=1", "model.graphs=['text_audio']", "model.semantic_k=2"),
    *TRAINING,
)
"""The same of Sync-TVA, for what hangs on the network: 3,000 parameters, six times the time."""


def tiny_recipe(**training: object) -> Recipe:
    """Returns the recipe of ``SETTINGS`` with some keys of its table ``training`` changed."""
    return _changed(SETTINGS, training)


def sync_tva_recipe(**training: object) -> Recipe:
    """Returns the recipe of ``SYNC_TVA`` with some keys of its table ``training`` changed."""
    return _changed(SYNC_TVA, training)


def _changed(settings: tuple[str, ...], training: dict[str, object]) -> Recipe:
    return load_recipe(
        None, (*settings, *(f"training.{k}={v}".lower() for k, v in training.items()))
    )


def tiny_corpus(dialogues: tuple[int, int, int] = (12, 6, 6), missing: float = 0.1) -> Corpus:
    """Returns a planted corpus of a few dialogues."""
    return planted_corpus(dialogues=dialogues, missing=missing)


def only(corpus: Corpus, *modalities: str) -> Corpus:
    """Returns the corpus with the features of these modalities only."""
    assert set(modalities) <= set(MODALITIES)
    kept = {m: corpus.features[m] for m in modalities}
    return Corpus(corpus.name, corpus.schema, corpus.dialogues, kept)


def tiny_store(path: Path, corpus: Corpus | None = None) -> Path:
    """Writes a corpus as a store, and returns the store's folder."""
    return write_store(corpus or tiny_corpus(), path).path


def tiny_run(
    folder: Path,
    seeds: int = 1,
    recipe: Callable[..., Recipe] = tiny_recipe,
    **training: object,
) -> Path:
    """Trains one seed after the other on ``tiny_corpus``, in this process; returns the run."""
    torch.set_num_threads(1)  # sums come out differently over more
    store = tiny_store(folder / "store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.cpu_count", lambda: 1)
        return train_run(recipe(**training), store, folder / "run", seeds).path


def weights_of(checkpoint: Path) -> dict[str, Tensor]:
    """Returns the weights of a checkpoint."""
    return load_file(checkpoint / "model.safetensors")


def assert_same_weights(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    """Bit for bit."""
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name
