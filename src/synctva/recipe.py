"""Recipe: everything that determines a run, as one frozen object and one TOML file."""

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from synctva.emotions import MODALITIES
from synctva.encoders.settings import EncoderSettings
from synctva.errors import InputError, did_you_mean
from synctva.networks.registry import NETWORKS, AnySettings
from synctva.networks.sync_tva.architecture import Architecture

Modality = Literal["text", "audio", "visual"]
Rate = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]


KnownEncoder = Annotated[with_config(ConfigDict(extra="forbid"))(EncoderSettings), Field()]
Kind = TypeVar("Kind", bound="Section")


class Section(BaseModel):
    """A table of the recipe: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls: type[Kind], value: dict[str, Any], place: str) -> Kind:
        """Returns the section of a nested dictionary.

        Raises:
            InputError: An unknown key or a wrong value; the message names ``place`` and the key.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise InputError(f"{place}: {_first_problem(error, cls)}") from error


class LossRecipe(Section):
    """The terms of the loss.

    Attributes:
        imbalance: Strategy against class imbalance.
        strength: ``class_balanced``: weights are counts ** -strength; ``focal``: gamma;
            ``logit_adjustment``: tau. 0 is plain cross-entropy in every strategy.
        smoothing: Label smoothing.
        unimodal: Weight of the cross-entropy of the modalities' own heads.
        distillation: Weight of their divergence from the fused prediction.
        contrastive: Weight of the supervised contrastive term on the fused vectors.
    """

    imbalance: Literal["none", "class_balanced", "focal", "logit_adjustment"] = "class_balanced"
    strength: NotNegative = 0.3
    smoothing: Rate = 0.0
    unimodal: NotNegative = 0.3
    distillation: NotNegative = 0.3
    contrastive: NotNegative = 0.0


class TrainingRecipe(Section):
    """How a model is trained.

    Attributes:
        epochs: At most so many epochs; the learning rate falls to zero over them.
        patience: Stop after so many epochs without a better weighted F1 on ``valid``.
        batch_utterances: A batch holds the dialogues that fit into so many utterances.
        accumulation: So many batches, one after another, make one step of the optimiser.
        learning_rate: AdamW's, after the warm-up.
        weight_decay: AdamW's.
        warmup: Part of all steps in which the learning rate rises from zero.
        averaging: Decay of the moving average of the weights, per step; 0 = none.
        modality_dropout: Rate at which a modality of an utterance is hidden in training.
        dialogue_dropout: Rate at which a modality is hidden in all of a dialogue.
        label_noise: Rate at which an emotion is replaced by another in training, to see how much
            of that a model bears.
        gradient_clip: Greatest norm of the gradient.
        precision: ``bf16`` where the device has it; ``no`` = float32.
        compile: Compile the network by ``torch.compile``. It takes a minute or more at the start,
            so it pays on GPUs and in long trainings only.
        keep_epochs: Keep the weights of every epoch, for the community number.
    """

    epochs: Annotated[int, Field(ge=1)] = 30
    patience: Annotated[int, Field(ge=1)] = 10
    batch_utterances: Annotated[int, Field(ge=1)] = 64
    accumulation: Annotated[int, Field(ge=1)] = 1
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: NotNegative = 0.01
    warmup: Rate = 0.1
    averaging: Rate = 0.99
    modality_dropout: Rate = 0.2
    dialogue_dropout: Rate = 0.0
    label_noise: Rate = 0.0
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    precision: Literal["no", "bf16"] = "no"
    compile: bool = False
    keep_epochs: bool = False


class Recipe(Section):
    """Everything that determines a run, but the store and the seed.

    Attributes:
        name: What tables call the run.
        modalities: Which of the store's modalities the model uses.
        model: The network (``network``, by default Sync-TVA), its sizes and submodules.
        encoders: Encoders that are fine-tuned jointly, by modality; else features are the store's.
        loss: Terms of the loss.
        training: The optimisation.
    """

    name: str = "sync-tva"
    modalities: Annotated[tuple[Modality, ...], Field(min_length=1)] = MODALITIES
    model: AnySettings = Architecture()
    encoders: Mapping[Modality, KnownEncoder] = {}
    loss: LossRecipe = LossRecipe()
    training: TrainingRecipe = TrainingRecipe()

    def within(self, there: Collection[str]) -> "Recipe":
        """Returns the recipe without its name and without what does nothing on a corpus.

        Two recipes of which this leaves the same train the same models there.

        Args:
            there: The modalities that the corpus has, or that encoders make.
        """
        kept = tuple(m for m in self.modalities if m in there) or self.modalities
        left: dict[str, Any] = {"name": "", "modalities": kept}
        if self.loss.imbalance == "none" or self.loss.strength == 0:
            left["loss"] = self.loss.model_copy(update={"imbalance": "none", "strength": 0.0})
        if isinstance(self.model, Architecture):
            left["model"] = self.model.within(kept)
        if len(kept) == 1:
            hidden = {"modality_dropout": 0.0, "dialogue_dropout": 0.0}
            left["training"] = self.training.model_copy(update=hidden)
        return self.model_copy(update=left)

    def first_change(self, other: "Recipe") -> str:
        """Returns the first key in which another recipe differs: its value here, and there."""
        here, there = (flat(one.model_dump(mode="json")) for one in (self, other))
        key = next(k for k in [*here, *there] if here.get(k) != there.get(k))
        return f"{key}: {here.get(key)} there, {there.get(key)} now"

    def to_toml(self) -> str:
        """Returns the whole recipe, defaults included, as TOML."""
        return tomli_w.dumps(TypeAdapter(Recipe).dump_python(self, mode="json"))


def flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Returns nested tables as one, with keys such as ``model.width``."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        nested = isinstance(value, Mapping)
        found.update(flat(value, f"{above}{key}.") if nested else {f"{above}{key}": value})
    return found


def load_recipe(path: Path | None = None, settings: tuple[str, ...] = ()) -> Recipe:
    """Returns a recipe from a file, or the default, with some keys set; see ``load_section``."""
    return load_section(Recipe, path, settings)


def load_difference(full: Path | None, path: Path) -> Recipe:
    """Returns what becomes of a recipe when the keys of a second file are set in it.

    Args:
        full: The recipe; None = the default.
        path: The difference, such as an ablation.

    Raises:
        InputError: As ``load_recipe``.
    """
    below = {} if full is None else _read(Recipe, full, ())
    return Recipe.parse(_merged(below, _read(Recipe, path, ())), f"{path} on {full or 'default'}")


def load_section(kind: type[Kind], path: Path | None, settings: tuple[str, ...] = ()) -> Kind:
    """Returns a recipe of any kind from a file, or its default, with some keys set.

    A file may open with ``based_on = "other.toml"`` (a path beside it) and give the difference.

    Args:
        kind: What the file describes.
        path: The recipe's file; None = the default recipe.
        settings: ``key=value`` pairs such as ``model.width=64``; values are TOML, or plain words.

    Raises:
        InputError: The file cannot be read, or holds an unknown key or a wrong value.
    """
    value = _set({} if path is None else _read(kind, path, ()), settings)
    place = " ".join([str(path or "default recipe"), *(f"--set {s}" for s in settings)])
    return kind.parse(value, place)


def with_settings(recipe: Recipe, settings: tuple[str, ...]) -> Recipe:
    """Returns a recipe with some keys set; see ``load_section``."""
    value = TypeAdapter(Recipe).dump_python(recipe, mode="json")
    place = " ".join([recipe.name, *(f"--set {s}" for s in settings)])
    return Recipe.parse(_set(value, settings), place)


def _set(value: dict[str, Any], settings: tuple[str, ...]) -> dict[str, Any]:
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--set {setting}: write key=value, such as model.width=64")
        if key.strip() == "based_on":
            raise InputError(f"--set {setting}: give that recipe's file itself, before --store")
        value = _merged(value, _nested(key.strip(), _toml_value(text.strip())))
    return value


def _read(kind: type[Section], path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such recipe; see the folder recipes/, or leave it out")
    if path.resolve() in seen:
        raise InputError(f"{path}: this recipe is based on itself; mend based_on")
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML ({error})") from error
    if {"recipes", "stores"} & (value.keys() - kind.model_fields.keys()):
        raise InputError(f"{path}: a plan, not a recipe; run it with `synctva sweep {path}`")
    based_on = value.pop("based_on", None)
    if based_on is None:
        return value
    if not isinstance(based_on, str):
        raise InputError(f"{path}: based_on must be the path of a recipe, in quotes")
    below_path = path.parent / based_on
    below = _read(kind, below_path, (*seen, path.resolve()))
    kind.parse(below, str(below_path))  # so that a mistake is told with the file it stands in
    return _merged(below, value)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = (
            _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return merged


def _nested(key: str, value: object) -> dict[str, Any]:
    head, dot, rest = key.partition(".")
    return {head: _nested(rest, value) if dot else value}


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _first_problem(error: ValidationError, kind: type[Section]) -> str:
    """Returns one line on the first problem, with the nearest known key where one is misspelt."""
    problem, *others = error.errors()
    path = _path(problem["loc"])
    key = ".".join(path)
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _keys(problem["loc"][:-1], kind)
        return f"unknown key {key!r}; known are {', '.join(known)}." + did_you_mean(path[-1], known)
    if problem["type"] == "union_tag_invalid":
        name = problem.get("ctx", {})["tag"]
        known = ", ".join(NETWORKS)
        return f"{key}.network = {name!r}: known are {known}." + did_you_mean(name, NETWORKS)
    if problem["type"] == "tuple_type":
        words = json.dumps([word.strip() for word in str(problem["input"]).split(",")])
        return f"{key} = {problem['input']!r}: a list is needed; write {key}={words}"
    if problem["type"] == "value_error":  # the settings' own check, which names the key
        return problem["msg"].removeprefix("Value error, ")
    alike = [o["msg"] for o in others if (_path(o["loc"]), o["input"]) == (path, problem["input"])]
    return f"{key} = {problem['input']!r}: {'; or: '.join([problem['msg'], *alike])}"


def _path(place: tuple[int | str, ...]) -> list[str]:
    """Returns table and key of a place; what pydantic adds, such as the type it tried, is cut."""
    table, *rest = map(str, place)
    if table == "model":
        rest = rest[1:]  # after the network's name
    if table == "encoders":
        return [table, *rest[:2]]
    return [table, *rest[:1]] if table in ("model", *_TABLES) else [table]


def _keys(place: tuple[int | str, ...], kind: type[Section]) -> list[str]:
    if not place:
        return ["based_on", *kind.model_fields]
    if place[0] == "model":
        return [field.name for field in fields(NETWORKS[str(place[1])][0])]
    if place[0] == "encoders":
        return [field.name for field in fields(EncoderSettings)] if place[1:] else list(MODALITIES)
    return list(_TABLES[str(place[0])])


_TABLES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {"loss": LossRecipe.model_fields, "training": TrainingRecipe.model_fields}
)
