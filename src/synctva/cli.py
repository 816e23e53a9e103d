"""The command line. Every verb imports what it needs when it runs, so that help is instant."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.errors import InputError

if TYPE_CHECKING:
    from synctva.features.store import FeatureStore

app = typer.Typer(
    help="Recognise the emotion of every utterance in a conversation, from text, audio and video.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="Begin with: [bold]synctva demo[/bold]",
)

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

Run = Annotated[Path, typer.Argument(help="The run's folder.")]


def main() -> None:
    """Runs the command line; bad input, or no access to files, is one line and exit code 2."""
    try:
        app()
    except InputError as error:
        print(f"synctva: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as error:
        print(f"synctva: {error.filename or 'files'}: {error.strerror or error}", file=sys.stderr)
        raise SystemExit(2) from None
    except SystemExit as end:
        if end.code == INTERRUPTED:
            print("synctva: stopped; run the same command again to go on", file=sys.stderr)
        raise


@app.command("import", epilog="Example: synctva import corpora/MELD/data --out stores/meld")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            help="MELD, IEMOCAP, CMU-MOSI, RAVDESS, EmoDB or FER2013 as released; own recordings"
            " with a CSV, SRT, VTT or ELAN file; an own table or .npz; a legacy pickle."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The feature store to make.")],
    kind: Annotated[
        str | None, typer.Option(help="One of these, such as meld or folder; else found out.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option(help="Emotion schema, such as meld-sentiment-3.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The corpus's name, for own data.")] = None,
    label_order: Annotated[
        str | None,
        typer.Option(help="Legacy pickles: the emotions in the order of their numbers, by commas."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the store that is there.")
    ] = False,
) -> None:
    """Turn a corpus into a feature store."""
    from synctva.data.source import read_source
    from synctva.features.store import write_store

    order = None if label_order is None else [name.strip() for name in label_order.split(",")]
    corpus = read_source(
        source, kind, schema=schema, name=name, label_order=order, media=_pictures_of(out)
    )
    store = write_store(corpus, out, overwrite=overwrite)
    terminal.show_corpus(corpus)
    terminal.say(f"Wrote [bold]{terminal.escape(store.path)}[/bold].")
    if "text" not in corpus.dims and any(u.text for _, u in corpus.utterances()):
        terminal.say(f"Next: synctva features {terminal.escape(out)}")


@app.command(epilog="Example: synctva check stores/meld")
def check(
    source: Annotated[Path, typer.Argument(help="A feature store, or what `import` takes.")],
    kind: Annotated[str | None, typer.Option(help="As for `import`.")] = None,
) -> None:
    """Tell what is wrong, or worth knowing, in a corpus; exit code 1 if scores would be wrong."""
    from synctva.data.check import check as examine
    from synctva.data.source import read_source
    from synctva.features.store import open_store

    is_store = (source / "manifest.json").is_file()
    corpus = open_store(source).read() if is_store else read_source(source, kind)
    findings = examine(corpus)
    terminal.show_corpus(corpus)
    terminal.show_findings(findings)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


@app.command(
    epilog="Examples: synctva features stores/meld --preset lite[bright_black] · [/]"
    "synctva features recordings/ --out stores/own[bright_black] · [/]"
    "synctva features stores/meld --text roberta-base --audio compare --workers 8"
    "[bright_black] · [/]synctva features stores/meld --shard 3/10[bright_black] · [/]"
    "synctva features stores/meld --verify"
)
def features(
    source: Annotated[Path, typer.Argument(help="A feature store, or what `import` takes.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="The store to make, where SOURCE is not one.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="As for `import`.")] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="lite or paper; lite where no modality's extractor is chosen either."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(help="minilm, roberta-base, roberta-large, a hub id, a folder; or none."),
    ] = None,
    audio: Annotated[
        str | None, typer.Option(help="egemaps, is09, is10 or compare; or none.")
    ] = None,
    visual: Annotated[
        str | None, typer.Option(help="expression, resnet50, a hub id, a folder; or none.")
    ] = None,
    context: Annotated[
        int, typer.Option(min=0, help="Encode an utterance's words after so many earlier turns.")
    ] = 0,
    faces: Annotated[
        str, typer.Option(help="found: look for faces; whole: the pictures are faces.")
    ] = "found",
    speaker: Annotated[
        str, typer.Option(help="Whose face: the largest, or the one moving with the sound.")
    ] = "largest",
    no_face: Annotated[
        str, typer.Option(help="Without a face: absent, or frame: features of the whole frame.")
    ] = "absent",
    detector: Annotated[
        Path | None, typer.Option(help="A YuNet .onnx file, instead of OpenCV's cascade.")
    ] = None,
    standardise: Annotated[
        str | None,
        typer.Option(help="Audio by: corpus, speaker, or speaker_in_dialogue; else as it is."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one per core by default.")
    ] = None,
    shard: Annotated[
        str, typer.Option(help="i/n: fill the cache with the i-th share; at the end run without.")
    ] = "1/1",
    cache: Annotated[
        Path | None, typer.Option(help="Where vectors are kept; else $SYNCTVA_CACHE, ~/.cache.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compute a sample again and compare it to the store.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the store at --out.")
    ] = False,
) -> None:
    """Extract features from recordings and words into a store; killed, it goes on where it was.

    What was computed once is kept in a cache and not computed again, in whatever store. Exit
    code 1: some utterances failed; failures.csv in the store says which, and why.
    """
    from synctva.features.cache import Cache, default_cache
    from synctva.features.extract import amount, extract, fill
    from synctva.features.preset import choose, share_of
    from synctva.features.verify import verify as compute_again

    names = {"text": text, "audio": audio, "visual": visual}
    where = None if detector is None else str(detector)
    seen = {"faces": faces, "speaker": speaker, "no_face": no_face, "detector": where}
    chosen = choose(preset, names, {"text": {"context": context}, "visual": seen})
    share, processes = share_of(shard), workers or os.cpu_count() or 1
    store = _store_of(source, out, kind, overwrite)
    if verify:
        with terminal.progress("Computing a sample again", None) as advance:
            compared = compute_again(store, chosen, workers=processes, advance=advance)
        terminal.show_verified(compared)
        raise typer.Exit(0 if all(one.agrees for one in compared) else 1)
    kept = Cache(cache or default_cache())
    with terminal.progress(f"Extracting {store.name}", amount(store, chosen, share)) as advance:
        whole = partial(extract, standardise_by=standardise)
        work = whole if share == (1, 1) else partial(fill, shard=share)
        filled = work(store, chosen, kept, workers=processes, advance=advance)
    terminal.show_filled(filled, store.path)
    if filled.failures:
        raise typer.Exit(1)
    path = terminal.escape(store.path)
    if share == (1, 1):
        terminal.say(f"Next: synctva train --store {path} --out runs/{terminal.escape(store.name)}")
    else:
        terminal.say(f"Next, after all shares: synctva features {path}, as now, without --shard")


def _pictures_of(out: Path) -> Path:
    """Returns where pictures go that are packed in a corpus's file: beside its store."""
    return out.with_name(f"{out.name}-pictures")


