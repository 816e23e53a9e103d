"""Which extractors make the features that a model was trained on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from synctva.corpus import Extractor
from synctva.encoders.encoder import Encoder
from synctva.errors import InputError
from synctva.features.extraction.recording import WAVEFORM, Known, load_extractor
from synctva.features.preset import Preset
from synctva.features.store.normalise import BY, SpeakerNormalisation
from synctva.media import SAMPLE_RATE_HZ
from synctva.model.emotion_model import EmotionModel

BY_WIDTH: Mapping[str, Mapping[int, tuple[str, Mapping[str, str]]]] = {
    "text": {
        384: ("minilm", {}),
        768: ("roberta-base", {}),
        1024: ("roberta-large", {}),
    },
    "audio": {
        75: ("egemaps-no-level", {}),
        88: ("egemaps", {}),
        384: ("is09", {}),
        1582: ("is10", {}),
        6373: ("compare", {}),
    },
    "visual": {
        231: ("expression", {"pooling": "mean"}),
        462: ("expression", {}),
        2048: ("resnet50", {}),
    },
}
"""Modality -> width -> what makes features as wide, and its settings; no two of one are alike."""

MOST_CONTEXT = 32
"""Text in the context of more turns is not looked for."""


@dataclass(frozen=True)
class Extractors:
    """What makes a model's features.

    Attributes:
        preset: The extractors of the recording and the words.
        known: Modality -> what its extractor says of itself.
        text: The text extractor, loaded; None without text.
        normalise_by: How the audio features are normalised, of ``normalise.BY``; None = not.
        voices: What the audio features of voices that are hardly heard are normalised by, too.
        is_causal: Whether the model looks at no later utterance, nor may its features.
    """

    preset: Preset
    known: Mapping[str, Known]
    text: Any
    normalise_by: str | None = None
    voices: SpeakerNormalisation | None = None
    is_causal: bool = False


def extractors_of(model: EmotionModel, place: str) -> Extractors:
    """Returns the extractors of a model's features, found by their width and checked by their hash.

    Faces that were whole pictures in training are looked for in recordings: their vectors are of
    the same kind.

    Args:
        model: Any model of this project.
        place: Where it is, for messages.

    Raises:
        InputError: No extractor makes such features, or it cannot be loaded.
    """
    names: dict[str, str] = {}
    settings: dict[str, dict[str, Any]] = {}
    known: dict[str, Known] = {}
    normalise_by = text = None
    for modality in model.dims:
        names[modality], settings[modality] = _named(model, modality, place)
        chosen = Preset(**names, settings=settings)
        made = load_extractor(chosen, modality)
        found = _trained_on(model, modality, made.extractor, made.dim, place)
        known[modality] = Known(made.extractor if modality == "audio" else found, made.dim)
        if modality == "text":
            if context := found.settings.get("context"):
                settings["text"]["context"] = context
                made = load_extractor(Preset(**names, settings=settings), "text")
            text = made
        if modality == "audio":
            normalise_by = cast("str | None", found.settings.get("standardised"))
    preset = Preset(**names, settings=settings)
    voices, is_causal = _voices(model, normalise_by), (model.reach or (0, 1))[1] == 0
    if is_causal and normalise_by is not None and voices is None:
        raise InputError(
            f"{place}: its audio features are normalised by {normalise_by}, and it keeps no"
            " statistics of voices to begin with, so it has no causal mode; train it again"
        )
    return Extractors(preset, known, text, normalise_by, voices, is_causal)


def _voices(model: EmotionModel, normalise_by: str | None) -> SpeakerNormalisation | None:
    found = model.provenance.voices
    if normalise_by is None or not found:
        return None
    mean, sd = (np.array([found[name]], dtype=np.float64) for name in ("mean", "sd"))
    return SpeakerNormalisation("audio", normalise_by, ("",), mean, sd)


def _named(model: EmotionModel, modality: str, place: str) -> tuple[str, dict[str, Any]]:
    """Returns the extractor of a modality and its settings."""
    width = model.dims[modality]
    if modality in model.encoders:
        encoder = cast(Encoder, model.encoders[modality]).settings.model
        if modality == "text":
            return encoder, {"tokens": width}
        if modality == "audio":
            return WAVEFORM, {"seconds": width / SAMPLE_RATE_HZ}
        one = load_extractor(Preset(visual=encoder, settings={"visual": {"crops": 1}}), "visual")
        return encoder, {"crops": width // one.dim}
    if width not in BY_WIDTH[modality]:
        raise InputError(
            f"{place}: trained on {width} {modality} features, which no extractor here makes;"
            " train a model on a store that `synctva features` filled"
        )
    name, settings = BY_WIDTH[modality][width]
    return name, dict(settings)


def _trained_on(
    model: EmotionModel, modality: str, extractor: Extractor, dim: int, place: str
) -> Extractor:
    """Returns the description with the settings that the model's features had."""
    wanted = model.provenance.fingerprints.get(modality)
    for variant in _variants(modality, extractor):
        if wanted is None or variant.fingerprint(dim) == wanted:
            return variant
    raise InputError(
        f"{place}: its {modality} features ({wanted}) are not of {extractor.name} as it is here"
        f" ({extractor.fingerprint(dim)}); train a model on a store that `synctva features` filled"
    )


def _variants(modality: str, extractor: Extractor) -> Iterator[Extractor]:
    """Yields what an extractor says of itself under all settings that serve recognition."""
    yield extractor
    settings = dict(extractor.settings)
    if modality == "text":
        for context in range(1, MOST_CONTEXT + 1):
            yield replace(extractor, settings={**settings, "context": context})
    elif modality == "audio":
        for by in BY:
            yield replace(extractor, settings={**settings, "standardised": by})
    else:
        kept = ("rate_hz", "most_frames", "pooling", "grey")
        whole = {"faces": "whole", **{k: settings[k] for k in kept if k in settings}}
        yield replace(extractor, settings=whole)
