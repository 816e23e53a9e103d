"""Sync-TVA: the emotion of every utterance in a conversation, from text, audio and video."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synctva.model.sync_tva import SyncTVA

__all__ = ["SyncTVA"]


def __getattr__(name: str) -> object:
    """Returns the model's class when it is asked for: ``import synctva`` alone stays light."""
    if name != "SyncTVA":
        raise AttributeError(f"module 'synctva' has no attribute {name!r}")
    from synctva.model.sync_tva import SyncTVA

    return SyncTVA
