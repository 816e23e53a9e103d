"""Training that begins with an existing model: what it keeps of it, and what is checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from synctva.encoders.encoder import Encoder, load_encoders
from synctva.encoders.settings import EncoderSettings
from synctva.errors import InputError
from synctva.features.extractors.hub import weights_sha256
from synctva.features.store import FeatureStore, open_store
from synctva.model.emotion_model import EmotionModel
from synctva.model.load import SHIPPED, load_model
from synctva.recipe import Recipe, load_recipe, with_settings
from synctva.run.description import StartedFrom
from synctva.run.finished import UNCHANGED, Finished
from synctva.run.folder import RunFolder, SeedFolder
from synctva.training.loop import validate
from synctva.training.pieces import in_pieces
from synctva.training.ranks import processes
from synctva.training.splits import Split, open_splits

FINE_TUNING = (
    *("training.epochs=20", "training.patience=10", "training.learning_rate=1e-3"),
    *("training.batch_utterances=32", "training.averaging=0.9"),
)
"""What changes in the recipe of the model, for some hundred utterances."""

ENCODER_LEARNING_RATE = 3e-4
"""The learning rate of encoders that are fine-tuned jointly, so that they do not forget."""

FURTHER = ", trained further"
"""Ends the name of the recipe."""


@dataclass(frozen=True)
class Start:
    """What a training begins with.

    Attributes:
        source: The model's name, folder or hub id.
        model: The model.
        has_valid: Whether what it is trained on has emotions in the split ``valid``; else nothing
            chooses an epoch.
    """

    source: str
    model: EmotionModel
    has_valid: bool = True

    @property
    def description(self) -> StartedFrom:
        """What a run keeps of it."""
        return StartedFrom(self.source, weights_sha256(self.model))

    @property
    def encoders(self) -> dict[str, EncoderSettings]:
        """The settings of the model's encoders, by modality."""
        return {m: cast(Encoder, one).settings for m, one in self.model.encoders.items()}


def load_start(source: str, store: Path, *, downloads: bool = False) -> Start:
    """Returns the model by its name, folder or hub id, to be trained further on a store.

    Args:
        source: The name, folder or id.
        store: The feature store.
        downloads: As in ``EmotionModel.from_pretrained``.

    Raises:
        InputError: There is no such model or no such store.
    """
    return Start(source, load_model(source, downloads=downloads), _has_valid(open_store(store)))


def _has_valid(store: FeatureStore) -> bool:
    """Returns whether the split ``valid`` of a store has an emotion."""
    parts = store.read_shards() if store.utterances["valid"] else ()
    said = (pair for part in parts for pair in part.utterances())
    return any(dialogue.split == "valid" and one.emotion is not None for dialogue, one in said)


def recipe_beside(source: str) -> Path | None:
    """Returns the recipe that lies with a model: in its folder, or in that of its run."""
    own = Path(source)
    runs = [run for run in (own.parent, own.parent.parent) if RunFolder(run).description.is_file()]
    for folder in (SHIPPED / source, own, *runs):
        if (folder / "recipe.toml").is_file():
            return folder / "recipe.toml"
    return None


def recipe_from(start: Start, path: Path | None = None, settings: Sequence[str] = ()) -> Recipe:
    """Returns the recipe of a training that begins with a model.

    Network, encoders and modalities are the model's.

    Args:
        start: The model.
        path: A recipe whose loss and training are taken as they are; None = those of the recipe
            that lies with the model, made fit for fine-tuning.
        settings: ``key=value`` pairs that change the result.

    Raises:
        InputError: A setting would change the network; or as ``load_recipe``.
    """
    known = load_recipe(path or recipe_beside(start.source))
    rates = dict.fromkeys(start.encoders, ENCODER_LEARNING_RATE)
    if path is not None:
        rates |= {m: one.learning_rate for m, one in known.encoders.items() if m in rates}
    own = {m: replace(one, learning_rate=rates[m]) for m, one in start.encoders.items()}
    recipe = known.model_copy(
        update={
            "name": known.name if path else f"{known.name.removesuffix(FURTHER)}{FURTHER}",
            "model": start.model.settings,
            "encoders": own,
            "modalities": tuple(start.model.dims),
        }
    )
    changed = with_settings(recipe, (*(() if path else FINE_TUNING), *settings))
    kept = {m: replace(one, learning_rate=rates.get(m, 1)) for m, one in changed.encoders.items()}
    same = changed.model == recipe.model and changed.modalities == recipe.modalities
    if not same or kept != own:
        raise InputError(
            f"--set {' '.join(settings)}: network, encoders and modalities are those of"
            f" {start.source}; only loss, training and encoders.MODALITY.learning_rate can be set"
        )
    return changed


def check_start(start: Start, store: FeatureStore) -> None:
    """Checks that a store holds what a model reads, and its emotions.

    Raises:
        InputError: It does not.
    """
    model, remedy = start.model, f"run `synctva features {store.path} --for {start.source}`"
    if store.schema.emotions != model.emotions:
        raise InputError(
            f"{store.path}: its emotions ({', '.join(store.schema.emotions)}) are not those of"
            f" {start.source} ({', '.join(model.emotions)}); {remedy}"
        )
    lacking = [m for m in model.dims if m not in store.features]
    if lacking:
        raise InputError(
            f"{store.path}: it has no {' and no '.join(lacking)} features, which {start.source}"
            f" reads; {remedy}"
        )
    dims = {m: known.dim for m, known in store.features.items()}
    model.check_features(dims, store.fingerprints, str(store.path), remedy)


def splits_for_more(store: FeatureStore, recipe: Recipe) -> tuple[Split, Split | None]:
    """Returns what is learnt from and what validates, where training begins with a model.

    Recordings are long and few: they are cut into pieces of a batch. If the split ``valid`` has no
    emotion, nothing validates, and the last epoch is taken: holding out some of few utterances
    costs more than it shows.
    """
    names = ("train", "valid") if store.utterances["valid"] else ("train",)
    train, *others = open_splits(store, names, recipe.modalities)
    is_there = others and int(others[0].counts(len(store.schema.emotions)).sum())
    return in_pieces(train, recipe.training.batch_utterances), others[0] if is_there else None


def going_on(start: EmotionModel, recipe: Recipe, corpus: str) -> EmotionModel:
    """Returns a model to train, with the weights, the statistics and the voices of another one."""
    start.provenance = replace(start.provenance, corpus=corpus)
    encoders = load_encoders(recipe.encoders)
    model = EmotionModel(start.emotions, start.dims, recipe.model, encoders)
    model.become_familiar(start.familiarity)
    model.load_trained_state(start.trained_state())
    model.provenance = start.provenance
    return model


def keep_the_better(
    start: EmotionModel, finished: Finished, valid: Split, folder: SeedFolder
) -> Finished:
    """Leaves in ``folder.checkpoint`` what is better on ``valid``: what was trained, or its start.

    Returns:
        How the training ended; its best epoch is ``UNCHANGED`` where nothing was gained.
    """
    processes().wait_for_everyone()  # until the trained one is written
    trained = EmotionModel.from_pretrained(folder.checkpoint)
    before, after = validate(start, valid), validate(trained, valid)
    if (after.weighted_f1, -after.loss) > (before.weighted_f1, -before.loss):
        return finished
    processes().wait_for_everyone()  # until all have read it
    if processes().is_main_process:
        start.save_pretrained(folder.checkpoint)
    return replace(finished, best_epoch=UNCHANGED)
