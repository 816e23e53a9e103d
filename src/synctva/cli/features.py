"""The verb features: from recordings and words to vectors."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from synctva import terminal
from synctva.cli.app import Download, EngineName, Tiers, Workers, app
from synctva.cli.corpora import pictures_of, read_asked, refuse_asked
from synctva.cli.renamed import with_renamed
from synctva.dialogue import SPLITS
from synctva.emotions import MODALITIES
from synctva.errors import InputError

if TYPE_CHECKING:
    from synctva.emotions import EmotionSchema
    from synctva.features.extraction.fill import Filled
    from synctva.features.store import FeatureStore

IMPORTED = "`synctva import SOURCE {} --out STORE`, then `synctva features STORE`"
RENAMED = {
    **{
        f"--{m}": f"--set {m}.model=NAME, and for this modality alone --set modalities={m}"
        for m in MODALITIES
    },
    "--context": "--set text.context=N",
    "--tokens": "--set text.tokens=N",
    "--crops": "--set visual.crops=N",
    "--faces": "--set visual.faces=whole",
    "--speaker": "--set visual.speaker=moving",
    "--no-face": "--set visual.no_face=frame",
    "--pooling": "--set visual.pooling=mean",
    "--detector": "--set visual.detector=FILE",
    "--normalise": "--set audio.normalise=speaker",
    "--standardise": "--set audio.normalise=speaker",
    **{
        option: IMPORTED.format(f"{option} ...")
        for option in ("--kind", "--schema", "--name", "--label-order", "--fold")
    },
}
"""Old option -> how to write it."""


@app.command(
    cls=with_renamed(RENAMED),
    epilog="Examples: synctva features stores/meld --preset lite[bright_black] · [/]"
    "synctva features recordings/ --out stores/own[bright_black] · [/]"
    "synctva features stores/meld --set text.model=roberta-base --set visual.speaker=moving"
    "[bright_black] · [/]synctva features stores/meld --set modalities=audio"
    "[bright_black] · [/]synctva features stores/meld --shard 3/10[bright_black] · [/]"
    "synctva features stores/meld --engine ray --cache /shared/cache[bright_black] · [/]"
    "synctva features stores/meld --verify[bright_black] · [/]"
    "synctva features corrected/ --for lite --out stores/own",
)
def features(
    source: Annotated[Path, typer.Argument(help="A feature store, or what `import` takes.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="The store to make, if SOURCE is not one.")
    ] = None,
    tiers: Tiers = None,
    for_: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="MODEL",
            help="Extract what this model reads, to train it further: lite, a checkpoint's folder,"
            " or a hub id; instead of a preset.",
        ),
    ] = None,
    download: Download = False,
    preset: Annotated[
        str | None, typer.Option(help="The extractors: lite (default), paper, or a TOML file.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the preset: text.model=NAME."),
    ] = None,
    workers: Workers = None,
    engine: EngineName = "local",
    shard: Annotated[
        str, typer.Option(help="i/n: fill the cache with share i of n; then run once without it.")
    ] = "1/1",
    cache: Annotated[
        Path | None, typer.Option(help="Where vectors are kept; else $SYNCTVA_CACHE or ~/.cache.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compute a sample again and compare it with the store.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the store at --out.")
    ] = False,
) -> None:
    """Extract features from recordings and words into a store; resumes if killed.

    Vectors are kept in a cache that all stores share, so none is computed twice. Exit code 1: some
    utterances failed; failures.csv in the store says which, and why.
    """
    from synctva.features.extraction.cache import Cache, default_cache
    from synctva.features.extraction.extract import extract
    from synctva.features.extraction.fill import amount, fill, share_named
    from synctva.features.preset import load_preset
    from synctva.features.store import open_store
    from synctva.model.prepared import as_recognised, model_named, prepared
    from synctva.work import engine_named

    if verify:
        _refuse({"out": out, "for": for_, "preset": preset, "set": set_}, "--verify", "the store")
        _verify(open_store(source), workers)
    if for_ is not None:
        _refuse({"preset": preset, "set": set_}, f"--for {for_}", "the model")
    place, share = engine_named(engine), share_named(shard)
    chosen, model = load_preset(preset, set_ or ()), None
    if for_ is not None:
        model = model_named(for_, downloads=download)
        chosen = model.makers.preset
    store = _store_of(source, out, tiers, overwrite, None if model is None else model.schema)
    if model is not None:
        store = prepared(store, model)
    kept = Cache((cache or default_cache()).absolute())
    steps, is_whole = amount(store, chosen, share), share == (1, 1)
    with terminal.progress(f"Extracting {store.name}", steps) as advance:
        work = extract if is_whole else partial(fill, shard=share)
        filled = work(store, chosen, kept, workers=workers, engine=place, advance=advance)
    if model is not None and is_whole:
        as_recognised(open_store(store.path), model.makers)
    _show(filled, store, steps, for_, is_whole)


def _verify(store: "FeatureStore", workers: int | None) -> NoReturn:
    from synctva.features.extraction.verify import verify

    with terminal.progress("Computing a sample again", None) as advance:
        compared = verify(store, workers=workers, advance=advance)
    terminal.show_verified(compared)
    raise typer.Exit(0 if all(one.agrees for one in compared) else 1)


def _show(
    filled: "Filled", store: "FeatureStore", steps: int, model: str | None, is_whole: bool
) -> None:
    """Shows what was done, and what is next."""
    terminal.show_filled(filled, store.path, steps)
    if filled.failures:
        raise typer.Exit(1)
    path = terminal.escape(store.path)
    needed = SPLITS if model is None else ("train",)
    if not is_whole:
        terminal.say(f"Next, after all shares: synctva features {path} as now, but without --shard")
    elif empty := [split for split in needed if not store.utterances[split]]:
        terminal.say(
            f"Before training: no dialogue is in the split {' or '.join(empty)}; assign some in"
            " what was imported, and import again."
        )
    else:
        begun = "" if model is None else f"--from {terminal.escape(model)} "
        run = f"runs/{terminal.escape(store.name)}"
        terminal.say(f"Next: synctva train {begun}--store {path} --out {run}")


def _refuse(given: dict[str, object], mode: str, who: str) -> None:
    """Refuses options for what the store or the model decides."""
    for name, value in given.items():
        if value is not None:
            raise InputError(f"{mode}: {who} decides this; leave out --{name}")


def _store_of(
    source: Path,
    out: Path | None,
    tiers: str | None,
    overwrite: bool,
    schema: "EmotionSchema | None",
) -> "FeatureStore":
    """Returns the store at a path, or one made of the corpus there, with the schema if it fits.

    A few corrections have few emotions, which alone would be taken for a schema of their own.
    """
    from synctva.features.store import open_store
    from synctva.features.store.made_of import begun, goes_on

    if (source / "manifest.json").is_file():
        refuse_asked(source, {"out": out, "tiers": tiers})
        return open_store(source)
    if out is None:
        raise InputError(f"{source}: not a feature store; name the one to make with --out STORE")
    resumes = goes_on(out, overwrite=overwrite)
    asked = dict.fromkeys(("kind", "name", "label_order", "fold"))
    named = {**asked, "schema": _schema_for(source, schema), "tiers": tiers}
    corpus = read_asked(source, named, None if resumes else pictures_of(out))
    if resumes:
        terminal.say(f"Resuming [bold]{terminal.escape(out)}[/bold].")
    else:
        terminal.show_corpus(corpus)
    return begun(corpus, source, out, pictures_of(out), overwrite=overwrite)


def _schema_for(source: Path, schema: "EmotionSchema | None") -> str | None:
    """Returns the name of a schema, if it has one and can be used to read what is at a path."""
    from synctva.data.source import KINDS, kind_of
    from synctva.emotions import SCHEMAS

    if schema is None or not source.exists() or SCHEMAS.get(schema.name) != schema:
        return None
    takes = KINDS.get(kind_of(source))
    return schema.name if takes and "schema" in takes.arguments else None
