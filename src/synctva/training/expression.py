"""Trains the face-expression network on FER2013: selection on ``valid``, the test split unseen."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from synctva.features.expression import ExpressionNetwork


@dataclass(frozen=True)
class ExpressionRecipe:
    """How the network is trained.

    Attributes:
        epochs: Passes over the training faces.
        batch: Faces per step.
        learning_rate: The greatest; it rises over the first tenth and falls to zero.
        weight_decay: Of all weights.
        smoothing: Label smoothing; FER2013's labels are noisy.
        mixup: Beta distribution's parameter; 0 = faces are not mixed.
        rotation: Greatest angle, in degrees.
        zoom: Greatest change of size, as a fraction.
        shift: Greatest shift, as a fraction of the face's side.
        erasing: Rate at which a rectangle of a face is blanked.
        averaging: Decay of the moving average of the weights, per step.
    """

    epochs: int = 40
    batch: int = 128
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    smoothing: float = 0.1
    mixup: float = 0.2
    rotation: float = 15.0
    zoom: float = 0.12
    shift: float = 0.08
    erasing: float = 0.3
    averaging: float = 0.999


def train_expression(
    train: tuple[UInt8[np.ndarray, "n 48 48"], Int[np.ndarray, " n"]],
    valid: tuple[UInt8[np.ndarray, "v 48 48"], Int[np.ndarray, " v"]],
    recipe: ExpressionRecipe,
    seed: int,
    on_epoch: Callable[[dict[str, float]], None] = lambda record: None,
    on_better: Callable[[ExpressionNetwork], None] = lambda model: None,
) -> ExpressionNetwork:
    """Returns the network of the best epoch on ``valid``."""
    torch.manual_seed(seed)
    model = ExpressionNetwork().to(memory_format=torch.channels_last)
    average = AveragedModel(
        model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
    )
    faces = torch.from_numpy(train[0])
    emotions = torch.from_numpy(train[1]).long()
    steps = -(-len(faces) // recipe.batch) * recipe.epochs
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=recipe.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=steps, pct_start=0.1, cycle_momentum=False
    )
    best, best_state = -1.0, average.module.state_dict()
    for epoch in range(recipe.epochs):
        started = time.monotonic()
        model.train()
        total = 0.0
        for rows in torch.randperm(len(faces)).split(recipe.batch):
            x = augment(faces[rows].float(), recipe)
            y = functional.one_hot(emotions[rows], 7).float()
            x, y = mix(x, y, recipe.mixup)
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(x)
            loss = functional.cross_entropy(logits.float(), y, label_smoothing=recipe.smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(model)
            total += float(loss.detach()) * len(rows)
        probabilities = predict_expressions(average.module, valid[0])
        accuracy = float((probabilities.argmax(1) == valid[1]).mean())
        on_epoch(
            {
                "epoch": epoch + 1,
                "loss": total / len(faces),
                "valid_accuracy": accuracy,
                "seconds": time.monotonic() - started,
            }
        )
        if accuracy > best:
            best = accuracy
            best_state = {k: v.clone() for k, v in average.module.state_dict().items()}
            on_better(average.module)
    model.load_state_dict(best_state)
    return model.eval()


def augment(
    faces: Float[Tensor, "face h w"], recipe: ExpressionRecipe
) -> Float[Tensor, "face h w"]:
    """Returns the faces, each mirrored or not, turned, zoomed, shifted, and partly blanked."""
    count, side, _ = faces.shape
    uniform = lambda limit: (torch.rand(count) * 2 - 1) * limit
    angle = uniform(recipe.rotation * torch.pi / 180)
    zoom = 1 + uniform(recipe.zoom)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos() * zoom, angle.sin() * zoom
    affine = torch.stack(
        [
            torch.stack([cos * mirror, -sin, uniform(2 * recipe.shift)], dim=1),
            torch.stack([sin * mirror, cos, uniform(2 * recipe.shift)], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(affine, [count, 1, side, side], align_corners=False)
    faces = functional.grid_sample(
        faces.unsqueeze(1), grid, padding_mode="border", align_corners=False
    ).squeeze(1)
    height, width = (side * (0.15 + 0.3 * torch.rand(2, count))).long()
    top = (torch.rand(count) * (side - height)).long()
    left = (torch.rand(count) * (side - width)).long()
    place = torch.arange(side)
    rows = (place >= top[:, None]) & (place < (top + height)[:, None])
    columns = (place >= left[:, None]) & (place < (left + width)[:, None])
    blank = (
        rows[:, :, None] & columns[:, None, :] & (torch.rand(count) < recipe.erasing)[:, None, None]
    )
    return torch.where(blank, faces.mean(dim=(1, 2), keepdim=True), faces)


def mix(
    faces: Float[Tensor, "face h w"], emotions: Float[Tensor, "face emotion"], strength: float
) -> tuple[Float[Tensor, "face h w"], Float[Tensor, "face emotion"]]:
    """Returns each face blended with another one, and the emotions blended alike.

    Source: Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018, equation 2.
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
    model: ExpressionNetwork, faces: UInt8[np.ndarray, "n 48 48"], batch: int = 256
) -> Float[np.ndarray, "n emotion"]:
    """Returns the emotions' probabilities, the mean of each face's and its mirror image's."""
    was_training = model.training
    model.eval()
    rows = []
    for part in torch.from_numpy(faces).split(batch):
        x = part.float()
        rows.append((model(x).softmax(1) + model(x.flip(2)).softmax(1)) / 2)
    model.train(was_training)
    return torch.cat(rows).numpy()
