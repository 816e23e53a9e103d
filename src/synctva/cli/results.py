"""The verb results."""

from pathlib import Path
from typing import Annotated

import typer

from synctva import terminal
from synctva.cli.app import app


@app.command(epilog="Example: synctva results runs --out docs/results")
def results(
    sweeps: Annotated[list[Path], typer.Argument(help="Folders of sweeps, evaluated.")],
    out: Annotated[
        Path,
        typer.Option(help="OUT.md, OUT.html, and a folder OUT of figures, LaTeX tables and CSV."),
    ],
) -> None:
    """Write tables, tests, a page and figures for a paper about all runs of sweeps."""
    from synctva.reports.results.write import write_results

    page, document, *others = write_results(sweeps, out)
    for path in (page, document):
        terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")
    terminal.say(f"Wrote {len(others)} files in [bold]{terminal.escape(out)}[/bold].")
