"""Verbs about models: train, evaluate, agreement, compare."""

import os
from pathlib import Path
from typing import Annotated

import typer

from synctva import terminal
from synctva.cli.app import Device, Download, app, check_training
from synctva.errors import InputError


@app.command(
    epilog="Examples: synctva train --store stores/meld --out runs/meld --seeds 5[bright_black] · "
    "[/]synctva train recipes/meld.toml --store stores/meld --out runs/small --set model.width=64"
    "[bright_black] · [/]synctva train --from lite --store stores/own --out runs/own"
)
def train(
    recipe: Annotated[Path | None, typer.Argument(help="A recipe; else the default.")] = None,
    *,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Begin with this model instead of random weights: lite, a checkpoint's folder, or"
            " a hub id; then only the loss and training of a recipe count.",
        ),
    ] = None,
    download: Download = False,
    store: Annotated[Path, typer.Option(help="The feature store.")],
    out: Annotated[Path, typer.Option(help="The run's folder; an interrupted run resumes.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to train, side by side.")] = 1,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe.")
    ] = None,
    save_every: Annotated[
        float, typer.Option(min=0, help="Seconds between two saved states.")
    ] = 10.0,
) -> None:
    """Train Sync-TVA; resumes if killed and started again."""
    check_training("train")
    if "RANK" in os.environ:  # torch would tell every process that its share uses all weights
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    from synctva.recipe import load_recipe
    from synctva.terminal.training import show_start, show_trained
    from synctva.training.run import train_run
    from synctva.training.start import load_start, recipe_from

    start = None if from_ is None else load_start(from_, store, downloads=download)
    settings = tuple(set_ or ())
    if start is None:
        loaded = load_recipe(recipe, settings)
    else:
        loaded = recipe_from(start, recipe, settings)
        show_start(start)
    with terminal.seeds_progress(seeds, loaded.training.epochs) as on_epoch:
        run = train_run(
            loaded, store, out, seeds, start=start, save_every_s=save_every, on_epoch=on_epoch
        )
    show_trained(run, start, out)


@app.command(epilog="Example: synctva evaluate runs/meld --subsets")
def evaluate(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    *,
    against: Annotated[Path | None, typer.Option(hidden=True)] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="A store other than the run's own; both stores' scores are kept."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    subsets: Annotated[
        bool, typer.Option("--subsets", help="Also score every subset of modalities.")
    ] = False,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Also score with modalities missing at 0.0-0.7, noise on the features, and turns"
            " out of order.",
        ),
    ] = False,
    stress: Annotated[
        bool,
        typer.Option(
            "--stress",
            help="Also score under five stresses: modalities missing, noisy, in conflict; turns out"
            " of order; speakers unknown.",
        ),
    ] = False,
    calibration: Annotated[
        bool,
        typer.Option("--calibration", help="Also report calibration, and abstention."),
    ] = False,
    imbalance: Annotated[
        bool,
        typer.Option("--imbalance", help="Also adjust logits for rare emotions, fitted on valid."),
    ] = False,
    community: Annotated[
        bool,
        typer.Option(
            "--community",
            help="Also report the best test epoch, as much of the field does, and its gap; needs"
            " training.keep_epochs.",
        ),
    ] = False,
    device: Device = "cpu",
) -> None:
    """Score a run on valid and test: mean and sd over seeds, interval over dialogues.

    Earlier results beside the scores, such as --subsets, stay until the weights change.
    """
    if against is not None:
        raise InputError(f"evaluate --against: write `synctva agreement {run} {against}`")
    from synctva.evaluation.protocol import evaluate as score
    from synctva.evaluation.protocol import load_evaluated

    asked = {"subsets": subsets, "robustness": robustness, "stress": stress}
    asked |= {"calibration": calibration, "imbalance": imbalance, "community": community}
    loaded = load_evaluated(run, store, device)
    found = score(loaded, [question for question, is_asked in asked.items() if is_asked])
    if json:
        terminal.print_json(found.as_json())
    else:
        terminal.show_evaluation(run, found)


@app.command(epilog="Example: synctva agreement talk.json corrected.eaf")
def agreement(
    recognised: Annotated[
        Path, typer.Argument(help="A recognition (json), or a folder of recognitions.")
    ],
    corrections: Annotated[
        Path,
        typer.Argument(
            help="Its emotions as somebody corrected them: eaf, csv, TextGrid, vtt, srt; or a"
            " folder of such files with the recognitions' names."
        ),
    ],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score recognised emotions against somebody's corrections of them."""
    from dataclasses import asdict

    from synctva.evaluation.agreement import agreement as held_against
    from synctva.inference.corrections import corrected
    from synctva.terminal.agreement import show_agreement

    own = corrected(recognised, corrections)
    found = held_against(own.emotions, own.emotion, own.probabilities, own.counts)
    if json:
        terminal.print_json(asdict(found))
    else:
        show_agreement(f"{recognised} against {corrections}", found)


@app.command(epilog="Example: synctva compare runs/meld runs/meld-lite runs/meld-no-graphs")
def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Evaluated runs; the first is compared with the others.")
    ],
    *,
    store: Annotated[
        Path | None,
        typer.Option(help="The store that all were evaluated on; else each one's own."),
    ] = None,
) -> None:
    """Report how far the first run is above each of the others, with intervals and p-values."""
    from synctva.evaluation.compare import compare as held_against

    terminal.show_comparisons(held_against(runs[0], runs[1:], store))
