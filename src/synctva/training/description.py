"""What a run is: checked before it begins, and written where everyone finds it."""

import os
import platform
import sys
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt64

from synctva.emotions import MODALITIES
from synctva.encoders.settings import check_inputs
from synctva.errors import InputError
from synctva.features.store import FeatureStore
from synctva.files import LOCK, is_staged, write_text
from synctva.recipe import Recipe, load_recipe
from synctva.run.description import RunDescription, SchemaNames, StartedFrom
from synctva.run.folder import RunFolder, dialogue_digest


@dataclass(frozen=True)
class Survey:
    """What the splits of a store hold.

    Attributes:
        dialogues: How many, by split.
        labelled: How many utterances with an emotion, by split.
        seen: Digests of the dialogues that a training learns from or chooses its epochs by.
    """

    dialogues: Mapping[str, int]
    labelled: Mapping[str, int]
    seen: UInt64[np.ndarray, " dialogue"]


def survey(store: FeatureStore) -> Survey:
    """Returns what is in a store, having read and checked all of it, a shard at a time.

    Raises:
        InputError: There is no shard, one is damaged, or a dialogue is in two.
    """
    dialogues, labelled = Counter[str](), Counter[str]()
    digests, seen = array("Q"), array("Q")  # eight bytes for an id, as there may be millions
    if not store.shards:
        raise InputError(f"{store.path}: no shards in manifest.json; import the corpus again")
    for shard in store.read_shards():
        for dialogue in shard.dialogues:
            dialogues[dialogue.split] += 1
            labelled[dialogue.split] += sum(u.emotion is not None for u in dialogue.utterances)
            digests.append(dialogue_digest(dialogue.id))
            if dialogue.split != "test":
                seen.append(digests[-1])
    found, times = np.unique(np.frombuffer(digests, np.uint64), return_counts=True)
    for twice in found[times > 1].tolist():
        stored = (d.id for shard in store.read_shards() for d in shard.dialogues)
        name = next(id for id in stored if dialogue_digest(id) == twice)
        raise InputError(
            f"{store.path}: dialogue {name!r} stands twice; a dialogue belongs to one split, under"
            " one id; import the corpus again"
        )
    return Survey(dialogues, labelled, np.frombuffer(seen, np.uint64))


def lacking(recipe: Recipe, store: FeatureStore) -> list[str]:
    """Returns the modalities that a recipe chooses but a store lacks.

    A recipe for all modalities chooses none.
    """
    chosen = () if set(recipe.modalities) == set(MODALITIES) else recipe.modalities
    return [m for m in chosen if m not in store.features]


def check_trainable(
    store: FeatureStore, found: Survey, recipe: Recipe, splits: tuple[str, ...] = ("train", "valid")
) -> None:
    """Checks that there is what a training needs.

    Args:
        store: The store.
        found: What is in it.
        recipe: What is to be trained on it.
        splits: Those that must be there.

    Raises:
        InputError: A split is empty or without emotions, or the store lacks features that the
            recipe chooses.
    """
    place = store.path
    for split in splits:
        if not found.dialogues.get(split):
            raise InputError(
                f"{place}: the split {split!r} is empty; give some dialogues split={split!r}"
                " and import the corpus again"
            )
        if not found.labelled.get(split):
            raise InputError(f"{place}: no utterance of the split {split!r} has an emotion")
    if lacking(recipe, store) or not set(store.features) & set(recipe.modalities):
        raise InputError(
            f"{place}: it holds {', '.join(store.features) or 'no'} features, the recipe uses"
            f" {', '.join(recipe.modalities)}; make some with"
            f" `synctva features {place}`"
        )
    check_inputs(recipe.encoders, store.features, recipe.modalities, place)


def describe(
    run: RunFolder,
    recipe: Recipe,
    store: FeatureStore,
    found: Survey,
    seeds: int,
    start: StartedFrom | None = None,
) -> None:
    """Writes the run's recipe and description, or checks that those that are there fit.

    Args:
        run: The run.
        recipe: What is trained.
        store: On what.
        found: What is in it.
        seeds: How many times.
        start: The model that it begins with; None = random weights.

    Raises:
        InputError: The folder holds another run, or something else.
    """
    fingerprints = {m: f for m, f in store.fingerprints.items() if m in recipe.modalities}
    known = run.describe() if run.description.is_file() else None
    if known is None and not _is_vacant(run):
        raise InputError(f"{run.path}: something other than a run is here; name a new folder")
    trained = load_recipe(run.recipe) if run.recipe.is_file() else recipe
    if trained != recipe:
        raise InputError(
            f"{run.path}: holds a run of another recipe ({trained.first_change(recipe)}); name a"
            " new folder, or give the same recipe to continue it"
        )
    if known and known.shards != dict(store.shards):
        raise InputError(
            f"{run.path}: holds a run on another store or other features ({known.store} as it"
            " was then); name a new folder, or give the same store to continue it"
        )
    if known and _weights(known.start) != _weights(start):
        raise InputError(
            f"{run.path}: holds a run that began with another model; name a new folder, or give the"
            " same one with --from to continue it"
        )
    seeds = max(seeds, len(known.seeds)) if known else seeds
    run.path.mkdir(parents=True, exist_ok=True)
    write_text(run.recipe, recipe.to_toml())
    run.write_seen(found.seen)
    program = Path(sys.argv[0]).name.replace("__main__.py", "synctva")
    description = RunDescription(
        name=recipe.name,
        corpus=store.name,
        schema=SchemaNames(store.schema.name, store.schema.emotions),
        dims=used_dims(store, recipe),
        fingerprints=fingerprints,
        store=str(store.path.resolve()),
        shards=dict(store.shards),
        start=start,
        seeds=tuple(range(seeds)),
        environment=_environment(),
        command=" ".join([program, *sys.argv[1:]]),
    )
    run.write_description(description)


def _weights(start: StartedFrom | None) -> str | None:
    return None if start is None else start.weights


def used_dims(store: FeatureStore, recipe: Recipe) -> dict[str, int]:
    """Returns the widths of the features that a recipe uses of a store's."""
    used = [m for m in MODALITIES if m in store.features and m in recipe.modalities]
    return {m: store.features[m].dim for m in used}


def _is_vacant(run: RunFolder) -> bool:
    """Returns whether nothing is there, but what a run killed before its description may leave."""
    if not run.path.is_dir():
        return not run.path.exists()
    before = (run.recipe, run.seen, run.path / LOCK)
    return all(path in before or is_staged(path) for path in run.path.iterdir())


def _environment() -> dict[str, str]:
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    packages = {name: version(name) for name in ("synctva", "torch", "numpy", "accelerate")}
    return {
        "python": platform.python_version(),
        **packages,
        "platform": platform.platform(),
        "device": device,
        "cores": str(os.cpu_count()),
        "threads": str(torch.get_num_threads()),
    }
