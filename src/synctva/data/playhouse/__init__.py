"""The playhouse: a raw corpus of our own, written, spoken, drawn and filmed by this package."""

from synctva.data.playhouse.recording import render_recording
from synctva.data.playhouse.render import amount, render_playhouse
from synctva.data.playhouse.scenes import Production

__all__ = ["Production", "amount", "render_playhouse", "render_recording"]
