"""The verb export: a model as files that run without this package."""

from pathlib import Path
from typing import Annotated

import typer

from synctva import terminal
from synctva.cli.app import Download, app


@app.command(epilog="Example: synctva export lite --onnx --out lite-onnx")
def export(
    model: Annotated[
        str,
        typer.Argument(help="lite, a run's seed, a checkpoint's folder, or a hub id."),
    ],
    *,
    out: Annotated[Path, typer.Option(help="The folder; files of the same names are replaced.")],
    onnx: Annotated[bool, typer.Option("--onnx", help="Write ONNX, the only format.")] = True,
    causal: Annotated[
        bool, typer.Option("--causal", help="Use no later utterance, as live recognition must.")
    ] = False,
    download: Download = False,
) -> None:
    """Write a Sync-TVA model as ONNX files, with a script that runs them without torch.

    The model takes features and returns probabilities, as recognise gives them. The package's own
    encoders of words and faces are exported too. Needs `pip install 'synctva\\[onnx]'`.
    """
    from synctva.inference.onnx.folder import check_onnx, export_onnx

    check_onnx()
    from synctva.inference.recognise import Recogniser

    recogniser = Recogniser.load(model, is_causal=causal, downloads=download)
    files = export_onnx(recogniser.model, recogniser.makers, recogniser.name, out)
    for path in files:
        terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")
