"""What a manifest says of features: in today's format, and as older versions wrote it."""

from collections.abc import Mapping
from typing import Any

from synctva.corpus import Description

FORMAT = 3
FORMATS = (2, 3)
"""Those that can be read."""

ENCODERS = {
    "text": ("transformer", ("minilm", "roberta-base", "roberta-large")),
    "audio": ("opensmile", ("egemaps", "is09", "is10", "compare")),
    "visual": ("faces", ("expression", "resnet50")),
}
"""Modality -> what made its features in format 2, and the names that told which of its kind."""

SELF = ("waveform", "published", "own", "planted", "generated", "none")
"""Makers of format 2 of which there is one."""


def description_in(number: int, modality: str, entry: Mapping[str, Any]) -> Description:
    """Returns what a manifest says of a modality's features.

    Args:
        number: The manifest's format.
        modality: Which.
        entry: What stands under the modality.

    Raises:
        KeyError: It lacks something.
        TypeError: It has something unknown.
    """
    if number == FORMAT:
        told = dict(entry["description"])
        return Description(**{**told, "dim": int(told["dim"])})
    known = dict(entry["extractor"])
    name, settings = known.pop("name"), dict(known.pop("settings"))
    if "standardised" in settings:
        settings["normalised"] = settings.pop("standardised")
    maker, model = _maker(modality, name, settings)
    dim = int(entry["dim"])
    if maker == "crops" and model:
        settings["crops"] = dim // 48**2
    return Description(maker, model, settings=settings, dim=dim, **known)


def _maker(modality: str, name: str, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Returns maker and model of format 2; no model where it told a part of its name only."""
    if name == "tokens":
        return name, ""
    if name == "crops":
        return name, "expression" if settings.get("grey") else ""
    maker, named = ENCODERS[modality]
    if name in named:
        return maker, name
    is_encoder = name not in SELF and "pooling" in settings
    return (maker, "") if is_encoder else (name, "")
