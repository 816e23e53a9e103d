"""The one table of modalities: what their features are made of, and by what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from synctva.corpus import Description
from synctva.dialogue import Utterance
from synctva.errors import InputError
from synctva.features.extractors.extractor import ClipExtractor, Extractor, WordExtractor
from synctva.features.preset import WAVEFORM, AudioChoice, Preset, TextChoice, VisualChoice


@dataclass(frozen=True)
class Kind:
    """How features of a modality come about.

    Attributes:
        make: Its choice in a preset -> the extractor, loaded.
        makers: The kinds of extractors that it makes, as descriptions name them.
        of_words: They are made of what is said, else of a recording.
        has_source: Whether an utterance has what they are made of.
    """

    make: Callable[[Any], Extractor]
    makers: tuple[str, ...]
    of_words: bool
    has_source: Callable[[Utterance], bool]


def make_extractor(preset: Preset, modality: str) -> Extractor:
    """Returns the extractor of a modality, ready to encode.

    Raises:
        InputError: There is none of the preset's name, or it cannot be loaded.
    """
    return KINDS[modality].make(getattr(preset, modality))


def made_again(features: Mapping[str, Description], place: str) -> Preset:
    """Returns the preset that makes features again as they were extracted.

    Args:
        features: What they are, by modality.
        place: Where that is written, for messages.

    Raises:
        InputError: Nothing here makes such features, or what made them is not there any more.
    """
    for modality, description in features.items():
        if description.maker not in KINDS[modality].makers:
            raise InputError(
                f"{place}: its {modality} features are {description.dim} numbers of"
                f" {description.name}, which no extractor here makes; train a model on a store that"
                " `synctva features` filled"
            )
        if not description.model and description.maker != WAVEFORM:
            raise InputError(
                f"{place}: its {modality} features were extracted by an older version, which did"
                f" not note which of its kind the {description.maker} was; extract them again"
                " (`synctva features STORE --set ...`) and train again"
            )
        for path in (description.model, *description.files.values()):
            if Path(path).is_absolute() and not Path(path).exists():
                raise InputError(
                    f"{path}: no longer there; {place} needs it for its {modality} features: put"
                    " it back, or extract with something else and train again"
                )
    return Preset.of(features).plain


def checked(extractor: Extractor, wanted: Description, place: str) -> None:
    """Checks that an extractor is what made features.

    Args:
        extractor: The one made again.
        wanted: What the features are.
        place: Where that is written, for messages.

    Raises:
        InputError: Its weights have changed, or what it does.
    """
    own, wanted = extractor.description, wanted.normalised(None)
    if own.fingerprint == wanted.fingerprint:
        return
    detail = f"{wanted.version or 'another version'} there, {own.version} here"
    if own.weights != wanted.weights:
        detail = f"weights {wanted.weights[:12]} there, {own.weights[:12]} here"
    raise InputError(
        f"{place}: its features are not of {own.name} as it is here ({detail}); get what made them,"
        " or extract them again and train again"
    )


def word_extractor(preset: Preset, modality: str) -> WordExtractor:
    """Returns the extractor of a modality that is made of words; errors as ``make_extractor``."""
    return cast(WordExtractor, make_extractor(preset, modality))


def clip_extractor(preset: Preset, modality: str) -> ClipExtractor:
    """Returns the extractor of a modality of recordings; errors as ``make_extractor``."""
    return cast(ClipExtractor, make_extractor(preset, modality))


def _of_words(choice: TextChoice) -> Extractor:
    if choice.tokens:
        from synctva.features.extractors.tokens import TokenExtractor

        return TokenExtractor(choice.model, choice.tokens, choice.context)
    from synctva.features.extractors.text import TextExtractor

    return TextExtractor(choice.model, context=choice.context)


def _of_sound(choice: AudioChoice) -> Extractor:
    if choice.model == WAVEFORM:
        from synctva.features.extractors.waveform import WaveformExtractor

        return WaveformExtractor(choice.seconds)
    from synctva.features.extractors.audio import AudioExtractor

    return AudioExtractor(choice.model)


def _of_pictures(choice: VisualChoice) -> Extractor:
    from synctva.features.extractors.visual import VisualExtractor

    return VisualExtractor(
        choice.model, **{k: v for k, v in choice.model_dump().items() if k != "model"}
    )


def _has_words(utterance: Utterance) -> bool:
    return bool((utterance.text or "").strip())


def _has_sound(utterance: Utterance) -> bool:
    return (utterance.audio_media or utterance.media) is not None


def _has_pictures(utterance: Utterance) -> bool:
    return utterance.media is not None


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "text": Kind(_of_words, ("transformer", "tokens"), True, _has_words),
        "audio": Kind(_of_sound, ("opensmile", WAVEFORM), False, _has_sound),
        "visual": Kind(_of_pictures, ("faces", "crops"), False, _has_pictures),
    }
)
"""Modality -> how its features come about."""
