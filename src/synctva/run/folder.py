"""The run folder: where training leaves what evaluation and reports read."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt64

from synctva.errors import InputError
from synctva.files import write_bytes
from synctva.run.description import RunDescription, read_description, write_description
from synctva.run.evaluation import Evaluation, read_evaluation, write_evaluation
from synctva.run.finished import Finished, read_finished, write_finished
from synctva.run.log import Epoch, append_epoch, read_log, write_log


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
        """Everything that an interrupted training needs to resume; gone when it is finished."""
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
    def epochs(self) -> Path:
        """The weights of every epoch, where the recipe keeps them."""
        return self.path / "epochs"

    def read_log(self) -> list[Epoch]:
        """Returns the epochs so far; a last line that is being written is left out."""
        remedy = f"delete {self.path} and run the same `synctva train` again"
        return read_log(self.log, remedy)

    def append_log(self, epoch: Epoch) -> None:
        """Adds an epoch to the log."""
        append_epoch(self.log, epoch)

    def cut_log(self, epochs: int) -> None:
        """Keeps the first epochs of the log."""
        write_log(self.log, self.read_log()[:epochs])

    def read_finished(self) -> Finished:
        """Returns how the training ended."""
        remedy = f"delete {self.path} and run the same `synctva train` again"
        return read_finished(self.finished, remedy)

    def write_finished(self, finished: Finished) -> None:
        """Says that the training is finished, and how it ended."""
        write_finished(self.finished, finished)


@dataclass(frozen=True)
class EvaluationFolder:
    """Where the evaluation of a run on one store is, with the predictions.

    Attributes:
        run: The run.
        path: The run's folder for the store that it was trained on; for any other one a folder in
            ``other-stores``, so that evaluations stand side by side.
    """

    run: "RunFolder"
    path: Path

    @property
    def file(self) -> Path:
        """What ``synctva evaluate`` found."""
        return self.path / "evaluation.json"

    def predictions(self, seed: int, split: str) -> Path:
        """The predictions of a seed for a split, as Parquet."""
        return self.path / f"seed-{seed}" / f"predictions-{split}.parquet"

    @property
    def remedy(self) -> str:
        """The command that makes it anew."""
        if self.path == self.run.path:
            return f"run `synctva evaluate {self.run.path}`"
        return f"delete {self.path}, or run `synctva evaluate {self.run.path} --store STORE`"

    def read(self) -> Evaluation:
        """Returns what was found.

        Raises:
            InputError: The run has not been evaluated on this store, or the file is damaged.
        """
        if not self.file.is_file():
            raise InputError(f"{self.file}: not evaluated yet; {self.remedy}")
        return read_evaluation(self.file, f"{self.remedy} again")

    def write(self, evaluation: Evaluation) -> None:
        """Keeps what was found."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_evaluation(self.file, evaluation)


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
    def evaluation(self) -> EvaluationFolder:
        """The evaluation on the store that the run was trained on."""
        return EvaluationFolder(self, self.path)

    def evaluation_on(self, store: Path) -> EvaluationFolder:
        """The evaluation on another store, by where that one is."""
        place = str(store.resolve())
        digest = hashlib.sha256(place.encode()).hexdigest()[:8]
        return EvaluationFolder(self, self.path / "other-stores" / f"{Path(place).name}-{digest}")

    def evaluations(self) -> list[EvaluationFolder]:
        """Returns the evaluations that there are, that on the run's own store first."""
        others = sorted((self.path / "other-stores").glob("*/evaluation.json"))
        places = [self.evaluation, *(EvaluationFolder(self, file.parent) for file in others)]
        return [place for place in places if place.file.is_file()]

    def seed(self, number: int) -> SeedFolder:
        """Returns the folder of a seed."""
        return SeedFolder(self.path / f"seed-{number}")

    def describe(self) -> RunDescription:
        """Returns the description.

        Raises:
            InputError: There is no run, or its description is damaged.
        """
        if not self.description.is_file():
            raise InputError(
                f"{self.path}: no run here (no run.json); make one with"
                " `synctva train --store STORE --out RUN`"
            )
        remedy = f"delete {self.path} and run `synctva train` again"
        return read_description(self.description, remedy)

    def write_description(self, description: RunDescription) -> None:
        """Keeps the description."""
        write_description(self.description, description)

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

    def finished_seeds(self) -> Iterator[tuple[int, SeedFolder]]:
        """Yields the seeds of the run whose training is finished."""
        for number in self.describe().seeds:
            if self.seed(number).finished.is_file():
                yield number, self.seed(number)
