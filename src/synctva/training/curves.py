"""The log as curves in TensorBoard, where it is installed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from synctva.run.folder import SeedFolder


@contextmanager
def curves(folder: SeedFolder) -> Iterator[Callable[[], None]]:
    """Gives a function that draws the epochs which have come into the log since the last call.

    The log is drawn from its beginning into a new file, so that a training that was interrupted
    leaves no epoch twice and none out. Without TensorBoard the function does nothing.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        yield lambda: None
        return
    writer: SummaryWriter | None = None
    drawn = 0

    def draw() -> None:
        nonlocal writer, drawn
        if writer is None:
            shutil.rmtree(folder.curves, ignore_errors=True)
            writer = SummaryWriter(folder.curves)
        for epoch in folder.read_log()[drawn:]:
            valid = asdict(epoch.valid) if epoch.valid else {}
            scores = {f"valid/{name}": score for name, score in valid.items()}
            scores["train/loss"] = epoch.train_loss
            scores["train/learning_rate"] = epoch.learning_rate
            for name, score in scores.items():
                writer.add_scalar(name, score, epoch.epoch)
            drawn += 1
        writer.flush()

    try:
        yield draw
        draw()
    finally:
        if writer is not None:
            writer.close()
