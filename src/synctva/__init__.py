"""Sync-TVA: the emotion of every utterance in a conversation, from text, audio and video."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synctva.emotion_model import EmotionModel

__all__ = ["EmotionModel"]


def __getattr__(name: str) -> object:
    """Returns the model's class when it is asked for: ``import synctva`` alone stays light."""
    if name != "EmotionModel":
        raise AttributeError(f"module 'synctva' has no attribute {name!r}")
    from synctva.emotion_model import EmotionModel

    return EmotionModel
