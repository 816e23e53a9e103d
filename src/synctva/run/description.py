"""``run.json``: what was trained on what, and how."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.files import write_json
from synctva.run.parsing import Number, read


@dataclass(frozen=True)
class SchemaNames:
    """An emotion schema as the file spells it."""

    name: str
    emotions: tuple[str, ...]


@dataclass(frozen=True)
class StartedFrom:
    """The model that a training began with: its source, and the sha256 of all its weights."""

    source: str
    weights: str


@dataclass(frozen=True)
class RunDescription:
    """What was trained on what.

    Attributes:
        name: What tables call the run: the recipe's name.
        corpus: The corpus's name.
        schema: Its emotions, in order.
        dims: The width of each modality's features.
        fingerprints: Of the features, by modality.
        store: The feature store's folder.
        shards: The store's shards then: file name -> sha256.
        seeds: Those to train.
        environment: Versions and machine, as words.
        command: The command line.
        start: What the training began with; None = random weights.
    """

    name: str
    corpus: str
    schema: SchemaNames
    dims: dict[str, Number]
    store: str
    seeds: tuple[Number, ...]
    fingerprints: dict[str, str] = field(default_factory=dict)
    shards: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    command: str = ""
    start: StartedFrom | None = None

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions, in the schema's order."""
        return self.schema.emotions


def read_description(path: Path, remedy: str) -> RunDescription:
    """Returns a run's description.

    Raises:
        InputError: The file is missing or damaged; the message ends with the remedy.
    """
    found = read(path, RunDescription, remedy)
    try:
        EmotionSchema(found.schema.name, found.schema.emotions)
    except InputError as error:
        raise InputError(f"{path}: damaged ({error}); {remedy}") from error
    return found


def write_description(path: Path, description: RunDescription) -> None:
    """Writes a run's description, atomically."""
    values = asdict(description)
    write_json(path, {name: value for name, value in values.items() if value is not None})
