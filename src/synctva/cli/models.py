"""Verbs about models: train, evaluate, compare, report."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.cli.app import app
from synctva.errors import InputError

if TYPE_CHECKING:
    from synctva.run.folder import RunFolder
    from synctva.training.start import Start


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
            " a hub id; of a recipe, only loss and training count then.",
        ),
    ] = None,
    store: Annotated[Path, typer.Option(help="The feature store.")],
    out: Annotated[Path, typer.Option(help="The run's folder; an interrupted run goes on.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, side by side.")] = 1,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe.")
    ] = None,
    save_every: Annotated[
        float, typer.Option(min=0, help="Seconds between two saved states.")
    ] = 10.0,
) -> None:
    """Train Sync-TVA; killed and started again, it resumes."""
    if "RANK" in os.environ:  # torch would tell every process that its share uses all weights
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    from synctva.recipe import load_recipe
    from synctva.training.run import train_run
    from synctva.training.start import recipe_from

    start = None if from_ is None else _start_of(from_, store)
    settings = tuple(set_ or ())
    loaded = (
        load_recipe(recipe, settings) if start is None else recipe_from(start, recipe, settings)
    )
    with terminal.seeds_progress(seeds, loaded.training.epochs) as on_epoch:
        run = train_run(
            loaded, store, out, seeds, start=start, save_every_s=save_every, on_epoch=on_epoch
        )
    if start is not None:
        _tell_what_was_gained(run, start)
    else:
        terminal.say(f"Next: synctva evaluate {terminal.escape(out)}")


def _start_of(source: str, store: Path) -> "Start":
    """Returns the model that a training begins with; tells what validates where no split does."""
    from synctva.features.store import open_store
    from synctva.model.load import load_model
    from synctva.training.start import Start

    if not open_store(store).utterances["valid"]:
        terminal.say(
            "No dialogue has the split valid: all are learnt from, to the end. The scores shown are"
            " of these, and no estimate of anything; correct another recording to score it."
        )
    return Start(source, load_model(source))


def _tell_what_was_gained(run: "RunFolder", start: "Start") -> None:
    """Tells which seeds found nothing better than what they began with, and what comes next."""
    from synctva.training.start import UNCHANGED

    seeds = list(run.finished_seeds())
    for number, seed in seeds:
        if seed.read_finished()["best_epoch"] == UNCHANGED:
            terminal.say(
                f"seed {number}: no epoch was better on valid than {terminal.escape(start.source)}"
                " itself, which stays as it is; correct more utterances."
            )
    path = terminal.escape(seeds[0][1].checkpoint)
    terminal.say(f"Next: synctva recognise RECORDING --model {path}")


@app.command(
    epilog="Examples: synctva evaluate runs/meld --subsets[bright_black] · [/]"
    "synctva evaluate talk.json --against corrected.eaf"
)
def evaluate(
    run: Annotated[
        Path, typer.Argument(help="The run's folder; with --against, a recognition or several.")
    ],
    *,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Corrections of a recognition (json) that RUN is then: eaf, csv, TextGrid, vtt,"
            " srt; or a folder of them, for a folder of recognitions."
        ),
    ] = None,
    store: Annotated[Path | None, typer.Option(help="Another store than the run's own.")] = None,
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
    calibration: Annotated[
        bool,
        typer.Option("--calibration", help="Also tell what probabilities mean, and abstention."),
    ] = False,
    imbalance: Annotated[
        bool,
        typer.Option("--imbalance", help="Also adjust the logits for rare emotions, by valid."),
    ] = False,
    community: Annotated[
        bool,
        typer.Option(
            "--community",
            help="Also tell the best test epoch, as much of the field reports it, beside the gap;"
            " needs training.keep_epochs.",
        ),
    ] = False,
) -> None:
    """Score a run on valid and test: mean and sd over seeds, interval over dialogues.

    With --against, score what was recognised in recordings by how its emotions were corrected.
    """
    asked = {"--store": store, "--subsets": subsets, "--robustness": robustness}
    asked |= {"--calibration": calibration, "--imbalance": imbalance, "--community": community}
    if against is not None:
        _evaluate_recognition(run, against, [name for name, value in asked.items() if value], json)
        return
    if run.is_file():
        raise InputError(
            f"{run}: a file, not a run's folder; a recognition is scored with --against CORRECTIONS"
        )
    from synctva.evaluation.attribution import subset_scores
    from synctva.evaluation.community import community_score
    from synctva.evaluation.imbalance import logit_adjustment_scores
    from synctva.evaluation.protocol import add_to_evaluation, load_evaluated
    from synctva.evaluation.protocol import evaluate as score
    from synctva.evaluation.reliability import calibration_findings
    from synctva.evaluation.robustness import (
        missing_rate_scores,
        noise_scores,
        turn_order_scores,
    )

    loaded = load_evaluated(run, store)
    result = score(loaded)
    if subsets:
        result["subsets"] = subset_scores(loaded)
    if robustness:
        result["missing_rates"] = missing_rate_scores(loaded)
        result["missing_rates_one_kept"] = missing_rate_scores(loaded, keep_one=True)
        result["noise"] = noise_scores(loaded)
        result["turn_order"] = turn_order_scores(loaded)
    if calibration:
        result["calibration"] = calibration_findings(loaded)
    if imbalance:
        result["imbalance"] = logit_adjustment_scores(loaded)
    if community:
        result["community"] = community_score(loaded)
    add_to_evaluation(loaded.folder, result)
    if json:
        import json as json_module

        print(json_module.dumps(result, indent=2))
    else:
        terminal.show_evaluation(run, result)


def _evaluate_recognition(
    recognised: Path, corrections: Path, others: list[str], json: bool
) -> None:
    """Scores recognitions by their corrections."""
    if others:
        raise InputError(f"--against with {others[0]}: that is for runs; leave one of them away")
    from synctva.evaluation.agreement import agreement
    from synctva.inference.corrections import corrected
    from synctva.terminal.agreement import show_agreement

    beside = corrected(recognised, corrections)
    found = agreement(beside.emotions, beside.emotion, beside.probabilities)
    result = {**found, "counts": beside.counts}
    if json:
        import json as json_module

        print(json_module.dumps(result, indent=2))
    else:
        show_agreement(f"{recognised} against {corrections}", result)


@app.command(epilog="Example: synctva compare runs/meld runs/meld-lite runs/meld-no-graphs")
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Evaluated runs; the first against each.")],
) -> None:
    """Tell how far the first run is above each other one, with intervals and p-values."""
    from synctva.evaluation.compare import compare as held_against

    if len(runs) < 2:
        raise InputError("compare: name two runs or more, such as `synctva compare runs/a runs/b`")
    terminal.show_comparisons(held_against(runs[0], runs[1:]))


@app.command(epilog="Example: synctva report runs/meld --out reports/meld.html")
def report(
    runs: Annotated[list[Path], typer.Argument(help="Evaluated runs.")],
    out: Annotated[Path, typer.Option(help="The HTML file; .md, .csv and .tex go beside it.")],
) -> None:
    """Write one self-contained page of results, and its table as Markdown, CSV and LaTeX."""
    from synctva.reports.run.page import write_report

    for path in write_report(runs, out):
        terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")
