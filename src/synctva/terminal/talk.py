"""What people see of a talk in the terminal while it lasts."""

from typing import Any

from synctva.emotions import MODALITIES
from synctva.inference.recognition import UNSURE
from synctva.terminal.printable import printable
from synctva.terminal.recognition import clock


def live_line(event: Any) -> str:  # the types of events come with all that recognises
    """Returns an event as a line; empty for those that only programs want.

    Args:
        event: An event of a talk. A turn gives a line when it is over.
    """
    if event.type == "turn" and event.is_final:
        sure = 0.0 if event.emotion is None else event.probabilities[event.emotion]
        doubt = "?" if event.emotion is not None and sure < UNSURE else ""
        emotion = "-" if event.emotion is None else f"{printable(event.emotion)}{doubt}"
        carried = [
            f"{m} {100 * event.contributions[m]:+.0f}"
            for m in MODALITIES
            if m in event.contributions
        ]
        told = [
            f"{clock(event.start_s)}-{clock(event.end_s)}",
            f"{printable(event.speaker):<12}",
            f"{emotion:<11} {100 * sure:3.0f} %",
            ", ".join(carried),
            " ".join(event.flags),
            printable(event.text or ""),
        ]
        return "  ".join(filter(None, told))
    if event.type == "relabel":
        return f"{event.speaker} is {event.into}"
    if event.type == "error":
        return f"at {clock(event.at_s)}: {printable(event.message)}"
    if event.type == "end":
        return f"{event.turns} turn{'s' * (event.turns != 1)} in {clock(event.at_s)}"
    return ""
