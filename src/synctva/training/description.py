"""What a run is: checked before it begins, and written where everyone finds it."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from synctva.corpus import Corpus
from synctva.errors import InputError
from synctva.features.store import FeatureStore
from synctva.files import is_staged, write_json, write_text
from synctva.recipe import Recipe, load_recipe
from synctva.run_folder import RunFolder


def check_trainable(corpus: Corpus, recipe: Recipe, place: Path) -> None:
    """Does nothing if there is what a training needs.

    Raises:
        InputError: The split ``train`` or ``valid`` is empty or without emotions, or the corpus
            has no features that the recipe uses.
    """
    for split in ("train", "valid"):
        dialogues = [d for d in corpus.dialogues if d.split == split]
        if not dialogues:
            raise InputError(
                f"{place}: the split {split!r} is empty; give some dialogues split={split!r}"
                " and import the corpus again"
            )
        if not any(u.emotion for d in dialogues for u in d.utterances):
            raise InputError(f"{place}: no utterance of the split {split!r} has an emotion")
    if not set(corpus.dims) & set(recipe.modalities):
        raise InputError(
            f"{place}: it holds {', '.join(corpus.dims) or 'no'} features, the recipe uses"
            f" {', '.join(recipe.modalities)}; make some with"
            f" `synctva features {place}`"
        )


def describe(
    run: RunFolder, recipe: Recipe, store: FeatureStore, corpus: Corpus, seeds: int
) -> None:
    """Writes the run's recipe and description, or checks that those that are there fit.

    Raises:
        InputError: The folder holds another run, or something else.
    """
    fingerprints = {m: f for m, f in store.fingerprints.items() if m in recipe.modalities}
    known = run.describe() if run.description.is_file() else None
    if known is None and not _is_vacant(run):
        raise InputError(f"{run.path}: something other than a run is here; name a new folder")
    same_recipe = not run.recipe.is_file() or load_recipe(run.recipe) == recipe
    if not same_recipe or (known and known["shards"] != dict(store.shards)):
        raise InputError(
            f"{run.path}: holds a run of another recipe or store; name a new folder,"
            " or give the same recipe and store to continue it"
        )
    seeds = max(seeds, len(known["seeds"])) if known else seeds
    run.path.mkdir(parents=True, exist_ok=True)
    write_text(run.recipe, recipe.to_toml())
    description: dict[str, Any] = {
        "name": recipe.name,
        "corpus": corpus.name,
        "schema": {"name": corpus.schema.name, "emotions": list(corpus.schema.emotions)},
        "dims": {m: dim for m, dim in corpus.dims.items() if m in recipe.modalities},
        "fingerprints": fingerprints,
        "store": str(store.path.resolve()),
        "shards": dict(store.shards),
        "seeds": list(range(seeds)),
        "environment": _environment(),
        "command": " ".join(
            [Path(sys.argv[0]).name.replace("__main__.py", "synctva"), *sys.argv[1:]]
        ),
    }
    write_json(run.description, description)


def _is_vacant(run: RunFolder) -> bool:
    """Returns whether nothing is there, but what a run killed before its description may leave."""
    if not run.path.is_dir():
        return not run.path.exists()
    return all(path == run.recipe or is_staged(path) for path in run.path.iterdir())


def _environment() -> dict[str, str]:
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    packages = {name: version(name) for name in ("synctva", "torch", "numpy", "accelerate")}
    return {
        "python": platform.python_version(),
        **packages,
        "platform": platform.platform(),
        "device": device,
        "cores": str(os.cpu_count()),
    }
