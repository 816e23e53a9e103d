"""The run folder: where training leaves what evaluation and reports read."""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt64

from synctva.errors import InputError
from synctva.files import write_bytes, write_text


def dialogue_digest(id: str) -> int:
    """Returns eight bytes that stand for a dialogue's id, as there may be millions."""
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest())


@dataclass(frozen=True)
class SeedFolder:
    """The part of a run that one seed made."""

    path: Path

    @property
    def checkpoint(self) -> Path:
        """The weights that were best on ``valid``."""
        return self.path / "checkpoint"

    @property
    def state(self) -> Path:
        """Everything that an interrupted training needs to go on; gone when it is finished."""
        return self.path / "state.safetensors"

    @property
    def log(self) -> Path:
        """One JSON object per epoch and line."""
        return self.path / "log.jsonl"

    @property
    def curves(self) -> Path:
        """The log as TensorBoard's events, where TensorBoard is installed."""
        return self.path / "tensorboard"

    @property
    def finished(self) -> Path:
        """Best epoch, number of epochs and seconds; there once the training is finished."""
        return self.path / "finished.json"

    @property
    def lock(self) -> Path:
        """Locked by whoever trains the seed; gone once the training is finished."""
        return self.path / ".lock"

    @property
    def epochs(self) -> Path:
        """The weights of every epoch, where the recipe keeps them."""
        return self.path / "epochs"

    def predictions(self, split: str) -> Path:
        """The predictions for a split, as Parquet."""
        return self.path / f"predictions-{split}.parquet"

    def read_log(self) -> list[dict[str, Any]]:
        """Returns the epochs so far; a last line that is being written is left out."""
        if not self.log.is_file():
            return []
        lines = self.log.read_text(encoding="utf-8").split("\n")[:-1]
        try:
            return [json.loads(line) for line in lines]
        except ValueError as error:
            raise InputError(
                f"{self.log}: damaged ({error}); delete {self.path} and run the same"
                " `synctva train` again"
            ) from error

    def read_finished(self) -> dict[str, Any]:
        """Returns how the training ended."""
        return _read_json(self.finished, f"delete {self.path} and train this seed again")

    def append_log(self, record: dict[str, Any]) -> None:
        """Adds an epoch to the log."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def cut_log(self, epochs: int) -> None:
        """Keeps the first epochs of the log."""
        kept = self.read_log()[:epochs]
        write_text(self.log, "".join(json.dumps(record) + "\n" for record in kept))


@dataclass(frozen=True)
class RunFolder:
    """One recipe trained on one store with several seeds."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The whole recipe, defaults included."""
        return self.path / "recipe.toml"

    @property
    def description(self) -> Path:
        """Name, corpus, schema, widths, fingerprints, store, seeds, environment, command."""
        return self.path / "run.json"

    @property
    def seen(self) -> Path:
        """Digests of the dialogues of train and valid; a test split must have none of them."""
        return self.path / "seen.npy"

    @property
    def start(self) -> Path:
        """The checkpoint that the training began with; not there where it began with none."""
        return self.path / "start"

    @property
    def evaluation(self) -> Path:
        """What ``synctva evaluate`` found."""
        return self.path / "evaluation.json"

    def seed(self, number: int) -> SeedFolder:
        """Returns the folder of a seed."""
        return SeedFolder(self.path / f"seed-{number}")

    def describe(self) -> dict[str, Any]:
        """Returns the description.

        Raises:
            InputError: There is no run, or its description is damaged.
        """
        if not self.description.is_file():
            raise InputError(
                f"{self.path}: no run here (no run.json); make one with"
                " `synctva train --store STORE --out RUN`"
            )
        return _read_json(self.description, f"delete {self.path} and run `synctva train` again")

    def write_seen(self, digests: UInt64[np.ndarray, " dialogue"]) -> None:
        """Keeps which dialogues a training learns from or chooses its epochs by."""
        content = io.BytesIO()
        np.save(content, np.sort(digests))
        write_bytes(self.seen, content.getvalue())

    def read_seen(self) -> UInt64[np.ndarray, " dialogue"]:
        """Returns these digests; none of a run that was made before they were kept.

        Raises:
            InputError: They are damaged.
        """
        if not self.seen.is_file():
            return np.empty(0, np.uint64)
        try:
            return np.load(self.seen, allow_pickle=False).astype(np.uint64, casting="no")
        except (ValueError, TypeError, EOFError) as error:
            raise InputError(
                f"{self.seen}: damaged ({error}); delete it and run the same `synctva train` again"
            ) from error

    def read_evaluation(self) -> dict[str, Any]:
        """Returns what ``synctva evaluate`` found.

        Raises:
            InputError: The run has not been evaluated.
        """
        if not self.evaluation.is_file():
            raise InputError(f"{self.path}: not evaluated; run `synctva evaluate {self.path}`")
        return _read_json(self.evaluation, f"run `synctva evaluate {self.path}` again")

    def finished_seeds(self) -> Iterator[tuple[int, SeedFolder]]:
        """Yields the seeds of the run whose training is finished."""
        for number in self.describe()["seeds"]:
            if self.seed(number).finished.is_file():
                yield number, self.seed(number)


def _read_json(path: Path, remedy: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged ({error}); {remedy}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: damaged (not a JSON object); {remedy}")
    return found
