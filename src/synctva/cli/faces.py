"""The verbs of the face-expression network: faces train, faces evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from synctva import terminal
from synctva.cli.app import app, renamed

faces = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")
app.add_typer(
    faces,
    name="faces",
    epilog="Examples: synctva faces train fer2013.parquet recipes/faces/begin.toml --out runs/faces"
    "[bright_black] · [/]synctva faces evaluate fer2013.parquet",
)
renamed("train-faces", "faces train")
renamed("evaluate-faces", "faces evaluate")

Pictures = Annotated[Path, typer.Argument(help="FER2013's Parquet table, or its folder.")]


@faces.callback()
def about() -> None:
    """Train and score the network that reads faces."""


@faces.command(
    epilog="Example: synctva faces train fer2013.parquet recipes/faces/begin.toml --out runs/faces"
)
def train(
    pictures: Pictures,
    recipe: Annotated[Path | None, typer.Argument(help="A recipe; else the default.")] = None,
    *,
    out: Annotated[Path, typer.Option(help="The run's folder; a killed training resumes.")],
    seed: Annotated[int, typer.Option(help="Decides the initial weights and the order.")] = 0,
    start: Annotated[
        Path | None, typer.Option(help="Weights to begin from; else random ones.")
    ] = None,
) -> None:
    """Train the network that reads faces; the epoch is chosen on valid."""
    from synctva.data.corpora.fer2013 import read_fer2013_faces
    from synctva.files import alone
    from synctva.recipe import load_section
    from synctva.training.expression import ExpressionRecipe, train_expression

    loaded = load_section(ExpressionRecipe, recipe)
    found = read_fer2013_faces(pictures)
    with alone(out), terminal.progress("Training", loaded.epochs) as advance:
        weights = train_expression(
            found.of("train"),
            found.of("valid"),
            loaded,
            out,
            seed,
            start,
            on_epoch=lambda record: advance(1),
        )
    where = terminal.escape(f"{pictures} --weights {weights}")
    terminal.say(f"Next: synctva faces evaluate {where}")


@faces.command(epilog="Example: synctva faces evaluate fer2013.parquet")
def evaluate(
    pictures: Pictures,
    weights: Annotated[
        Path | None, typer.Option(help="A .safetensors file; else the one in the package.")
    ] = None,
) -> None:
    """Score the network that reads faces on valid and test."""
    from synctva.data.corpora.fer2013 import read_fer2013_faces
    from synctva.features.extractors.expression import EMOTIONS, WEIGHTS, load_expression_network
    from synctva.training.expression_scores import score_expressions

    network, faces = load_expression_network(weights or WEIGHTS), read_fer2013_faces(pictures)
    scores = {
        f"{split}, {truth}": own
        for split in ("valid", "test")
        for truth, own in score_expressions(network, faces.of(split)).items()
    }
    terminal.show_face_scores(scores, EMOTIONS)
