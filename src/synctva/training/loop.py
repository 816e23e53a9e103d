"""fit: a model, a train split, a valid split and a recipe, in; the best weights on valid, out.

There is no test split here, and no way to hand one in.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from jaxtyping import Int
from torch import Tensor

from synctva.batch import Batch
from synctva.emotion_model import EmotionModel
from synctva.errors import InputError
from synctva.evaluation.metrics import confusions, scores_of
from synctva.evaluation.prediction import predict
from synctva.recipe import Recipe, TrainingRecipe
from synctva.run_folder import SeedFolder
from synctva.training.loss import EmotionLoss
from synctva.training.state import Progress, TrainingState, restore, save

SORTED_BATCHES = 8
Record = dict[str, Any]
"""What the log keeps of an epoch."""


@dataclass(frozen=True)
class Finished:
    """How a training ended: the epoch of the best weights, the epochs run, the seconds taken."""

    best_epoch: int
    epochs: int
    seconds: float


def fit(
    model: EmotionModel,
    train: Batch,
    valid: Batch,
    recipe: Recipe,
    folder: SeedFolder,
    seed: int,
    *,
    save_every_s: float = 10.0,
    on_epoch: Callable[[Record], None] = lambda record: None,
) -> Finished:
    """Trains a model and leaves its best weights on ``valid`` in ``folder.checkpoint``.

    A training that was interrupted, at any moment, goes on where its last saved state was, and
    ends with the very weights it would have had (on the same machine, with as many threads: sums
    come out a little differently over more or fewer).

    Args:
        model: Fresh; made after seeding, so that the seed determines it.
        train: The training split.
        valid: The split that chooses the epoch, by weighted F1.
        recipe: Everything else that determines the result.
        folder: Where log, state and checkpoint go.
        seed: Determines the order of the dialogues.
        save_every_s: Seconds between two saved states; does not change the result.
        on_epoch: Called with every epoch's record.
    """
    settings = recipe.training
    AcceleratorState._reset_state()  # it would refuse another precision in the same process
    accelerator = Accelerator(mixed_precision=settings.precision)
    device = accelerator.device
    train, valid = train.to(device), valid.to(device)
    loss_of = EmotionLoss(model.emotions, _counts(model, train), recipe.loss).to(device)
    optimizer = torch.optim.AdamW(
        model.parameter_groups(settings.learning_rate),
        weight_decay=settings.weight_decay,
        fused=True,
    )
    shares = [group["lr"] / settings.learning_rate for group in optimizer.param_groups]
    model, optimizer = accelerator.prepare(model, optimizer)
    state = TrainingState.fresh(accelerator.unwrap_model(model), optimizer.optimizer)
    restore(state, folder)
    progress = state.progress
    lengths = torch.bincount(train.dialogue).cpu()
    saved_at = time.monotonic()

    while not _over(progress, settings):
        started = time.monotonic()
        model.train()
        batches = batches_of(lengths, settings.batch_utterances, seed, progress.epoch)
        for chosen in batches[progress.position :]:
            batch = hide_modalities(train.select(chosen.to(device)), settings.modality_dropout)
            rate = learning_rate(settings, progress.epoch + progress.position / len(batches))
            for group, share in zip(optimizer.param_groups, shares, strict=True):
                group["lr"] = rate * share
            with accelerator.autocast():
                loss = loss_of(model(batch), batch.emotion)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), settings.gradient_clip)
            optimizer.step()
            optimizer.zero_grad()
            state.update_average(settings.averaging)
            progress.position += 1
            progress.loss_sum += _finite(loss.item(), folder, settings)
            if progress.position < len(batches) and time.monotonic() - saved_at >= save_every_s:
                progress.seconds += time.monotonic() - started
                started = saved_at = time.monotonic()
                save(state, folder)
        progress.seconds += time.monotonic() - started
        record = _close_epoch(state, valid, folder, settings)
        on_epoch(record)
        if time.monotonic() - saved_at >= save_every_s:
            saved_at = time.monotonic()
            save(state, folder)
    return Finished(progress.best_epoch, progress.epoch, progress.total_seconds)


def batches_of(
    lengths: Int[Tensor, " dialogue"], size: int, seed: int, epoch: int
) -> list[Int[Tensor, " chosen"]]:
    """Returns the epoch's batches: random, but dialogues of like length share one.

    A batch holds as many dialogues as fit into ``size`` utterances, at least one. The dialogues are
    shuffled; those of ``SORTED_BATCHES`` batches in a row are sorted by length, packed, and the
    batches are shuffled, so that little attention goes into padding.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(len(lengths), generator=generator)
    pool_of = (lengths[order].cumsum(0) - 1) // (SORTED_BATCHES * size)
    by_length = sorted(range(len(order)), key=lambda i: (pool_of[i], lengths[order[i]]))
    batches: list[list[int]] = []
    room, pool = 0, -1
    for place in by_length:
        length = int(lengths[order[place]])
        if length > room or pool_of[place] != pool:
            batches.append([])
            room, pool = size, int(pool_of[place])
        batches[-1].append(int(order[place]))
        room -= length
    shuffled = torch.randperm(len(batches), generator=generator).tolist()
    return [torch.tensor(batches[i]) for i in shuffled]


