"""The smallest things that can be trained: a generated corpus, and a recipe of seconds."""

from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.planted import planted_corpus
from synctva.emotions import MODALITIES
from synctva.features.store import write_store
from synctva.recipe import Recipe

SETTINGS = (
    *("model.width=4", "model.heads=1", "model.graphs=['text_audio']", "model.semantic_k=2"),
    *("training.epochs=3", "training.batch_dialogues=4", "training.learning_rate=0.01"),
)
"""What ``--set`` makes the default recipe tiny with: 3,000 parameters, 3 epochs of 3 batches."""


def tiny_recipe(**training: object) -> Recipe:
    """Returns the recipe of ``SETTINGS`` with some keys of its table ``training`` changed."""
    return Recipe.parse(
        {
            "model": {"width": 4, "heads": 1, "graphs": ["text_audio"], "semantic_k": 2},
            "training": {
                **{"epochs": 3, "batch_dialogues": 4, "learning_rate": 0.01},
                **training,
            },
        },
        "tiny recipe",
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
