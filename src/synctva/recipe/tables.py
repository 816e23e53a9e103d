"""The tables of a recipe: everything that determines a run, as one frozen object."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, TypeVar

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from synctva.emotions import MODALITIES, Modality
from synctva.encoders.settings import EncoderSettings
from synctva.errors import InputError
from synctva.networks.registry import AnySettings
from synctva.networks.sync_tva.architecture import Architecture
from synctva.recipe.complaint import first_problem

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
            raise InputError(f"{place}: {first_problem(error, cls)}") from error


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