def hide_modalities(batch: Batch, rate: float) -> Batch:
    """Returns the batch with modalities hidden at random; an utterance keeps at least one."""
    if rate == 0:
        return batch
    kept = torch.rand(batch.present.shape) >= rate
    kept = kept.to(batch.present.device) & batch.present
    return batch.with_present(torch.where(kept.any(1, keepdim=True), kept, batch.present))


def _close_epoch(
    state: TrainingState, valid: Batch, folder: SeedFolder, settings: TrainingRecipe
) -> Record:
    """Validates, keeps the weights if they are the best so far, and writes the log."""
    progress = state.progress
    scores = validate(state.average, valid)
    number = progress.epoch
    if progress.is_better(scores["weighted_f1"], scores["loss"]):
        progress.best_epoch, progress.best_f1 = number, scores["weighted_f1"]
        progress.best_loss = scores["loss"]
        state.average.save_pretrained(folder.checkpoint)
    if settings.keep_epochs:
        state.average.save_pretrained(folder.epochs / f"{number:03d}")
    record = {
        "epoch": number,
        "train_loss": progress.loss_sum / max(progress.position, 1),
        "valid": scores,
        "learning_rate": learning_rate(settings, number + 1),
        "seconds": progress.seconds,
    }
    folder.append_log(record)
    progress.next_epoch()
    return record


def validate(model: EmotionModel, valid: Batch) -> dict[str, float]:
    """Returns loss (plain cross-entropy) and scores of a model on a split."""
    logits = predict(model, valid)
    emotion, dialogue = valid.emotion.cpu(), valid.dialogue.cpu()
    kept = emotion >= 0
    loss = torch.nn.functional.cross_entropy(logits[kept], emotion[kept])
    counts = confusions(
        emotion.numpy(), logits.argmax(1).numpy(), dialogue.numpy(), logits.shape[1]
    )
    scores = scores_of(counts.sum(0))
    return {
        "loss": loss.item(),
        "weighted_f1": float(scores.weighted_f1),
        "macro_f1": float(scores.macro_f1),
        "accuracy": float(scores.accuracy),
    }


def _finite(loss: float, folder: SeedFolder, settings: TrainingRecipe) -> float:
    if not math.isfinite(loss):
        raise InputError(
            f"{folder.path}: the loss is no longer finite; delete {folder.path} and train with a"
            f" lower training.learning_rate than {settings.learning_rate}"
        )
    return loss


def _over(progress: Progress, settings: TrainingRecipe) -> bool:
    waited = progress.epoch - 1 - progress.best_epoch
    return progress.epoch >= settings.epochs or waited >= settings.patience


def _counts(model: EmotionModel, train: Batch) -> dict[str, int]:
    number = torch.bincount(train.emotion[train.emotion >= 0], minlength=len(model.emotions))
    return dict(zip(model.emotions, number.tolist(), strict=True))


def learning_rate(settings: TrainingRecipe, epochs: float) -> float:
    """Returns the rate after so many epochs: linear warm-up, then a cosine down to zero."""
    done = epochs / settings.epochs
    rise = 0.001 + 0.999 * min(1.0, done / settings.warmup) if settings.warmup else 1.0
    return settings.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * done))
