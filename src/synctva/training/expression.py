"""Trains and scores the face-expression network; the epoch is chosen on ``valid``.

There is no way to hand a test split to the training.

Source: Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced
Label Distribution, ICMI 2016, section 3 (the cross-entropy with the votes).
Departs: FER2013's own label is learnt beside them, by a head of its own on the same vector.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import torch
from jaxtyping import Float, UInt8
from pydantic import Field
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from synctva.errors import DAMAGE, InputError
from synctva.features.extractors.expression import (
    EMOTIONS,
    ExpressionNetwork,
    load_expression_network,
    save_expression_network,
)
from synctva.files import write_text
from synctva.recipe import NotNegative, Rate, Section
from synctva.tensors import read_tensors, write_tensors
from synctva.training.expression_scores import Faces, score_expressions
from synctva.training.face_pictures import augment, degrade, mix

STATE = "state.safetensors"
"""In the folder of a training: what it goes on from."""

Record = dict[str, Any]
"""What the log keeps of an epoch."""


class ExpressionRecipe(Section):
    """How the network is trained.

    Attributes:
        epochs: Passes over the training faces.
        batch: Faces per step.
        learning_rate: The greatest; it rises over the first tenth and falls to zero.
        weight_decay: Of all weights.
        smoothing: Label smoothing; FER2013's labels are noisy.
        mixup: Parameter of the Beta distribution that faces are mixed by; 0 = they are not.
        rotation: Greatest angle, in degrees.
        zoom: Greatest change of size, as a fraction.
        shift: Greatest shift, as a fraction of the face's side.
        erasing: Rate at which a rectangle of a face is blanked.
        faults: Rate of each fault of a poor camera: light, few pixels, blur, noise, coarse files.
        label: Weight of FER2013's labels beside the people's votes.
        frozen: How many parts stay as they are, counted from the first (the stem, then each block);
            the first ones see edges, and cost most of the time.
        averaging: Decay of the moving average of the weights, per step.
    """

    epochs: Annotated[int, Field(ge=1)] = 40
    batch: Annotated[int, Field(ge=2)] = 128
    learning_rate: Annotated[float, Field(gt=0)] = 0.1
    weight_decay: NotNegative = 5e-4
    smoothing: Rate = 0.1
    mixup: NotNegative = 0.0
    rotation: NotNegative = 15.0
    zoom: Rate = 0.12
    shift: Rate = 0.08
    erasing: Rate = 0.3
    faults: Rate = 0.15
    label: NotNegative = 1.0
    frozen: Annotated[int, Field(ge=0)] = 0
    averaging: Rate = 0.999


def train_expression(
    train: Faces,
    valid: Faces,
    recipe: ExpressionRecipe,
    folder: Path,
    seed: int = 0,
    start: Path | None = None,
    on_epoch: Callable[[Record], None] = lambda record: None,
) -> Path:
    """Trains the network and returns the file of its best weights on ``valid``.

    The best are those of the greatest accuracy, the mean of that on the labels and that on what
    most people saw. ``folder`` keeps ``log.jsonl``, the weights, and the state from which a killed
    training resumes after its last finished epoch. Half precision is used for the products (bf16).

    Args:
        train: Faces to learn from.
        valid: Faces that choose the epoch.
        recipe: How.
        folder: Where the training is kept.
        seed: Decides the first weights, the order and the augmentation.
        start: Weights to begin from; None = random ones.
        on_epoch: Called with every finished epoch, also with those from before an interruption.

    Raises:
        InputError: ``folder`` holds the state of another training, or ``start`` no weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = ExpressionNetwork() if start is None else load_expression_network(start)
    training = _Training(model, recipe, -(-len(train[0]) // recipe.batch) * recipe.epochs)
    log = training.restore(folder)
    for record in log:
        on_epoch(record)
    weights = folder / "face_expression.safetensors"
    for epoch in range(len(log), recipe.epochs):
        started = time.monotonic()
        loss = training.epoch(torch.from_numpy(train[0]), targets(train, recipe))
        scores = score_expressions(training.averaged, valid)
        accuracy = float(np.mean([own.accuracy for own in scores.values()]))
        if accuracy > max((record["valid_accuracy"] for record in log), default=-1.0):
            save_expression_network(training.averaged, weights)
        log.append(
            {
                "epoch": epoch,
                "loss": loss,
                "valid_accuracy": accuracy,
                **{f"valid_{of}": float(own.accuracy) for of, own in scores.items()},
                "seconds": round(time.monotonic() - started, 1),
            }
        )
        training.save(folder, log)
        on_epoch(log[-1])
    return weights


def targets(faces: Faces, recipe: ExpressionRecipe) -> Float[Tensor, "face 14"]:
    """Returns what is to be learnt: the share of people who saw each emotion, then the label.

    The shares add up to less than 1 where people saw something else: such a face weighs less, and
    one that nobody was asked about nothing. The labels are smoothed and weighted.
    """
    _, emotions, votes = (torch.from_numpy(part) for part in faces)
    seen = votes[:, : len(EMOTIONS)] / votes.sum(1, keepdim=True).clamp(min=1)
    label = functional.one_hot(emotions, len(EMOTIONS)).float()
    label = (1 - recipe.smoothing) * label + recipe.smoothing / len(EMOTIONS)
    return torch.cat([seen, recipe.label * label], dim=1)


class _Training:
    """The network in training, the moving average of its weights, the optimiser, the schedule."""

    def __init__(self, model: ExpressionNetwork, recipe: ExpressionRecipe, steps: int) -> None:
        self.recipe = recipe
        self.model = model.to(memory_format=torch.channels_last)  # pyright: ignore
        self.average = AveragedModel(
            self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
        )
        self._frozen = (self.model.stem, *self.model.blocks)[: recipe.frozen]
        for part in self._frozen:
            part.requires_grad_(False)
        self.optimizer = torch.optim.SGD(
            [weights for weights in self.model.parameters() if weights.requires_grad],
            lr=recipe.learning_rate,
            momentum=0.9,
            nesterov=True,
            weight_decay=recipe.weight_decay,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            recipe.learning_rate,
            total_steps=steps,
            pct_start=0.1,
            cycle_momentum=False,
        )

    def epoch(self, faces: UInt8[Tensor, "face 48 48"], wanted: Float[Tensor, "face 14"]) -> float:
        """Trains on every face once; returns the mean loss."""
        self.model.train()
        for part in self._frozen:
            part.eval()
        recipe, total = self.recipe, 0.0
        for rows in torch.randperm(len(faces)).split(recipe.batch):
            shown = augment(
                faces[rows].float(), recipe.rotation, recipe.zoom, recipe.shift, recipe.erasing
            )
            shown, sought = mix(degrade(shown, recipe.faults), wanted[rows], recipe.mixup)
            with torch.autocast("cpu", torch.bfloat16):
                logits = self.model.both(shown)
            said = torch.cat([head.float().log_softmax(1) for head in logits], dim=1)
            loss = -(sought * said).sum(1).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            self.average.update_parameters(self.model)
            total += float(loss.detach()) * len(rows)
        return total / len(faces)

    @property
    def averaged(self) -> ExpressionNetwork:
        """The moving average."""
        return cast(ExpressionNetwork, self.average.module)

    def save(self, folder: Path, log: list[Record]) -> None:
        """Writes the state and the log, each atomically."""
        tensors = {"random": torch.get_rng_state()}
        for name, part in (("model", self.model), ("average", self.average)):
            tensors |= {f"{name}/{key}": value for key, value in part.state_dict().items()}
        optimizer = self.optimizer.state_dict()
        for number, moments in optimizer["state"].items():
            tensors[f"momentum/{number}"] = moments["momentum_buffer"]
        told = {
            "log": log,
            "schedule": self.schedule.state_dict(),
            "groups": optimizer["param_groups"],
        }
        write_text(folder / "log.jsonl", "".join(json.dumps(record) + "\n" for record in log))
        write_tensors(folder / STATE, tensors, {"state": json.dumps(told)})

    def restore(self, folder: Path) -> list[Record]:
        """Reads the state back, if there is one; returns the log of the epochs it knows."""
        path = folder / STATE
        if not path.is_file():
            return []
        try:
            tensors, words = read_tensors(path)
            told = json.loads(words["state"])
            if told["schedule"]["total_steps"] != self.schedule.total_steps:
                raise ValueError("another number of epochs, faces or faces per step")
            self.model.load_state_dict(_under("model/", tensors))
            self.average.load_state_dict(_under("average/", tensors))
            moments = {
                int(n): {"momentum_buffer": t} for n, t in _under("momentum/", tensors).items()
            }
            self.optimizer.load_state_dict({"state": moments, "param_groups": told["groups"]})
            self.schedule.load_state_dict(told["schedule"])
            torch.set_rng_state(tensors["random"])
            return list(told["log"])
        except (*DAMAGE, SafetensorError, OSError) as error:
            raise InputError(
                f"{path}: damaged, or of another training ({str(error).splitlines()[0]});"
                f" delete {folder} to start again"
            ) from error


def _under(place: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(place): t for name, t in tensors.items() if name.startswith(place)}
