"""Sync-TVA: the emotion of every utterance in a conversation, from text, audio and video."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
    from synctva.inference.given import Film
    from synctva.inference.recognise import Recogniser
    from synctva.inference.recognition import Recognition
    from synctva.model.emotion_model import EmotionModel

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # before the hub's library is imported

__all__ = ["EmotionModel", "Film", "Recogniser", "Recognition", "__version__"]

_PLACES = {
    "EmotionModel": "model.emotion_model",
    "Film": "inference.given",
    "Recogniser": "inference.recognise",
    "Recognition": "inference.recognition",
}


def __getattr__(name: str) -> object:
    """Returns what is asked for when it is: ``import synctva`` alone stays light."""
    if name == "__version__":
        return import_module("importlib.metadata").version("synctva")
    if name not in _PLACES:
        raise AttributeError(f"module 'synctva' has no attribute {name!r}")
    return getattr(import_module(f"synctva.{_PLACES[name]}"), name)
