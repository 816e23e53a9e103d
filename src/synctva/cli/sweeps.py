"""The verb about many runs at once: sweep."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.cli.app import EngineName, app, check_engine

if TYPE_CHECKING:
    from synctva.training.jobs import Job
    from synctva.training.sweep import Standing


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
) -> None:
    """Train and evaluate many recipes on many corpora; started again, it does what is left.

    Exit code 1 if a job has failed; the others are done nevertheless.
    """
    from synctva.sweep_table import line_of, sweep_table
    from synctva.training.jobs import local_engine, ray_engine
    from synctva.training.plan import load_plan
    from synctva.training.sweep import run_sweep

    check_engine(engine)
    planned = load_plan(plan, out)
    with (ray_engine if engine == "ray" else local_engine)(jobs) as own, terminal.live() as show:

        def on_done(standing: "Standing", job: "Job") -> None:
            if not terminal.is_watched():
                terminal.say(line_of(standing, job))

        standings = run_sweep(
            planned,
            own,
            on_look=lambda known: show(lambda height: sweep_table(known, own.slots, height)),
            on_done=on_done,
        )
        show(lambda height: sweep_table(standings, own.slots))
    _tell_rest(standings)


def _tell_rest(standings: "Sequence[Standing]") -> None:
    """Tells what was left out and what has failed, with the reasons."""
    for standing in standings:
        title = terminal.escape(standing.run.title)
        if standing.skipped:
            terminal.say(f"Left out: {title}: {terminal.escape(standing.skipped)}")
        for seed, failure in standing.failures.items():
            part = "" if seed is None else f", seed {seed}"
            terminal.say(f"[red]Failed:[/red] {title}{part}: {terminal.escape(failure)}")
    if any(standing.failures for standing in standings):
        raise typer.Exit(1)
