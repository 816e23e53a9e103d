"""Live recognition: who expresses what, as it happens."""

from synctva.inference.live.conversation import Conversation
from synctva.inference.live.events import End, Event, Problem, Relabel, Speech, Turn
from synctva.inference.live.talk import Talk

__all__ = ["Conversation", "End", "Event", "Problem", "Relabel", "Speech", "Talk", "Turn"]
