"""A finished and evaluated run folder, read back as one frozen record.

run.json  recipe.toml  evaluation.json  seed-N/log.jsonl  seed-N/finished.json
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.run.folder import RunFolder

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Score:
    """A score in [0, 1]: mean and sd over seeds, interval by bootstrap over dialogues."""

    mean: FiniteFloat
    sd: FiniteFloat | None = None
    interval: tuple[FiniteFloat, FiniteFloat] | None = None


@dataclass(frozen=True)
class SplitScores:
    """The scores of one split; ``f1`` is keyed by emotion."""

    weighted_f1: Score
    macro_f1: Score
    accuracy: Score
    ece: Score
    f1: dict[str, Score]


@dataclass(frozen=True)
class SeedSplit:
    """One seed's scores on one split."""

    weighted_f1: FiniteFloat
    macro_f1: FiniteFloat
    accuracy: FiniteFloat
    ece: FiniteFloat


@dataclass(frozen=True)
class SeedScores:
    """One seed: the epoch that ``valid`` chose, and its scores."""

    seed: int
    best_epoch: int
    valid: SeedSplit
    test: SeedSplit


@dataclass(frozen=True)
class F1Scores:
    """Both averages of F1 under one condition."""

    weighted_f1: Score
    macro_f1: Score


@dataclass(frozen=True)
class Community:
    """The field's habit, the best *test* epoch, and how far above the honest score it lies."""

    weighted_f1: Score
    gap: FiniteFloat


@dataclass(frozen=True)
class Ceiling:
    """The best score that anyone could reach on a corpus with planted structure."""

    weighted_f1: FiniteFloat
    macro_f1: FiniteFloat | None = None
    accuracy: FiniteFloat | None = None


@dataclass(frozen=True)
class Evaluation:
    """What ``synctva evaluate`` wrote. Confusion: rows are emotions, columns predictions."""

    test: SplitScores
    valid: SplitScores
    seeds: int
    parameters: int
    seconds_per_epoch: FiniteFloat
    per_seed: list[SeedScores]
    confusion: dict[str, list[list[int]]]
    support: dict[str, dict[str, int]]
    subsets: dict[str, F1Scores] | None = None
    missing_rates: dict[FiniteFloat, F1Scores] | None = None
    community: Community | None = None
    ceiling: Ceiling | None = None
    ceiling_subsets: dict[str, Ceiling] | None = None


@dataclass(frozen=True)
class ValidEpoch:
    """Scores on ``valid`` after an epoch."""

    loss: float
    weighted_f1: float
    macro_f1: float
    accuracy: float


@dataclass(frozen=True)
class Epoch:
    """One line of a seed's log; a diverged loss may be NaN."""

    epoch: int
    train_loss: float
    valid: ValidEpoch
    seconds: float
    learning_rate: float


@dataclass(frozen=True)
class Finished:
    """What a seed leaves behind when its training ends."""

    best_epoch: int
    epochs: int
    seconds: FiniteFloat


@dataclass(frozen=True)
class SchemaNames:
    """An emotion schema as run.json spells it."""

    name: str
    emotions: tuple[str, ...]


@dataclass(frozen=True)
class RunFile:
    """run.json: what was trained on what."""

    name: str
    corpus: str
    schema: SchemaNames
    dims: dict[str, int]
    store: str
    seeds: list[int]
    command: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """Everything a report says about one run.

    Attributes:
        path: The run folder.
        name: What tables and figures call the run.
        info: What was trained on what.
        schema: The emotions, in order.
        recipe: The resolved recipe, as TOML text.
        evaluation: The scores.
        logs: Every seed's epochs.
        finished: Every seed's end of training.
    """

    path: Path
    name: str
    info: RunFile
    schema: EmotionSchema
    recipe: str
    evaluation: Evaluation
    logs: dict[int, list[Epoch]]
    finished: dict[int, Finished]


def load_run(path: Path) -> RunRecord:
    """Reads a run folder: the seeds that were evaluated.

    Raises:
        InputError: A file is missing or garbled, or the evaluation does not fit the run, as when
            seeds have finished since; the message names the command that mends it.
    """
    folder = RunFolder(path)
    train, evaluate = f"run `synctva train --out {path}` again", f"run `synctva evaluate {path}`"
    if not folder.description.is_file():
        raise InputError(
            f"{path}: no run.json, so this is no run folder; `synctva train --out RUN` makes one"
        )
    info = _parsed(folder.description, RunFile, train)
    if not folder.evaluation.is_file():
        raise InputError(f"{folder.evaluation}: not there yet; {evaluate} first")
    evaluation = _parsed(folder.evaluation, Evaluation, f"{evaluate} again")
    problem = _disagreement(folder, info, evaluation)
    if problem:
        raise InputError(f"{folder.evaluation}: {problem}; {evaluate} again")
    seeds = {seed.seed: folder.seed(seed.seed) for seed in evaluation.per_seed}
    finished = {number: _parsed(seed.finished, Finished, train) for number, seed in seeds.items()}
    logs = {number: _log(seed.log, train) for number, seed in seeds.items()}
    try:
        recipe = folder.recipe.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder.recipe}: cannot be read; {train}") from error
    try:
        schema = EmotionSchema(info.schema.name, info.schema.emotions)
    except InputError as error:
        raise InputError(f"{folder.description}: {error}; {train}") from error
    return RunRecord(path, info.name, info, schema, recipe, evaluation, logs, finished)


def _log(file: Path, remedy: str) -> list[Epoch]:
    """Returns a seed's epochs in order; after a resume the later line of an epoch counts."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{file}: cannot be read; {remedy}") from error
    epochs = {}
    for number, line in enumerate(lines, start=1):
        epoch = _checked(f"{file}: line {number}", line, Epoch, remedy)
        epochs[epoch.epoch] = epoch
    return [epochs[number] for number in sorted(epochs)]


def _parsed(file: Path, kind: type[Kind], remedy: str) -> Kind:
    try:
        return _checked(str(file), file.read_bytes(), kind, remedy)
    except OSError as error:
        raise InputError(f"{file}: cannot be read; {remedy}") from error


def _checked(where: str, text: bytes, kind: type[Kind], remedy: str) -> Kind:
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "JSON"
        raise InputError(f"{where}: {place}: {first['msg']}; {remedy}") from error


def _disagreement(folder: RunFolder, info: RunFile, evaluation: Evaluation) -> str:
    """Returns how the evaluation contradicts the run, or an empty string."""
    scored = sorted(seed.seed for seed in evaluation.per_seed)
    finished = sorted(seed for seed in info.seeds if folder.seed(seed).finished.is_file())
    emotions = info.schema.emotions
    if scored != finished:
        return f"scores seeds {scored}, but of this run {finished} are finished"
    for split, scores in (("valid", evaluation.valid), ("test", evaluation.test)):
        rows = evaluation.confusion.get(split, [])
        if len(rows) != len(emotions) or any(len(row) != len(emotions) for row in rows):
            return f"confusion.{split} is not {len(emotions)} x {len(emotions)}"
        keyed = {"f1": scores.f1, "support": evaluation.support.get(split, {})}
        for key, by_emotion in keyed.items():
            if set(by_emotion) != set(emotions):
                return f"{split}: {key} names other emotions than {info.schema.name}"
    return ""
