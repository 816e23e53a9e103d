"""The verb demo."""

from pathlib import Path
from typing import Annotated

import typer

from synctva.cli.app import app, check_training


@app.command(epilog="Example: synctva demo --out demo")
def demo(
    out: Annotated[Path, typer.Option(help="Where the demo's store, run and report go.")] = Path(
        "demo"
    ),
) -> None:
    """Film conversations, extract features, train on them, and write the report."""
    check_training("demo")
    from synctva.demo import run_demo

    run_demo(out)
