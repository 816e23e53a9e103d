"""``finished.json``: how a seed's training ended; it exists once it has ended."""

from dataclasses import asdict, dataclass
from pathlib import Path

from synctva.files import write_json
from synctva.run.parsing import Finite, Number, read

UNCHANGED = -1
"""The best epoch, where none was better than the model that the training began with."""


@dataclass(frozen=True)
class Finished:
    """How a training ended: the epoch of the best weights, the epochs run, the seconds taken."""

    best_epoch: int
    epochs: Number
    seconds: Finite


def read_finished(path: Path, remedy: str) -> Finished:
    """Returns how a training ended.

    Raises:
        InputError: The file is missing or damaged; the message ends with the remedy.
    """
    return read(path, Finished, remedy)


def write_finished(path: Path, finished: Finished) -> None:
    """Writes how a training ended, atomically."""
    write_json(path, asdict(finished))
