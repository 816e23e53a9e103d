"""What people see of a sweep: a live table, and a line for each finished job."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from synctva.terminal.console import escape

if TYPE_CHECKING:
    from synctva.run.log import Epoch
    from synctva.training.jobs import TrainingJob
    from synctva.training.sweep import RunStatus

AROUND = 9
"""Lines of a terminal that are not for rows."""

ORDER = ("training", "evaluating", "failed", "waiting", "evaluated")
"""States, those first that are worth seeing where not all rows have room."""

COLOURS = {"failed": "red", "training": "bold", "evaluating": "bold", "evaluated": "green"}


def sweep_table(statuses: "Sequence[RunStatus]", slots: int, height: int | None = None) -> Table:
    """Returns a row for each run; if not all fit into the height, the busy ones first.

    Args:
        statuses: How far the runs are.
        slots: How many jobs are done side by side.
        height: Of the terminal; None = unlimited.
    """
    kept = [status for status in statuses if not status.skipped]
    rows = kept
    if height is not None and len(kept) > max(1, height - AROUND):
        order = sorted(range(len(kept)), key=lambda number: ORDER.index(state_of(kept[number])))
        rows = [kept[number] for number in sorted(order[: max(1, height - AROUND)])]
    caption = _caption(kept, len(rows), slots)
    table = Table(title=_title(kept), caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("corpus", "recipe"):
        table.add_column(column, overflow="fold")
    for column in ("seeds", "epochs", "valid\nWF1"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("left", justify="right", no_wrap=True)
    for status in rows:
        run, state = status.run, state_of(status)
        colour = COLOURS.get(state)
        table.add_row(
            escape(run.corpus) + (f" #{run.fold}" if run.fold else ""),
            escape(run.name),
            f"{len(status.finished & set(status.seeds))}/{len(status.seeds)}",
            _epochs(status),
            _valid_f1(status),
            f"[{colour}]{state}[/{colour}]" if colour else state,
            _duration(seconds_left(status)),
        )
    return table


def state_of(status: "RunStatus") -> str:
    """Returns a run's state in one word of ``ORDER``."""
    if status.busy:
        return "evaluating" if None in status.busy else "training"
    if status.failures:
        return "failed"
    return "evaluated" if status.evaluated else "waiting"


def line_of(status: "RunStatus", job: "TrainingJob") -> str:
    """Returns the line about a job that is over."""
    title = escape(status.run.title)
    part = "evaluation" if job.seed is None else f"seed {job.seed}"
    if job.seed in status.failures:
        return f"[red]failed[/red] {title}, {part}: {escape(status.failures[job.seed])}"
    if job.seed is None:
        return f"{title}: evaluated"
    log = status.logs.get(job.seed, [])
    best = _best_f1(log)
    return f"{title}, {part}: {len(log)} epochs, valid weighted F1 {100 * best:.1f}"


def seconds_left(status: "RunStatus") -> float | None:
    """Returns how long a run would take alone, one seed after the other; None = unknown yet."""
    open_seeds = set(status.seeds) - status.finished - set(status.failures)
    if not open_seeds or None in status.failures:
        return 0.0
    known = _pace(status)
    if known is None:
        return None
    epoch_s, epochs = known
    return epoch_s * sum(max(1.0, epochs - len(status.logs.get(n, []))) for n in open_seeds)


def _pace(status: "RunStatus") -> tuple[float, float] | None:
    """Returns seconds per epoch and epochs per seed, as far as can be told; None = not at all.

    A seed is taken to need as many epochs as those that are finished, else all that it may have.
    """
    done = [epoch for log in status.logs.values() for epoch in log]
    if not done:
        return None
    finished = [len(status.logs.get(seed, [])) for seed in status.finished]
    most = float(status.run.recipe.training.epochs)
    epochs = sum(finished) / len(finished) if finished else most
    return sum(epoch.seconds for epoch in done) / len(done), epochs


def _title(statuses: "Sequence[RunStatus]") -> str:
    done = sum(len(s.finished & set(s.seeds)) + s.evaluated for s in statuses)
    failed = sum(len(s.failures) for s in statuses)
    total = sum(len(s.seeds) + 1 for s in statuses)
    return f"{done} of {total} jobs done" + (f", {failed} failed" if failed else "")


def _caption(statuses: "Sequence[RunStatus]", shown: int, slots: int) -> str:
    """Returns the time left of all; runs that have not begun are taken to be like the others."""
    hidden = f"{len(statuses) - shown} runs are not shown. " if shown < len(statuses) else ""
    left = [seconds_left(status) for status in statuses]
    paces = [epoch_s * epochs for epoch_s, epochs in filter(None, map(_pace, statuses))]
    if not paces:
        return hidden
    like = sum(paces) / len(paces)
    total = sum(
        like * len(status.seeds) if seconds is None else seconds
        for status, seconds in zip(statuses, left, strict=True)
    )
    return hidden + (f"About {_duration(total / slots)} left at the most." if total else "")


def _epochs(status: "RunStatus") -> str:
    """Returns the epochs of the seeds in training, of as many as they may have."""
    busy = sorted(seed for seed in status.busy if seed is not None)
    done = ", ".join(str(len(status.logs.get(seed, []))) for seed in busy)
    return f"{done} of {status.run.recipe.training.epochs}" if done else ""


def _valid_f1(status: "RunStatus") -> str:
    """Returns the mean over seeds of the best weighted F1 on valid so far, x100."""
    best = [_best_f1(log) for log in status.logs.values() if log]
    return f"{100 * sum(best) / len(best):.1f}" if best else ""


def _best_f1(log: "list[Epoch]") -> float:
    """Returns the best weighted F1 on valid so far."""
    return max((epoch.valid.weighted_f1 for epoch in log if epoch.valid), default=0.0)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    minutes, hours = round(seconds / 60), seconds / 3600
    if seconds < 1:
        return ""
    return (
        f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if hours < 2 else f"{hours:.1f} h"
    )
