"""What makes the features that a model reads, as its checkpoint says."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synctva.corpus import Description
from synctva.errors import InputError
from synctva.features.extractors.extractor import WordExtractor
from synctva.features.extractors.hub import named_in
from synctva.features.extractors.registry import KINDS, checked, made_again, make_extractor
from synctva.features.extractors.registry import word_extractor as loaded
from synctva.features.extractors.visual import VisualExtractor
from synctva.features.normalise import SpeakerNormalisation
from synctva.features.preset import Preset
from synctva.model.emotion_model import EmotionModel


@dataclass(frozen=True)
class Makers:
    """What makes a model's features.

    Attributes:
        preset: The extractors of the recording and the words.
        descriptions: Modality -> what the model was trained on, before it was normalised.
        words: Modality -> its extractor, loaded, of those that are made of words.
        normalise_by: How the audio features are normalised, of ``normalise.BY``; None = not.
        voices: What the audio features of voices that are hardly heard are normalised by, too.
        is_causal: Whether the model looks at no later utterance, nor may its features.
        faces: What makes vectors of the faces that other processes read.
    """

    preset: Preset
    descriptions: Mapping[str, Description]
    words: Mapping[str, WordExtractor]
    normalise_by: str | None = None
    voices: SpeakerNormalisation | None = None
    is_causal: bool = False
    faces: VisualExtractor | None = None


def makers_of(model: EmotionModel, place: str, *, downloads: bool = False) -> Makers:
    """Returns what makes a model's features, made again by their descriptions and checked.

    Faces that were whole pictures in training are looked for in recordings: their vectors are of
    the same kind.

    Args:
        model: Any model of this project.
        place: Where it is, for messages.
        downloads: Whether to fetch what it needs from the hub and this machine lacks.

    Raises:
        InputError: The model does not say what its features are; or nothing here makes them any
            more, or it makes others.
    """
    known = {m: d for m, d in model.provenance.features.items() if m in model.dims}
    if lacking := [m for m in model.dims if m not in known]:
        raise InputError(
            f"{place}: it does not say what its {lacking[0]} features are; train a model on a store"
            " that `synctva features` filled"
        )
    preset = made_again(known, place)
    words: dict[str, WordExtractor] = {}
    faces: VisualExtractor | None = None
    with named_in(place, downloads=downloads):
        for modality, description in known.items():
            if KINDS[modality].of_words:
                words[modality] = loaded(preset, modality)
            made = words.get(modality) or make_extractor(preset, modality)
            checked(made, description, place)
            faces = made if isinstance(made, VisualExtractor) else faces
    if preset.visual.faces == "whole":
        found = preset.visual.model_copy(update={"faces": "found"})
        preset = preset.model_copy(update={"visual": found})
    by = known["audio"].normalised_by if "audio" in known else None
    voices, looks_back = _voices(model, by), (model.reach or (0, 1))[1] == 0
    is_causal = looks_back and (by is None or voices is not None)
    plain = {m: description.normalised(None) for m, description in known.items()}
    return Makers(preset, plain, words, by, voices, is_causal, faces)


def check_causal(makers: Makers, place: str) -> None:
    """Checks that neither a model nor its features look at what comes later.

    Args:
        makers: Of a model that looks at no later utterance.
        place: Where it is, for messages.

    Raises:
        InputError: Its audio features are normalised by what is not yet known.
    """
    if not makers.is_causal:
        raise InputError(
            f"{place}: its audio features are normalised by {makers.normalise_by}, and it keeps no"
            " statistics of voices to begin with, so it has no causal mode; train it again"
        )


def _voices(model: EmotionModel, normalise_by: str | None) -> SpeakerNormalisation | None:
    found = model.provenance.voices
    if normalise_by is None or not found:
        return None
    mean, sd = (np.array([found[name]], dtype=np.float64) for name in ("mean", "sd"))
    return SpeakerNormalisation("audio", normalise_by, ("",), mean, sd)
