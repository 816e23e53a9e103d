"""Which extractor serves which modality."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from synctva.emotions import MODALITIES
from synctva.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Preset:
    """Names of extractors, and their settings where they are not the default.

    Attributes:
        text: Of a ``TextExtractor``; None = leave the modality as it is.
        audio: Of an ``AudioExtractor``.
        visual: Of a ``VisualExtractor``.
        settings: Modality -> arguments of its extractor.
    """

    text: str | None = None
    audio: str | None = None
    visual: str | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def chosen(self) -> dict[str, str]:
        """Modality -> name, of the modalities that have an extractor, in their order."""
        names = {m: getattr(self, m) for m in MODALITIES}
        return {m: name for m, name in names.items() if name is not None}


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "lite": Preset("minilm", "egemaps", "expression"),
        "paper": Preset("roberta-large", "is10", "resnet50"),
    }
)
"""``lite`` needs no download and no GPU; ``paper`` is what the paper names."""


def preset_named(name: str) -> Preset:
    """Returns a preset.

    Raises:
        InputError: There is none of that name.
    """
    if name not in PRESETS:
        raise InputError(
            f"unknown preset {name!r}: known are {', '.join(PRESETS)}."
            + did_you_mean(name, PRESETS)
        )
    return PRESETS[name]


DEFAULTS = {
    "context": 0,
    "tokens": 0,
    "crops": 0,
    "faces": "found",
    "speaker": "moving",
    "no_face": "absent",
    "pooling": None,
    "detector": None,
}
"""Settings that are not worth telling an extractor."""


def choose(
    name: str | None,
    extractors: Mapping[str, str | None],
    settings: Mapping[str, Mapping[str, Any]],
) -> Preset:
    """Returns a preset changed by a user's choices.

    Args:
        name: The preset's; None = ``lite`` if no extractor is chosen, else those chosen alone.
        extractors: Modality -> its extractor's name, ``none`` for no features of the modality,
            None for what the preset says.
        settings: Modality -> settings of its extractor.

    Raises:
        InputError: There is no such preset, or nothing is left to extract.
    """
    is_chosen = any(extractors.values())
    base = preset_named(name or "lite") if name or not is_chosen else Preset()
    names = {m: extractors.get(m) or base.chosen.get(m) for m in MODALITIES}
    chosen = {m: None if one == "none" else one for m, one in names.items()}
    told = {m: {k: v for k, v in s.items() if v != DEFAULTS[k]} for m, s in settings.items()}
    preset = Preset(**chosen, settings={m: told.get(m, {}) for m, one in chosen.items() if one})
    if not preset.chosen:
        raise InputError("nothing to extract: every modality is none; choose an extractor of one")
    return preset


def share_of(shard: str) -> tuple[int, int]:
    """Returns (i, n) of ``i/n``.

    Raises:
        InputError: It is not written so, or i is not one of 1 to n.
    """
    i, _, n = shard.partition("/")
    if not (i.isdecimal() and n.isdecimal() and 1 <= int(i) <= int(n)):
        raise InputError(f"shard {shard!r}: write i/n with i from 1 to n, such as 1/4")
    return int(i), int(n)
