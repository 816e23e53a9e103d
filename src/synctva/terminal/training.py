"""What people see before and after a training, beside its progress."""

from pathlib import Path
from typing import TYPE_CHECKING

from synctva.run.finished import UNCHANGED
from synctva.terminal.console import escape, say

if TYPE_CHECKING:
    from synctva.run.folder import RunFolder
    from synctva.training.start import Start


def show_start(start: "Start") -> None:
    """Prints what it means for the training if the split ``valid`` has no emotion."""
    if not start.has_valid:
        say(
            "No utterance of the split valid has an emotion: training runs to the last epoch, and"
            " nothing measures the model; correct another recording to measure it."
        )


def show_trained(run: "RunFolder", start: "Start | None", out: Path) -> None:
    """Prints which seeds found nothing better than what they began with, and what comes next."""
    if start is None:
        say(f"Next: synctva evaluate {escape(out)}")
        return
    seeds = list(run.finished_seeds())
    for number, seed in seeds:
        if seed.read_finished().best_epoch == UNCHANGED:
            say(
                f"seed {number}: no epoch was better on valid than {escape(start.source)}"
                " itself, which is kept unchanged; correct more utterances."
            )
    say(f"Next: synctva recognise RECORDING --model {escape(seeds[0][1].checkpoint)}")
