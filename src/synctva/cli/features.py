"""The verb features: from recordings and words to vectors."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.cli.app import EngineName, Workers, app, check_engine
from synctva.cli.corpora import (
    CorpusName,
    Fold,
    KindName,
    LabelOrder,
    SchemaName,
    pictures_of,
    read_asked,
    refuse_asked,
)
from synctva.dialogue import SPLITS
from synctva.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from synctva.emotions import EmotionSchema
    from synctva.features.store import FeatureStore
    from synctva.inference.extractors import Extractors


@app.command(
    epilog="Examples: synctva features stores/meld --preset lite[bright_black] · [/]"
    "synctva features recordings/ --out stores/own[bright_black] · [/]"
    "synctva features stores/meld --text roberta-base --audio compare --workers 8"
    "[bright_black] · [/]synctva features stores/meld --shard 3/10[bright_black] · [/]"
    "synctva features stores/meld --engine ray --cache /shared/cache[bright_black] · [/]"
    "synctva features stores/meld --verify[bright_black] · [/]"
    "synctva features corrected/ --for lite --out stores/own"
)
def features(
    source: Annotated[Path, typer.Argument(help="A feature store, or what `import` takes.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="The store to make, where SOURCE is not one.")
    ] = None,
    kind: KindName = None,
    schema: SchemaName = None,
    name: CorpusName = None,
    label_order: LabelOrder = None,
    fold: Fold = None,
    for_: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="MODEL",
            help="What this model reads, to train it further: lite, a checkpoint's folder, or a hub"
            " id; instead of choosing extractors.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="lite or paper; lite where no modality's extractor is chosen either."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(help="minilm, roberta-base, roberta-large, a hub id, a folder; or none."),
    ] = None,
    audio: Annotated[
        str | None, typer.Option(help="egemaps, is09, is10, compare, or waveform; or none.")
    ] = None,
    visual: Annotated[
        str | None, typer.Option(help="expression, resnet50, a hub id, a folder; or none.")
    ] = None,
    context: Annotated[
        int, typer.Option(min=0, help="Encode an utterance's words after so many earlier turns.")
    ] = 0,
    tokens: Annotated[
        int, typer.Option(min=0, help="Keep so many tokens, for a recipe that trains the encoder.")
    ] = 0,
    crops: Annotated[
        int, typer.Option(min=0, help="Keep so many crops of faces, for such a recipe.")
    ] = 0,
    faces: Annotated[
        str, typer.Option(help="found: look for faces; whole: the pictures are faces.")
    ] = "found",
    speaker: Annotated[
        str, typer.Option(help="Whose face: the largest, or the one moving with the sound.")
    ] = "moving",
    no_face: Annotated[
        str, typer.Option(help="Without a face: absent, or frame: features of the whole frame.")
    ] = "absent",
    pooling: Annotated[
        str | None,
        typer.Option(help="Of an utterance's faces: mean, or mean_sd; else the network's own."),
    ] = None,
    detector: Annotated[
        Path | None, typer.Option(help="A YuNet .onnx file, instead of the detector that ships.")
    ] = None,
    normalise: Annotated[
        str | None,
        typer.Option(help="Audio by: corpus, speaker, or speaker_in_dialogue; else as it is."),
    ] = None,
    workers: Workers = None,
    engine: EngineName = "local",
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
    """Extract features from recordings and words into a store; killed, it resumes.

    What was computed once is kept in a cache and not computed again, in whatever store. Exit
    code 1: some utterances failed; failures.csv in the store says which, and why.
    """
    from synctva.features.extraction.cache import Cache, default_cache
    from synctva.features.extraction.extract import extract
    from synctva.features.extraction.fill import amount, fill, refuse_loss
    from synctva.features.extraction.verify import verify as compute_again
    from synctva.features.preset import choose, share_of
    from synctva.features.store import open_store
    from synctva.inference.training_features import as_recognised, with_emotions_of
    from synctva.work.cluster_pool import supervised_on_cluster
    from synctva.work.supervised import supervised

    names = {"text": text, "audio": audio, "visual": visual}
    where = None if detector is None else str(detector)
    seen = {"faces": faces, "speaker": speaker, "no_face": no_face, "detector": where}
    settings = {
        "text": {"context": context, "tokens": tokens},
        "visual": {**seen, "pooling": pooling, "crops": crops},
    }
    chosen = choose(preset, names, settings)
    check_engine(engine)
    share = share_of(shard)
    own = {"preset": preset, **names, "normalise": normalise, "verify": verify or None}
    wanted = None if for_ is None else _wanted_by(for_, {**own, "schema": schema})
    asked = {"kind": kind, "schema": schema, "name": name, "label_order": label_order, "fold": fold}
    store = _store_of(source, out, asked, overwrite, None if wanted is None else wanted[0])
    if for_ is not None and wanted is not None:
        _refuse_own(store, for_, wanted[1])
        refuse_loss(store, wanted[1].preset)
        store, chosen = with_emotions_of(store, wanted[0]), wanted[1].preset
    if verify:
        with terminal.progress("Computing a sample again", None) as advance:
            compared = compute_again(store, chosen, workers=workers, advance=advance)
        terminal.show_verified(compared)
        raise typer.Exit(0 if all(one.agrees for one in compared) else 1)
    kept = Cache((cache or default_cache()).absolute())
    place = supervised_on_cluster if engine == "ray" else supervised
    steps = amount(store, chosen, share)
    with terminal.progress(f"Extracting {store.name}", steps) as advance:
        whole = partial(extract, normalise_by=normalise)
        work = whole if share == (1, 1) else partial(fill, shard=share)
        filled = work(store, chosen, kept, workers=workers, engine=place, advance=advance)
    if wanted is not None and share == (1, 1):
        as_recognised(open_store(store.path), wanted[1])
    terminal.show_filled(filled, store.path, steps)
    if filled.failures:
        raise typer.Exit(1)
    path = terminal.escape(store.path)
    needed = SPLITS if for_ is None else ("train",)
    if share == (1, 1) and (empty := [split for split in needed if not store.utterances[split]]):
        terminal.say(
            f"Before training: no dialogue has the split {' or '.join(empty)}; give it to some in"
            " what was imported, and import again."
        )
    elif share == (1, 1):
        begun = "" if for_ is None else f"--from {terminal.escape(for_)} "
        run = f"runs/{terminal.escape(store.name)}"
        terminal.say(f"Next: synctva train {begun}--store {path} --out {run}")
    else:
        terminal.say(f"Next, after all shares: synctva features {path}, as now, without --shard")


def _wanted_by(model: str, asked: "Mapping[str, object]") -> "tuple[EmotionSchema, Extractors]":
    """Returns the emotions of a model, and what makes the features it reads.

    Args:
        model: Its name, folder or id.
        asked: Options that choose something else, None where they are not given.
    """
    from synctva.inference.extractors import extractors_of
    from synctva.inference.training_features import schema_of
    from synctva.model.load import load_model

    if given := [name for name, value in asked.items() if value is not None]:
        raise InputError(f"--for {model}: the model says what it reads; leave --{given[0]} away")
    loaded = load_model(model)
    return schema_of(loaded, model), extractors_of(loaded, model)


def _refuse_own(store: "FeatureStore", model: str, extractors: "Extractors") -> None:
    """Refuses features that are not the model's and that nothing is there to replace."""
    from synctva.features.extraction.fill import has_source

    other = {
        modality
        for modality, known in extractors.known.items()
        if store.fingerprints.get(modality) not in (None, known.extractor.fingerprint(known.dim))
    }
    held, replaced = set(), set()
    for part in store.read_shards() if other else ():
        held |= {modality for modality in other if part.features[modality].present.any()}
        for _, one in part.utterances():
            replaced |= {m for m in other if has_source(one, m)}
    for modality in sorted(held - replaced):
        needed = "text" if modality == "text" else "a recording"
        raise InputError(
            f"{store.path}: its {modality} features are not those that {model} reads, and no"
            f" utterance has {needed} to extract them from; import again without them, or leave"
            " --for away and train a new model"
        )


