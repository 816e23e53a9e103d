"""Preset: the extractor of each modality with its settings, one frozen object, one TOML file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from synctva.corpus import Description
from synctva.emotions import MODALITIES, Modality
from synctva.errors import InputError, did_you_mean
from synctva.tables import merged, read_table, with_keys

PRESETS = Path(__file__).parent / "presets"
"""Where the presets of the package are, a file each."""

WAVEFORM = "waveform"
"""The name of the audio features that are the sound itself."""

Own = TypeVar("Own", bound="Choice")
Count = Annotated[int, Field(ge=0)]


class Choice(BaseModel):
    """The extractor of one modality: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str

    @classmethod
    def of(cls: type[Own], description: Description) -> Own:
        """Returns what made features: the settings that their description tells."""
        told = {**description.settings, **description.files, "model": description.model}
        return cls.model_validate({k: v for k, v in told.items() if k in cls.model_fields})


class TextChoice(Choice):
    """What encodes words.

    Attributes:
        model: ``minilm``, ``roberta-base``, ``roberta-large``, a hub id, or a folder.
        context: How many turns before an utterance are read with it.
        tokens: Keep this many tokens, for a recipe that trains the encoder; 0 = encode.
    """

    model: str = "minilm"
    context: Count = 0
    tokens: Count = 0

    @classmethod
    def of(cls, description: Description) -> "TextChoice":
        """Returns what made features: the settings that their description tells."""
        keeps = description.maker == "tokens"
        return (
            super().of(description).model_copy(update={"tokens": description.dim if keeps else 0})
        )


class AudioChoice(Choice):
    """What encodes sound.

    Attributes:
        model: ``egemaps``, ``egemaps-no-level``, ``is09``, ``is10``, ``compare``; or ``waveform``,
            the sound itself.
        seconds: Of the ``waveform``.
        normalise: By the ``corpus``, the ``speaker`` or the ``speaker_in_dialogue``; ``none`` = as
            it is, since a model normalises what it is trained on by itself.
    """

    model: str = "egemaps"
    seconds: Annotated[float, Field(ge=0.1, le=60)] = 6.0
    normalise: Literal["none", "corpus", "speaker", "speaker_in_dialogue"] = "none"

    @classmethod
    def of(cls, description: Description) -> "AudioChoice":
        """Returns what made features: the settings that their description tells."""
        told: dict[str, Any] = {"normalise": description.normalised_by or "none"}
        if description.maker == WAVEFORM:
            rate_hz = float(description.settings["sample_rate_hz"])
            told |= {"model": WAVEFORM, "seconds": description.dim / rate_hz}
        return super().of(description).model_copy(update=told)


class VisualChoice(Choice):
    """What encodes faces.

    Attributes:
        model: ``expression`` (our own network), ``resnet50``, the hub id of a ResNet, or a folder.
        detector: A YuNet .onnx file; else CenterFace, which ships.
        faces: They have to be ``found``; or each ``whole`` picture is a face already.
        speaker: Whose face: the ``largest``, or the one ``moving`` with the sound.
        no_face: An utterance without a face is ``absent``, or its whole ``frame`` is encoded.
        pooling: Of an utterance's faces: ``mean``, or ``mean_sd``; else the network's own.
        smallest_px: Smaller faces are ignored; the side in a picture of at most 640 pixels.
        rate_hz: Frames per second that are looked at.
        crops: Keep this many crops of faces, for a recipe that trains the network; 0 = encode.
    """

    model: str = "expression"
    detector: str | None = None
    faces: Literal["found", "whole"] = "found"
    speaker: Literal["largest", "moving"] = "moving"
    no_face: Literal["absent", "frame"] = "absent"
    pooling: Literal["mean", "mean_sd"] | None = None
    smallest_px: Annotated[int, Field(ge=1)] = 40
    rate_hz: Annotated[float, Field(gt=0)] = 5.0
    crops: Count = 0

    @classmethod
    def of(cls, description: Description) -> "VisualChoice":
        """Returns what made features: the settings that their description tells."""
        file = {"detector": description.files.get("detector")}
        return super().of(description).model_copy(update=file)


