"""What people see of a recognition compared with its corrections."""

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from synctva.run.words import WORDS
from synctva.terminal.console import escape, say, show

if TYPE_CHECKING:
    from synctva.evaluation.agreement import Agreement

AROUND = {
    "unlabelled": "without an emotion in the corrections",
    "only_recognised": "recognised, and not in the corrections",
    "only_corrected": "in the corrections, and not recognised",
}
"""Utterances that do not count, and why."""


def show_agreement(title: str, found: "Agreement") -> None:
    """Prints scores, the emotions with their confusions, and what did not count.

    Args:
        title: What was compared with what.
        found: Their agreement.
    """
    show(_scores(title, found))
    show(_confusion(found))
    counts = found.counts
    if counts["renamed"]:
        say(f"{counts['renamed']} matched under another speaker's name.")
    around = [f"{counts[name]} {words}" for name, words in AROUND.items() if counts[name]]
    if around:
        say(f"Not counted: {'; '.join(around)}.")
    if counts["without_corrections"]:
        say(f"{counts['without_corrections']} recordings have no corrections.")


def _scores(title: str, found: "Agreement") -> Table:
    from synctva.evaluation.agreement import CALIBRATED_UTTERANCES

    recordings = found.counts["recordings"]
    of = f"{found.utterances} utterances of {recordings} recording{'s' * (recordings > 1)}"
    table = Table(title=escape(title), caption=f"x100 except kappa; {of}", box=box.SIMPLE_HEAD)
    table.add_column("score")
    table.add_column("", justify="right")
    table.add_row("agreement (accuracy)", f"{100 * found.accuracy:.1f}")
    kappa = found.kappa
    table.add_row("Cohen's kappa", "-" if kappa is None else f"{kappa:.2f}")
    for name in ("weighted_f1", "macro_f1", "uar"):
        table.add_row(WORDS[name], f"{100 * getattr(found, name):.1f}")
    ece = found.ece
    few = f"[dim]under {CALIBRATED_UTTERANCES} utterances[/dim]"
    table.add_row("calibration error (ECE)", few if ece is None else f"{100 * ece:.1f}")
    return table


def _confusion(found: "Agreement") -> Table:
    """Returns a row for each corrected emotion, a column for each recognised one."""
    names = list(found.support)
    kept = [n for n, name in enumerate(names) if found.support[name] + found.recognised[name]]
    table = Table(
        title="corrected (rows) as recognised (columns)", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column("")
    for number in kept:
        table.add_column(escape(names[number]), justify="right", no_wrap=True)
    table.add_column("F1", justify="right")
    for number in kept:
        row = found.confusion[number]
        cells = [_cell(row[other], is_right=other == number) for other in kept]
        table.add_row(escape(names[number]), *cells, f"{100 * found.f1[names[number]]:.1f}")
    return table


def _cell(count: int, *, is_right: bool) -> str:
    if not count:
        return "[dim]·[/dim]"
    return f"[bold green]{count}[/bold green]" if is_right else str(count)
