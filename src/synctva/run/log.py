"""``log.jsonl``: a line for each epoch of a seed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from synctva.files import flush, write_text
from synctva.run.parsing import Number, parse


@dataclass(frozen=True)
class ValidEpoch:
    """Scores on ``valid`` after an epoch; the loss is the plain cross-entropy."""

    loss: float
    weighted_f1: float
    macro_f1: float
    accuracy: float


@dataclass(frozen=True)
class Epoch:
    """One line of a seed's log; a loss that diverged may be NaN, and ``valid`` may not be there."""

    epoch: Number
    train_loss: float
    valid: ValidEpoch | None
    learning_rate: float
    seconds: float


def read_log(path: Path, remedy: str) -> list[Epoch]:
    """Returns the epochs in a file, in order; of two lines of an epoch the later one counts.

    A last line that is being written is left out, and without a file there is no epoch yet.

    Raises:
        InputError: A line is damaged; the message ends with the remedy.
    """
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    epochs = [
        parse(line, Epoch, f"{path}: line {number}", remedy)
        for number, line in enumerate(lines, start=1)
    ]
    by_number = {epoch.epoch: epoch for epoch in epochs}
    return [by_number[number] for number in sorted(by_number)]


def append_epoch(path: Path, epoch: Epoch) -> None:
    """Adds a line to a log."""
    with path.open("a", encoding="utf-8") as file:
        file.write(_line(epoch))
    flush(path)


def write_log(path: Path, epochs: Sequence[Epoch]) -> None:
    """Writes a log anew, atomically."""
    write_text(path, "".join(map(_line, epochs)))


def _line(epoch: Epoch) -> str:
    return json.dumps(asdict(epoch)) + "\n"