def _listed(value: object) -> object:
    """Returns comma-separated names as a list: ``--set modalities=text,audio`` needs no quotes."""
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


class Preset(BaseModel):
    """The extractors of features.

    Attributes:
        modalities: Those to extract; the others of a store stay as they are.
        text: What encodes words.
        audio: What encodes sound.
        visual: What encodes faces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modalities: Annotated[tuple[Modality, ...], BeforeValidator(_listed)] = MODALITIES
    text: TextChoice = TextChoice()
    audio: AudioChoice = AudioChoice()
    visual: VisualChoice = VisualChoice()

    @property
    def chosen(self) -> dict[str, Choice]:
        """Modality -> its extractor, of those to extract."""
        return {m: getattr(self, m) for m in MODALITIES if m in self.modalities}

    @property
    def normalise_audio_by(self) -> str | None:
        """How the audio features are normalised; None = not."""
        by = self.audio.normalise
        return None if by == "none" or "audio" not in self.modalities else by

    @property
    def plain(self) -> "Preset":
        """The preset without what is done to features after they were extracted."""
        audio = self.audio.model_copy(update={"normalise": "none"})
        return self.model_copy(update={"audio": audio})

    def without(self, modality: str) -> "Preset":
        """Returns the preset that leaves a modality as it is."""
        kept = tuple(m for m in self.modalities if m != modality)
        return self.model_copy(update={"modalities": kept})

    @classmethod
    def parse(cls, table: Mapping[str, Any], place: str) -> "Preset":
        """Returns the preset of a table.

        Raises:
            InputError: An unknown key or a wrong value; the message names ``place`` and the key.
        """
        try:
            preset = cls.model_validate(table)
        except ValidationError as error:
            raise InputError(f"{place}: {_first_problem(error)}") from error
        if not preset.modalities:
            raise InputError(f"{place}: nothing to extract; name a modality in modalities")
        return preset

    @classmethod
    def of(cls, descriptions: Mapping[str, Description]) -> "Preset":
        """Returns what makes features again, by what they are in each modality."""
        choices = {m: CHOICES[m].of(description) for m, description in descriptions.items()}
        return cls.model_validate({"modalities": tuple(descriptions), **choices})


CHOICES: Mapping[str, type[Choice]] = MappingProxyType(
    {"text": TextChoice, "audio": AudioChoice, "visual": VisualChoice}
)
"""Modality -> what a preset says of it."""


def load_preset(name: str | None = None, settings: Sequence[str] = ()) -> Preset:
    """Returns a preset of the package or of a file, with some keys set.

    Args:
        name: ``lite``, ``paper`` or a TOML file; None = ``lite``.
        settings: ``key=value`` pairs such as ``visual.speaker=moving``.

    Raises:
        InputError: There is no such preset, or it holds an unknown key or a wrong value.
    """
    named = name or "lite"
    packaged = PRESETS / f"{named}.toml"
    path = packaged if named in known_presets() else Path(named)
    if not path.is_file():
        raise InputError(
            f"unknown preset {named!r}: known are {', '.join(known_presets())}, or a TOML file."
            + did_you_mean(named, known_presets())
        )
    lite = read_table(PRESETS / "lite.toml")
    table = with_keys(merged(lite, read_table(path)), settings, "visual.speaker=moving")
    return Preset.parse(table, " ".join([named, *(f"--set {one}" for one in settings)]))


def known_presets() -> list[str]:
    """Returns the names of the presets that come with the package."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def _first_problem(error: ValidationError) -> str:
    """Returns one line on the first problem, with the nearest known key where one is misspelt."""
    problem = error.errors()[0]
    *tables, last = [str(part) for part in problem["loc"]]
    key = ".".join([*tables, last])
    if problem["type"] == "extra_forbidden":
        known = list((CHOICES[tables[0]] if tables else Preset).model_fields)
        return f"unknown key {key!r}; known are {', '.join(known)}." + did_you_mean(last, known)
    known = problem.get("ctx", {}).get("expected", "")
    near = did_you_mean(str(problem["input"]), [one.strip("' ") for one in known.split(",")])
    return f"{key} = {problem['input']!r}: {problem['msg']}." + near