def _store_of(
    source: Path,
    out: Path | None,
    asked: "Mapping[str, str | None]",
    overwrite: bool,
    schema: "EmotionSchema | None",
) -> "FeatureStore":
    """Returns the store at a path, or the one made of the corpus there, by a schema if it can be.

    Few corrections have few emotions, which alone would be taken for a schema of their own.
    """
    from synctva.features.store import check_place, open_store, write_store
    from synctva.features.store.made_of import is_made_of

    if (source / "manifest.json").is_file():
        refuse_asked(source, {"out": out, **asked})
        return open_store(source)
    if out is None:
        raise InputError(f"{source}: not a feature store; name the one to make with --out STORE")
    goes_on = (out / "manifest.json").is_file() and not overwrite
    if not goes_on:
        check_place(out, overwrite=overwrite)
    named = {**asked, "schema": asked["schema"] or _schema_for(source, asked["kind"], schema)}
    corpus = read_asked(source, named, None if goes_on else pictures_of(out))
    if not goes_on:
        terminal.show_corpus(corpus)
        return write_store(corpus, out, overwrite=overwrite)
    store = open_store(out)
    is_another = asked["schema"] not in (None, store.schema.name)
    if is_another or not is_made_of(store, corpus, pictures_of(out)):
        raise InputError(
            f"{out}: made of something else than {source} is now; replace it with --overwrite, or"
            f" go on with it as it is: synctva features {out}"
        )
    terminal.say(f"Going on with [bold]{terminal.escape(out)}[/bold].")
    return store


def _schema_for(source: Path, kind: str | None, schema: "EmotionSchema | None") -> str | None:
    """Returns the name of a schema, if it has one and what is at a path can be read by it."""
    from synctva.data.source import KINDS, kind_of
    from synctva.emotions import SCHEMAS

    if schema is None or not source.exists() or SCHEMAS.get(schema.name) != schema:
        return None
    takes = KINDS.get(kind or kind_of(source))
    return schema.name if takes and "schema" in takes.arguments else None
