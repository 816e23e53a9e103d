"""The verb about many runs at once: sweep."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.cli.app import EngineName, app, check_training

if TYPE_CHECKING:
    from synctva.training.jobs import TrainingJob
    from synctva.training.sweep import RunStatus


@app.command(epilog="Example: synctva sweep recipes/sweeps/mosi.toml --out runs/comparison")
def sweep(
    plan: Annotated[Path, typer.Argument(help="Recipes, stores and seeds, as TOML.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="The folder of all runs; else the plan names it.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="How many at a time; else one per core.")
    ] = None,
    engine: EngineName = "local",
    stress: Annotated[
        bool,
        typer.Option("--stress", help="Also score every run under stress, as `evaluate --stress`."),
    ] = False,
) -> None:
    """Train and evaluate many recipes on many corpora; if started again, it does what is left.

    Exit code 1 if a job has failed; the others are still done.
    """
    check_training("sweep")
    from synctva.terminal.sweep import line_of, sweep_table
    from synctva.training.jobs import engine_for
    from synctva.training.plan import load_plan
    from synctva.training.sweep import run_sweep
    from synctva.work import engine_named

    place = engine_named(engine)
    planned = load_plan(plan, out)

    def on_done(status: "RunStatus", job: "TrainingJob") -> None:
        if not terminal.is_watched():
            terminal.say(line_of(status, job))

    with engine_for(place, jobs) as own, terminal.live() as show:
        statuses = run_sweep(
            planned,
            own,
            asked=["stress"] if stress else [],
            on_look=lambda known: show(lambda height: sweep_table(known, own.slots, height)),
            on_done=on_done,
        )
        show(lambda height: sweep_table(statuses, own.slots))
    _tell_rest(statuses)


def _tell_rest(statuses: "Sequence[RunStatus]") -> None:
    """Says what was left out and what has failed, with the reasons."""
    for status in statuses:
        title = terminal.escape(status.run.title)
        if status.skipped:
            terminal.say(f"Left out: {title}: {terminal.escape(status.skipped)}")
        for seed, failure in status.failures.items():
            part = "" if seed is None else f", seed {seed}"
            terminal.say(f"[red]Failed:[/red] {title}{part}: {terminal.escape(failure)}")
    if any(status.failures for status in statuses):
        raise typer.Exit(1)
