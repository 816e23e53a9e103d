"""A run: one recipe on one store with several seeds, side by side over processes, resumable."""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import torch

from synctva.encoders.encoder import load_encoders
from synctva.errors import InputError
from synctva.features.store import FeatureStore, open_store
from synctva.files import alone, remove_staged
from synctva.model.checkpoint import Provenance
from synctva.model.emotion_model import EmotionModel
from synctva.recipe import Recipe, load_recipe
from synctva.run.folder import RunFolder, SeedFolder
from synctva.run.log import Epoch
from synctva.training.curves import curves
from synctva.training.description import Survey, check_trainable, describe, survey, used_dims
from synctva.training.loop import fit
from synctva.training.ranks import processes
from synctva.training.splits import Split, open_splits
from synctva.training.start import (
    Start,
    check_start,
    going_on,
    keep_the_better,
    splits_for_more,
)
from synctva.training.temperature import calibrated_on
from synctva.work import LostError, Task, on_this_machine

OnEpoch = Callable[[int, Epoch], None]
"""Called with a seed and an epoch that it has finished."""


def train_run(
    recipe: Recipe,
    store_path: Path,
    out: Path,
    seeds: int,
    *,
    start: Start | None = None,
    save_every_s: float = 10.0,
    on_epoch: OnEpoch = lambda seed, epoch: None,
) -> RunFolder:
    """Trains every seed that is not finished yet, and returns the run's folder.

    Args:
        recipe: What to train.
        store_path: The feature store.
        out: The run's folder; one that holds the same run is continued.
        seeds: Seeds 0 to ``seeds - 1``.
        start: The model that every seed begins with; None = random weights.
        save_every_s: Seconds between two saved states of a seed.
        on_epoch: Called with every finished epoch, also with those from before an interruption.

    Raises:
        InputError: The store lacks a split, emotions or features; or ``out`` holds another run.
    """
    own = processes()
    if own.is_main_process:
        store = open_store(store_path)
        begin_run(recipe, store, survey(store), out, seeds, start)
    own.wait_for_everyone()
    run = RunFolder(out)
    for seed in range(seeds):
        for epoch in run.seed(seed).read_log():
            on_epoch(seed, epoch)
    waiting = [seed for seed in range(seeds) if not run.seed(seed).finished.is_file()]
    side_by_side = own.num_processes == 1 and not torch.cuda.is_available()
    workers = min(seeds, os.cpu_count() or 1) if side_by_side else 1
    threads = max(1, torch.get_num_threads() // workers)  # OMP_NUM_THREADS has its say
    if workers == 1:
        for seed in waiting:
            train_seed(out, store_path, seed, threads, save_every_s, partial(on_epoch, seed))
        return run
    work = partial(train_seed, out, store_path, threads=threads, save_every_s=save_every_s)
    look = _teller(run, waiting, on_epoch)
    with on_this_machine(Task(work, imported=__name__), workers) as engine:
        for _, outcome in engine.outcomes(waiting, on_look=look):
            if isinstance(outcome, LostError):
                raise InputError(f"{run.path}, a seed: {outcome}") from outcome
            if isinstance(outcome, InputError):
                raise outcome
    look()
    return run


def begin_run(
    recipe: Recipe,
    store: FeatureStore,
    found: Survey,
    out: Path,
    seeds: int,
    start: Start | None = None,
) -> RunFolder:
    """Returns the folder of a run, described and ready for its seeds; see ``train_run``."""
    run = RunFolder(out)
    with alone(run.path):
        if start is None:
            check_trainable(store, found, recipe)
            describe(run, recipe, store, found, seeds)
        else:
            check_start(start, store)
            check_trainable(store, found, recipe, ("train",))
            describe(run, recipe, store, found, seeds, start.description)
            start.model.save_pretrained(run.start)
        remove_staged(run.path, below=False)  # somebody may be at work on a seed
        remove_staged(run.start)
    return run


def train_seed(
    out: Path,
    store_path: Path,
    seed: int,
    threads: int,
    save_every_s: float,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> None:
    """Trains one seed of a run whose folder is described, unless it is finished.

    Runs in a separate process.

    Raises:
        InputError: Another process trains this seed; it is named.
    """
    torch.set_num_threads(threads)
    run, own = RunFolder(out), processes()
    folder = run.seed(seed)
    with alone(folder.path) if own.is_main_process else nullcontext():
        own.wait_for_everyone()
        if folder.finished.is_file():  # by another process meanwhile
            return
        if own.is_main_process:
            remove_staged(folder.path)
        _train_seed(run, store_path, seed, save_every_s, on_epoch)


def _train_seed(
    run: RunFolder,
    store_path: Path,
    seed: int,
    save_every_s: float,
    on_epoch: Callable[[Epoch], None],
) -> None:
    recipe, folder = load_recipe(run.recipe), run.seed(seed)
    store = open_store(store_path)
    start = EmotionModel.from_pretrained(run.start) if run.start.is_dir() else None
    if start is None:
        train, valid = open_splits(store, ("train", "valid"), recipe.modalities)
    else:
        train, valid = splits_for_more(store, recipe)
    train = train.with_label_noise(recipe.training.label_noise, seed)
    torch.manual_seed(seed)
    model = _fresh(store, recipe, train) if start is None else going_on(start, recipe, store.name)
    writes = processes().is_main_process
    with curves(folder) if writes else nullcontext(lambda: None) as draw:

        def told(epoch: Epoch) -> None:
            draw()
            on_epoch(epoch)

        finished = fit(
            model, train, valid, recipe, folder, seed, save_every_s=save_every_s, on_epoch=told
        )
    if start is not None and valid is not None:
        finished = keep_the_better(start, finished, valid, folder)
    if valid is not None:
        _calibrate(folder, valid, start)
    if writes:
        folder.write_finished(finished)
        folder.state.unlink(missing_ok=True)
    processes().wait_for_everyone()


def _fresh(store: FeatureStore, recipe: Recipe, train: Split) -> EmotionModel:
    """Returns a recipe's model of random weights, with the statistics of the training split."""
    dims = used_dims(store, recipe)
    encoders = load_encoders(recipe.encoders)
    model = EmotionModel(store.schema.emotions, dims, recipe.model, encoders)
    train.normalise(model)
    model.provenance = Provenance(
        store.name, store.schema.name, {m: store.features[m] for m in dims}
    )
    return model


def _calibrate(folder: SeedFolder, valid: Split, start: EmotionModel | None) -> None:
    """Fits the temperature of the best weights on ``valid`` and keeps it in the checkpoint."""
    processes().wait_for_everyone()  # until it is written
    model = EmotionModel.from_pretrained(folder.checkpoint)
    model.provenance = calibrated_on(valid, model, (start or model).provenance)
    if processes().is_main_process:
        model.save_pretrained(folder.checkpoint)


def _teller(run: RunFolder, seeds: Sequence[int], on_epoch: OnEpoch) -> Callable[[], None]:
    """Returns what reports the epochs that have appeared in the logs since it was called last."""
    told = {seed: len(run.seed(seed).read_log()) for seed in seeds}

    def tell() -> None:
        for seed in seeds:
            epochs = run.seed(seed).read_log()
            for epoch in epochs[told[seed] :]:
                on_epoch(seed, epoch)
            told[seed] = max(told[seed], len(epochs))

    return tell
