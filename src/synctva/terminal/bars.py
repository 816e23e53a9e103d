"""Progress bars; where nobody watches, a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from synctva.run.words import WORDS
from synctva.terminal.console import console, escape, say

if TYPE_CHECKING:
    from synctva.run.log import Epoch

SAID_EVERY_S = 60.0


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Returns the rate so far."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{1 / speed:.0f} s each" if speed < 0.1 else f"{speed:.{int(speed < 10)}f}/s")


@contextmanager
def progress(words: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Shows a bar; gives a function to call with how much more is done.

    Where nobody watches, there is a line every ``SAID_EVERY_S`` instead.
    """
    said_at = time.monotonic()

    def advance(count: int) -> None:
        nonlocal said_at
        bar.advance(task, count)
        if not console.is_terminal and time.monotonic() - said_at >= SAID_EVERY_S:
            said_at = time.monotonic()
            of = "" if total is None else f" of {total}"
            say(f"{escape(words)}: {bar.tasks[0].completed:.0f}{of}")

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(),
        TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn(),
    )  # fmt: skip
    with _shown(_bar(columns)) as bar:
        task = bar.add_task(escape(words), total=total)
        yield advance
        bar.update(task, total=bar.tasks[0].completed if total is None else total)


@contextmanager
def seeds_progress(seeds: int, epochs: int) -> Iterator[Callable[[int, "Epoch"], None]]:
    """Shows a line per seed; gives a function to call with each of its epochs."""
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("{task.fields[told]}"),
    )  # fmt: skip
    with _shown(_bar(columns)) as bar:
        tasks = {
            n: bar.add_task(f"seed {n}", total=epochs, told="", start=False) for n in range(seeds)
        }
        best = dict.fromkeys(range(seeds), 0.0)

        def on_epoch(seed: int, epoch: "Epoch") -> None:
            told = f"training loss {epoch.train_loss:.2f}"
            if epoch.valid is not None:
                best[seed] = max(best[seed], epoch.valid.weighted_f1)
                told = f"valid {WORDS['weighted_f1']} {100 * best[seed]:.1f}"
            bar.start_task(tasks[seed])
            bar.update(tasks[seed], completed=epoch.epoch + 1, told=told)

        yield on_epoch
        ended = {n: bar.tasks[task].completed for n, task in tasks.items()}
    for seed, completed in ended.items():
        if 0 < completed < epochs:
            say(
                f"seed {seed}: ended after {completed:.0f} of {epochs} epochs, as valid had not"
                " improved for training.patience epochs."
            )


def _bar(columns: tuple[ProgressColumn, ...]) -> Progress:
    """Returns a bar; where nobody watches, it is drawn at its end only, not ten times a second."""
    return Progress(*columns, console=console, auto_refresh=console.is_terminal)


@contextmanager
def _shown(bar: Progress) -> Iterator[Progress]:
    """Shows a bar, and takes it away again if an error ends what it is about."""
    bar.start()
    try:
        yield bar
    except Exception:
        bar.live.transient = True
        bar.live.stop()
        raise
    except BaseException:
        bar.stop()
        raise
    bar.stop()
