"""fit: a model, a train split, a valid split and a recipe, in; the best weights on valid, out.

There is no test split here, and no way to hand one in.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from synctva.batch import Batch
from synctva.errors import InputError
from synctva.evaluation.metrics import confusions, scores_of
from synctva.evaluation.prediction import predict
from synctva.model.emotion_model import EmotionModel
from synctva.recipe import Recipe, TrainingRecipe
from synctva.run.finished import Finished
from synctva.run.folder import SeedFolder
from synctva.run.log import Epoch, ValidEpoch
from synctva.training.batches import hide_modalities, share_of
from synctva.training.loss import EmotionLoss, Objective
from synctva.training.ranks import accelerator_of, gathered, processes, seed_step, summed
from synctva.training.splits import Chosen, Split
from synctva.training.state import Progress, TrainingState, restore, save


def fit(
    model: EmotionModel,
    train: Split,
    valid: Split | None,
    recipe: Recipe,
    folder: SeedFolder,
    seed: int,
    *,
    save_every_s: float = 10.0,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Finished:
    """Trains a model and leaves its best weights on ``valid`` in ``folder.checkpoint``.

    A training that was interrupted, at any moment, resumes from its last saved state, and ends
    with the very weights it would have had (on the same machine, with as many threads: sums
    come out a little differently over more or fewer).

    Args:
        model: Fresh; made after seeding, so that the seed determines it.
        train: The training split.
        valid: The split that chooses the epoch, by weighted F1; None = nothing does, and the last
            epoch is taken.
        recipe: Everything else that determines the result.
        folder: Where log, state and checkpoint go.
        seed: Determines the order of the dialogues.
        save_every_s: Seconds between two saved states; does not change the result.
        on_epoch: Called with every epoch.
    """
    settings = recipe.training
    accelerator = accelerator_of(settings.precision)
    train = train.to(accelerator.device)
    valid = None if valid is None else valid.to(accelerator.device)
    emotions = model.emotions
    counts = dict(zip(emotions, train.counts(len(emotions)).tolist(), strict=True))
    objective = Objective(model, EmotionLoss(emotions, counts, recipe.loss))
    optimizer = torch.optim.AdamW(
        model.parameter_groups(settings.learning_rate),
        weight_decay=settings.weight_decay,
        fused=True,
    )
    shares = [group["lr"] / settings.learning_rate for group in optimizer.param_groups]
    objective, optimizer = accelerator.prepare(objective, optimizer)
    state = TrainingState.fresh(model, optimizer.optimizer)
    if settings.compile:
        _compile(model.network)
    writes = accelerator.is_main_process
    restore(state, folder, writes=writes)
    progress = state.progress
    saved_at = time.monotonic()

    while not _over(progress, settings):
        started = time.monotonic()
        objective.train()
        steps = steps_of(train, settings, seed, progress.epoch)
        for step in steps[progress.position :]:
            rate = learning_rate(settings, progress.epoch + progress.position / len(steps))
            for group, share in zip(optimizer.param_groups, shares, strict=True):
                group["lr"] = rate * share
            if accelerator.num_processes > 1:
                place = (seed, progress.epoch, progress.position)
                seed_step(place, accelerator.process_index)
            pieces = [train.read(chosen) for chosen in step]
            loss = accumulate(objective, pieces, accelerator, settings)
            accelerator.clip_grad_norm_(objective.parameters(), settings.gradient_clip)
            optimizer.step()
            optimizer.zero_grad()
            state.update_average(settings.averaging)
            progress.position += 1
            progress.loss_sum += _finite(loss, folder, settings)
            is_due = writes and time.monotonic() - saved_at >= save_every_s
            if progress.position < len(steps) and is_due:
                progress.seconds += time.monotonic() - started
                started = saved_at = time.monotonic()
                save(state, folder)
        progress.seconds += time.monotonic() - started
        on_epoch(_close_epoch(state, valid, folder, settings, writes=writes))
        if writes and time.monotonic() - saved_at >= save_every_s:
            saved_at = time.monotonic()
            save(state, folder)
    return Finished(progress.best_epoch, progress.epoch, progress.total_seconds)


def _compile(network: nn.Module) -> None:
    """Compiles a network in place, so that its weights keep their names."""
    # It says at length that lengths of dialogues are read from tensors, which is no harm.
    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
    network.compile(dynamic=True)


def steps_of(train: Split, settings: TrainingRecipe, seed: int, epoch: int) -> list[list[Chosen]]:
    """Returns the batches of each step of the optimiser in an epoch."""
    batches = train.plan(settings.batch_utterances, seed, epoch)
    pieces = settings.accumulation
    return [batches[first : first + pieces] for first in range(0, len(batches), pieces)]


def accumulate(
    objective: nn.Module,
    pieces: Sequence[Batch],
    accelerator: Accelerator,
    settings: TrainingRecipe,
) -> float:
    """Adds up the gradients of a step; returns its loss, the mean over the step's utterances.

    Args:
        objective: As Accelerate has prepared it.
        pieces: The step's batches, one after another; each is shared out between the processes.
        accelerator: What carries the gradients between the processes.
        settings: Which modalities are hidden, and how often.
    """
    rank, ranks = accelerator.process_index, accelerator.num_processes
    emotion = torch.cat([piece.emotion for piece in pieces])
    total = torch.zeros((), device=accelerator.device)
    for number, piece in enumerate(pieces, start=1):
        own = hide_modalities(
            share_of(piece, rank, ranks), settings.modality_dropout, settings.dialogue_dropout
        )
        is_last = number == len(pieces)
        with nullcontext() if is_last else accelerator.no_sync(objective):
            loss = objective(own, emotion)
            accelerator.backward(loss * ranks)  # it takes the mean over the processes, not the sum
        total += loss.detach()
    return summed(total)


def _close_epoch(
    state: TrainingState,
    valid: Split | None,
    folder: SeedFolder,
    settings: TrainingRecipe,
    *,
    writes: bool,
) -> Epoch:
    """Validates, keeps the weights if they are the best so far, and writes the log."""
    progress = state.progress
    scores = None if valid is None else validate(state.average, valid)
    number = progress.epoch
    if progress.is_better(scores):
        progress.keep(scores)
        if writes:
            state.average.save_pretrained(folder.checkpoint)
    if settings.keep_epochs and writes:
        state.average.save_pretrained(folder.epochs / f"{number:03d}")
    epoch = Epoch(
        epoch=number,
        train_loss=progress.loss_sum / max(progress.position, 1),
        valid=scores,
        learning_rate=learning_rate(settings, number + 1),
        seconds=progress.seconds,
    )
    if writes:
        folder.append_log(epoch)
    progress.next_epoch()
    return epoch


def validate(model: EmotionModel, valid: Split) -> ValidEpoch:
    """Returns loss (plain cross-entropy) and scores of a model on a split.

    Each process computes its share, and knows the result of all in the end.
    """
    own = processes()
    outputs, emotions = [], []
    for part in valid.parts(own.process_index, own.num_processes):
        outputs.append(predict(model, part))
        emotions.append(part.emotion.cpu())
    logits, emotion = gathered(outputs), gathered(emotions)
    kept = emotion >= 0
    loss = torch.nn.functional.cross_entropy(logits[kept], emotion[kept])
    together = np.zeros(len(emotion), dtype=np.int64)  # as if all were of one dialogue
    counts = confusions(emotion.numpy(), logits.argmax(1).numpy(), together, logits.shape[1])
    scores = scores_of(counts[0])
    return ValidEpoch(
        loss.item(), float(scores.weighted_f1), float(scores.macro_f1), float(scores.accuracy)
    )


def _finite(loss: float, folder: SeedFolder, settings: TrainingRecipe) -> float:
    if not math.isfinite(loss):
        raise InputError(
            f"{folder.path}: the loss is no longer finite; train into a new --out with a lower"
            f" training.learning_rate than {settings.learning_rate}"
        )
    return loss


def _over(progress: Progress, settings: TrainingRecipe) -> bool:
    waited = progress.epoch - 1 - progress.best_epoch
    return progress.epoch >= settings.epochs or waited >= settings.patience


def learning_rate(settings: TrainingRecipe, epochs: float) -> float:
    """Returns the rate after so many epochs: linear warm-up, then a cosine down to zero."""
    done = epochs / settings.epochs
    rise = 0.001 + 0.999 * min(1.0, done / settings.warmup) if settings.warmup else 1.0
    return settings.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * done))
