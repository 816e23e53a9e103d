"""The verb predict: recognises the emotions of a whole store, on one machine or many."""

from pathlib import Path
from typing import Annotated

import typer

from synctva import terminal
from synctva.cli.app import EngineName, Workers, app


@app.command(
    epilog="Examples: synctva predict runs/meld/seed-0 stores/calls --out calls.parquet"
    "[bright_black] · [/]synctva predict lite /shared/stores/calls --out /shared/calls.parquet"
    " --engine ray"
)
def predict(
    model: Annotated[
        str,
        typer.Argument(help="lite, a run's seed, a checkpoint's folder, or a hub id."),
    ],
    store: Annotated[Path, typer.Argument(help="The feature store; it needs no emotions.")],
    *,
    out: Annotated[Path, typer.Option(help="The Parquet file, a row per utterance.")],
    causal: Annotated[
        bool, typer.Option("--causal", help="Use no later utterance, as live recognition must.")
    ] = False,
    workers: Workers = None,
    engine: EngineName = "local",
) -> None:
    """Recognise the emotions of a whole store; resumes if killed.

    It reads one shard at a time, however large the store is. The features must come from the
    extractors that the model was trained on.
    """
    from synctva.inference.store_predictions import plan_predictions, predict_store
    from synctva.work import engine_named

    place = engine_named(engine)
    plan = plan_predictions(model, store, out, is_causal=causal)
    if plan.lacking:
        lacking = " and no ".join(plan.lacking)
        terminal.say(f"{terminal.escape(store)} has no {lacking} features; recognising without.")
    with terminal.progress(f"Predicting {store.name}", plan.utterances) as advance:
        counts = predict_store(plan, out, engine=place, workers=workers, advance=advance)
    shares = [f"{name} {count / counts.total():.0%}" for name, count in counts.most_common()]
    terminal.say(f"{counts.total():,} utterances: {', '.join(shares)}.")
    terminal.say(f"Wrote [bold]{terminal.escape(out)}[/bold].")
