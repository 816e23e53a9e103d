"""Everything that an interrupted training needs to resume as if nothing had happened."""

import copy
import json
from dataclasses import asdict, dataclass

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from synctva.errors import InputError
from synctva.model.emotion_model import EmotionModel
from synctva.run.folder import SeedFolder
from synctva.run.log import ValidEpoch
from synctva.tensors import read_tensors, write_tensors


@dataclass
class Progress:
    """Where a training stands.

    Attributes:
        epoch: Number of the current epoch.
        position: Steps of it that are done.
        loss_sum: Sum of their losses.
        seconds: Seconds it has taken.
        total_seconds: Seconds of the epochs before it.
        best_epoch: The epoch of the best weights; -1 = none yet.
        best_f1: Its weighted F1 on ``valid``, where there is one.
        best_loss: Its loss on ``valid``; it decides between equals.
    """

    epoch: int = 0
    position: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    total_seconds: float = 0.0
    best_epoch: int = -1
    best_f1: float = -1.0
    best_loss: float = 0.0

    def is_better(self, scores: ValidEpoch | None) -> bool:
        """Returns whether the current weights beat the best so far; unscored ones do."""
        if scores is None:
            return True
        return (scores.weighted_f1, -scores.loss) > (self.best_f1, -self.best_loss)

    def keep(self, scores: ValidEpoch | None) -> None:
        """Takes the current epoch as the best so far."""
        self.best_epoch = self.epoch
        if scores is not None:
            self.best_f1, self.best_loss = scores.weighted_f1, scores.loss

    def next_epoch(self) -> None:
        """Opens the next epoch."""
        self.total_seconds += self.seconds
        self.epoch, self.position, self.loss_sum, self.seconds = self.epoch + 1, 0, 0.0, 0.0


@dataclass
class TrainingState:
    """A model in training, the moving average of its weights, the optimiser, the progress."""

    model: EmotionModel
    average: EmotionModel
    optimizer: torch.optim.Optimizer
    progress: Progress
    steps: int = 0

    @classmethod
    def fresh(cls, model: EmotionModel, optimizer: torch.optim.Optimizer) -> "TrainingState":
        """Returns the state before the first step."""
        average = copy.deepcopy(model).requires_grad_(False).eval()
        return cls(model, average, optimizer, Progress())

    @torch.no_grad()
    def update_average(self, decay: float) -> None:
        """Moves the average towards the model; in the first steps it follows faster."""
        self.steps += 1
        decay = min(decay, (1 + self.steps) / (10 + self.steps))
        move = get_ema_multi_avg_fn(decay)
        move(list(self.average.parameters()), list(self.model.parameters()), self.steps)


def save(state: TrainingState, folder: SeedFolder) -> None:
    """Writes the state, atomically."""
    tensors = {f"model/{name}": tensor for name, tensor in state.model.trained_state().items()}
    average = state.average.trained_state()
    tensors |= {f"average/{name}": tensor for name, tensor in average.items()}
    for number, moments in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{number}/{name}": tensor for name, tensor in moments.items()}
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    metadata = {"progress": json.dumps(asdict(state.progress)), "steps": str(state.steps)}
    write_tensors(folder.state, tensors, metadata)


def restore(state: TrainingState, folder: SeedFolder, *, writes: bool = True) -> None:
    """Reads the state back, if there is one, and cuts the log to the epochs that it knows.

    Args:
        state: Fresh.
        folder: Where it is.
        writes: Whether this process is the one that writes into the folder.

    Raises:
        InputError: The state is damaged or of another model.
    """
    if not folder.state.is_file():
        if writes:
            folder.cut_log(0)
        return
    try:
        tensors, metadata = read_tensors(folder.state)
        state.model.load_trained_state(_under("model/", tensors))
        state.average.load_trained_state(_under("average/", tensors))
        _restore_optimizer(state.optimizer, _under("optimizer/", tensors))
        state.progress = Progress(**json.loads(metadata["progress"]))
        state.steps = int(metadata["steps"])
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder.state}: damaged, or of another model ({str(error).splitlines()[0]});"
            f" delete {folder.path} to start this seed again"
        ) from error
    torch.set_rng_state(tensors["random/cpu"])
    if "random/cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random/cuda"])
    if writes:
        folder.cut_log(state.progress.epoch)


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, key = name.split("/")
        moments.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
