"""A finished and evaluated run folder, read back as one frozen record.

run.json  recipe.toml  evaluation.json  other-stores/*/evaluation.json
seed-N/log.jsonl  seed-N/finished.json
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.run.description import RunDescription
from synctva.run.evaluation import Evaluation
from synctva.run.finished import Finished
from synctva.run.folder import EvaluationFolder, RunFolder, SeedFolder
from synctva.run.log import Epoch
from synctva.tables import toml_in

NETWORK = "sync-tva"
"""The name of Sync-TVA's network in recipes, and the one of a recipe that names none."""


@dataclass(frozen=True)
class RunRecord:
    """Everything a report says about one run.

    Attributes:
        path: The run folder.
        name: What tables and figures call the run.
        info: What was trained on what.
        schema: The emotions, in order.
        recipe: The resolved recipe, as TOML text.
        network: The network's name in recipes.
        evaluations: The scores on each store, those on the run's own store first.
        logs: Every seed's epochs.
        finished: Every seed's end of training.
    """

    path: Path
    name: str
    info: RunDescription
    schema: EmotionSchema
    recipe: str
    network: str
    evaluations: tuple[Evaluation, ...]
    logs: dict[int, list[Epoch]]
    finished: dict[int, Finished]

    @property
    def evaluation(self) -> Evaluation:
        """The scores on the run's own store; where there are none, those on another one."""
        return self.evaluations[0]

    @property
    def is_ours(self) -> bool:
        """Whether its network is Sync-TVA, whatever the run is called."""
        return self.network == NETWORK

    @property
    def store(self) -> str:
        """The folder's name of the store that the scores are of; empty where that is not known."""
        store = self.evaluation.store
        return "" if store is None else Path(store.path).name

    def on_each_store(self) -> Iterator["RunRecord"]:
        """Yields the run once for each store, with the scores on that one only."""
        for evaluation in self.evaluations:
            yield replace(self, evaluations=(evaluation,))


def load_run(path: Path) -> RunRecord:
    """Reads a run folder: the seeds that were evaluated.

    Raises:
        InputError: A file is missing or garbled, or an evaluation does not fit the run, as when
            seeds have finished since; the message names the command that mends it.
    """
    folder = RunFolder(path)
    info = folder.describe()
    places = folder.evaluations() or [folder.evaluation]
    evaluations = tuple(place.read() for place in places)
    for place, evaluation in zip(places, evaluations, strict=True):
        _check(place, info, evaluation)
    scored = [seed.seed for seed in evaluations[0].per_seed]
    finished = {number: folder.seed(number).read_finished() for number in scored}
    logs = {number: _log(folder.seed(number), finished[number]) for number in scored}
    recipe, network = _recipe(folder)
    schema = EmotionSchema(info.schema.name, info.emotions)
    return RunRecord(path, info.name, info, schema, recipe, network, evaluations, logs, finished)


def _log(seed: SeedFolder, finished: Finished) -> list[Epoch]:
    epochs = seed.read_log()
    if len(epochs) < finished.epochs:
        raise InputError(
            f"{seed.log}: holds {len(epochs)} epochs of {finished.epochs}; delete {seed.path} and"
            " run the same `synctva train` again"
        )
    return epochs


def _recipe(folder: RunFolder) -> tuple[str, str]:
    """Returns a run's recipe as text, and its network's name."""
    try:
        text = folder.recipe.read_text(encoding="utf-8")
        model = toml_in(text).get("model")
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder.recipe}: missing or damaged; run `synctva train --out {folder.path}` again"
        ) from error
    return text, str(model.get("network", NETWORK)) if isinstance(model, dict) else NETWORK


def _check(place: EvaluationFolder, info: RunDescription, evaluation: Evaluation) -> None:
    """Checks that an evaluation fits the run."""
    problem = _disagreement(place.run, info, evaluation)
    if problem:
        raise InputError(f"{place.file}: {problem}; {place.remedy} again")


def _disagreement(folder: RunFolder, info: RunDescription, evaluation: Evaluation) -> str:
    """Returns how the evaluation contradicts the run, or an empty string."""
    scored = sorted(seed.seed for seed in evaluation.per_seed)
    finished = sorted(seed for seed in info.seeds if folder.seed(seed).finished.is_file())
    emotions = info.emotions
    if scored != finished or not scored:
        return f"scores seeds {scored}, but the run's finished seeds are {finished}"
    for split, scores in (("valid", evaluation.valid), ("test", evaluation.test)):
        rows = evaluation.confusion.get(split, ())
        if len(rows) != len(emotions) or any(len(row) != len(emotions) for row in rows):
            return f"confusion.{split} is not {len(emotions)} x {len(emotions)}"
        keyed = {"f1": scores.f1, "support": evaluation.support.get(split, {})}
        for key, by_emotion in keyed.items():
            if set(by_emotion) != set(emotions):
                return f"{split}: {key} names other emotions than {info.schema.name}"
    return ""