def _store_of(source: Path, out: Path | None, kind: str | None, overwrite: bool) -> "FeatureStore":
    """Returns the store at a path, or the one made of the corpus there."""
    from synctva.data.source import read_source
    from synctva.features.store import check_place, open_store, write_store

    if (source / "manifest.json").is_file():
        if out is not None:
            raise InputError(f"{source}: a feature store already; leave --out away")
        return open_store(source)
    if out is None:
        raise InputError(f"{source}: not a feature store; name the one to make with --out STORE")
    if (out / "manifest.json").is_file() and not overwrite:
        terminal.say(f"Going on with [bold]{terminal.escape(out)}[/bold].")
        return open_store(out)
    check_place(out, overwrite=overwrite)
    corpus = read_source(source, kind, media=_pictures_of(out))
    terminal.show_corpus(corpus)
    return write_store(corpus, out, overwrite=overwrite)


@app.command(
    epilog="Examples: synctva train --store stores/meld --out runs/meld --seeds 5[bright_black] · "
    "[/]synctva train recipes/meld.toml --store stores/meld --out runs/small --set model.width=64"
)
def train(
    recipe: Annotated[Path | None, typer.Argument(help="A recipe; else the default.")] = None,
    *,
    store: Annotated[Path, typer.Option(help="The feature store.")],
    out: Annotated[Path, typer.Option(help="The run's folder; an interrupted run goes on.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, side by side.")] = 1,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe.")
    ] = None,
    save_every: Annotated[float, typer.Option(help="Seconds between two saved states.")] = 10.0,
) -> None:
    """Train Sync-TVA; killed and started again, it goes on where it was."""
    from synctva.recipe import load_recipe
    from synctva.training.run import train_run

    loaded = load_recipe(recipe, tuple(set_ or ()))
    with terminal.seeds_progress(seeds, loaded.training.epochs) as on_epoch:
        train_run(loaded, store, out, seeds, save_every_s=save_every, on_epoch=on_epoch)
    terminal.say(f"Next: synctva evaluate {terminal.escape(out)}")


@app.command(epilog="Example: synctva evaluate runs/meld --subsets")
def evaluate(
    run: Run,
    store: Annotated[Path | None, typer.Option(help="Another store than the run's own.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    subsets: Annotated[
        bool, typer.Option("--subsets", help="Also score every subset of modalities.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Also score at missing rates 0.0-0.7.")
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
    """Score a run on valid and test: mean and sd over seeds, interval over dialogues."""
    from synctva.evaluation.attribution import subset_scores
    from synctva.evaluation.community import community_score
    from synctva.evaluation.protocol import add_to_evaluation, load_evaluated
    from synctva.evaluation.protocol import evaluate as score
    from synctva.evaluation.robustness import missing_rate_scores

    loaded = load_evaluated(run, store)
    result = score(loaded)
    if subsets:
        result["subsets"] = subset_scores(loaded)
    if missing:
        result["missing_rates"] = missing_rate_scores(loaded)
    if community:
        result["community"] = community_score(loaded)
    add_to_evaluation(loaded.folder, result)
    if json:
        import json as json_module

        print(json_module.dumps(result, indent=2))
    else:
        terminal.show_evaluation(run, result)


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
    from synctva.reports.page import write_report

    for path in write_report(runs, out):
        terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")


@app.command(epilog="Example: synctva demo --out demo")
def demo(
    out: Annotated[Path, typer.Option(help="Where the demo's store, run and report go.")] = Path(
        "demo"
    ),
) -> None:
    """Generate conversations with a known ceiling, train on them, and write the report."""
    from synctva.demo import run_demo

    run_demo(out)
