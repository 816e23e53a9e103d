"""The verb report."""

from pathlib import Path
from typing import Annotated

import typer

from synctva import terminal
from synctva.cli.app import app, check_training
from synctva.errors import InputError


@app.command(
    epilog="Examples: synctva report runs/meld --out reports/meld.html[bright_black] · [/]"
    "synctva report runs/comparison --out reports/comparison.html"
)
def report(
    paths: Annotated[
        list[Path], typer.Argument(metavar="RUN... | SWEEP...", help="Evaluated runs, or sweeps.")
    ],
    out: Annotated[
        Path, typer.Option(help="The HTML file; tables, and figures of sweeps, go beside it.")
    ],
) -> None:
    """Write one page about runs, or a page, tables, tests and figures about all runs of sweeps."""
    check_training("report")
    from synctva.reports.write import write_report

    for path in write_report(paths, out):
        terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")


@app.command(hidden=True)
def results(sweeps: list[Path], out: Annotated[Path, typer.Option()]) -> None:
    """Tell the new name."""
    words = " ".join(map(str, sweeps))
    raise InputError(f"results: write `synctva report {words} --out {out}.html`")
