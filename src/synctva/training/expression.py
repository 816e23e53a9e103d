"""Trains and scores the face-expression network; the epoch is chosen on ``valid``.

There is no way to hand a test split to the training.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import safetensors.torch
import torch
from jaxtyping import Float, Float32, Int64, UInt8
from pydantic import Field
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from synctva.errors import DAMAGE, InputError
from synctva.evaluation.metrics import ScoreArrays, confusions, scores_of
from synctva.features.extractors.expression import (
    EMOTIONS,
    ExpressionNetwork,
    load_expression_network,
    save_expression_network,
)
from synctva.files import write_bytes, write_text
from synctva.recipe import NotNegative, Rate, Section

Faces = tuple[UInt8[np.ndarray, "_ 48 48"], Int64[np.ndarray, " _"]]
"""Grey pictures and the numbers of their emotions."""

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

    ``folder`` keeps ``log.jsonl``, the weights, and the state from which a killed training goes
    on after its last finished epoch. Half precision is used for the products (bf16).

    Args:
        train: Faces to learn from.
        valid: Faces that choose the epoch.
        recipe: How.
        folder: Where the training is kept.
        seed: Decides the first weights, the order and the augmentation.
        start: Weights to begin from; None = random ones.
        on_epoch: Told of every finished epoch, also of those from before an interruption.

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
        loss = training.epoch(*map(torch.from_numpy, train))
        guessed = predict_expressions(training.averaged, valid[0]).argmax(axis=1)
        accuracy = float((guessed == valid[1]).mean())
        if accuracy > max((record["valid_accuracy"] for record in log), default=-1.0):
            save_expression_network(training.averaged, weights)
        seconds = round(time.monotonic() - started, 1)
        log.append({"epoch": epoch, "loss": loss, "valid_accuracy": accuracy, "seconds": seconds})
        training.save(folder, log)
        on_epoch(log[-1])
    return weights


class _Training:
    """The network in training, the moving average of its weights, the optimiser, the schedule."""

    def __init__(self, model: ExpressionNetwork, recipe: ExpressionRecipe, steps: int) -> None:
        self.recipe = recipe
        self.model = model.to(memory_format=torch.channels_last)  # pyright: ignore
        self.average = AveragedModel(
            self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
        )
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
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

    def epoch(self, faces: UInt8[Tensor, "face 48 48"], emotions: Int64[Tensor, " face"]) -> float:
        """Trains on every face once; returns the mean loss."""
        self.model.train()
        total = 0.0
        for rows in torch.randperm(len(faces)).split(self.recipe.batch):
            shown = augment(faces[rows].float(), self.recipe)
            wanted = functional.one_hot(emotions[rows], len(EMOTIONS)).float()
            shown, wanted = mix(shown, wanted, self.recipe.mixup)
            with torch.autocast("cpu", torch.bfloat16):
                logits = self.model(shown)
            loss = functional.cross_entropy(
                logits.float(), wanted, label_smoothing=self.recipe.smoothing
            )
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
        content = safetensors.torch.save(
            {name: tensor.contiguous().clone() for name, tensor in tensors.items()},
            {"state": json.dumps(told)},
        )
        write_text(folder / "log.jsonl", "".join(json.dumps(record) + "\n" for record in log))
        write_bytes(folder / STATE, content)

    def restore(self, folder: Path) -> list[Record]:
        """Reads the state back, if there is one; returns the log of the epochs it knows."""
        path = folder / STATE
        if not path.is_file():
            return []
        try:
            with safe_open(path, "pt") as file:
                told = json.loads((file.metadata() or {})["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
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


def augment(
    faces: Float[Tensor, "face h w"], recipe: ExpressionRecipe
) -> Float[Tensor, "face h w"]:
    """Returns the faces, each mirrored or not, turned, zoomed, shifted, and partly blanked."""
    count, side, _ = faces.shape
    angle = _uniform(count, recipe.rotation * torch.pi / 180)
    zoom = 1 + _uniform(count, recipe.zoom)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos() * zoom, angle.sin() * zoom
    affine = torch.stack(
        [
            torch.stack([cos * mirror, -sin, _uniform(count, 2 * recipe.shift)], dim=1),
            torch.stack([sin * mirror, cos, _uniform(count, 2 * recipe.shift)], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(affine, [count, 1, side, side], align_corners=False)
    turned = functional.grid_sample(
        faces.unsqueeze(1), grid, padding_mode="border", align_corners=False
    ).squeeze(1)
    blank = _rectangles(count, side) & (torch.rand(count) < recipe.erasing)[:, None, None]
    return torch.where(blank, turned.mean(dim=(1, 2), keepdim=True), turned)


def _uniform(count: int, limit: float) -> Float[Tensor, " face"]:
    return (torch.rand(count) * 2 - 1) * limit


def _rectangles(count: int, side: int) -> Tensor:
    """Returns a mask with one rectangle per face, each side 15-45 % of the face's."""
    height, width = (side * (0.15 + 0.3 * torch.rand(2, count))).long()
    top = (torch.rand(count) * (side - height)).long()
    left = (torch.rand(count) * (side - width)).long()
    place = torch.arange(side)
    rows = (place >= top[:, None]) & (place < (top + height)[:, None])
    columns = (place >= left[:, None]) & (place < (left + width)[:, None])
    return rows[:, :, None] & columns[:, None, :]


def mix(
    faces: Float[Tensor, "face h w"], emotions: Float[Tensor, "face emotion"], strength: float
) -> tuple[Float[Tensor, "face h w"], Float[Tensor, "face emotion"]]:
    """Returns each face blended with another one, and the emotions blended alike.

    Source: Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018, section 2.
    """
    if not strength:
        return faces, emotions
    share = float(torch.distributions.Beta(strength, strength).sample())
    other = torch.randperm(len(faces))
    return (
        share * faces + (1 - share) * faces[other],
        share * emotions + (1 - share) * emotions[other],
    )


@torch.inference_mode()
def predict_expressions(
    model: ExpressionNetwork, faces: UInt8[np.ndarray, "face 48 48"], batch: int = 256
) -> Float32[np.ndarray, "face emotion"]:
    """Returns the probabilities of :data:`EMOTIONS`, the mean over a face and its mirror image."""
    was_training = model.training
    model.eval()
    rows = []
    for part in torch.from_numpy(faces).split(batch):
        shown = part.float()
        rows.append((model(shown).softmax(1) + model(shown.flip(2)).softmax(1)) / 2)
    model.train(was_training)
    return torch.cat(rows).numpy()


def score_expressions(model: ExpressionNetwork, faces: Faces) -> ScoreArrays:
    """Returns the scores of the network on faces."""
    pixels, emotions = faces
    guessed = predict_expressions(model, pixels).argmax(axis=1)
    one_set = np.zeros(len(emotions), np.int64)
    return scores_of(confusions(emotions, guessed, one_set, len(EMOTIONS)).sum(axis=0))
