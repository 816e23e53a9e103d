"""The playhouse: a raw corpus of our own, written, spoken, drawn and filmed by this package."""

from synctva.data.made.playhouse.recording import render_recording
from synctva.data.made.playhouse.render import amount, render_playhouse
from synctva.data.made.playhouse.scenes import Production

__all__ = ["Production", "amount", "render_playhouse", "render_recording"]
