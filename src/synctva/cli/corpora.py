"""Verbs about corpora: import, check, compose."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.cli.app import Tiers, app, listed
from synctva.errors import InputError

if TYPE_CHECKING:
    from synctva.corpus import Corpus

KindName = Annotated[
    str | None,
    typer.Option(help="What SOURCE is, such as meld or folder. Default: detected."),
]
SchemaName = Annotated[str | None, typer.Option(help="Emotion schema, such as meld-sentiment-3.")]
CorpusName = Annotated[str | None, typer.Option(help="The corpus's name, for your own data.")]
LabelOrder = Annotated[
    str | None,
    typer.Option(help="Legacy pickles: emotions in the order of their numbers, comma-separated."),
]
Fold = Annotated[
    str | None,
    typer.Option(
        help="Cross-validate by dialogue: which fold of how many is the test split, such as 1/5;"
        " for data without published splits."
    ),
]


@app.command("import", epilog="Example: synctva import MELD/data/MELD --out stores/meld")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            help="MELD, IEMOCAP, CMU-MOSI, RAVDESS, EmoDB or FER2013 as released; own recordings"
            " with a table or transcripts, or a transcript; your table or .npz; a legacy pickle."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The feature store to make.")],
    kind: KindName = None,
    schema: SchemaName = None,
    name: CorpusName = None,
    label_order: LabelOrder = None,
    fold: Fold = None,
    tiers: Tiers = None,
    speed: Annotated[
        list[float] | None,
        typer.Option(
            help="Add copies of the training utterances at this speed, such as 0.92; may be given"
            " several times. Their sound is written beside the store."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the store that is there.")
    ] = False,
) -> None:
    """Turn a corpus into a feature store."""
    from synctva.features.store import check_place, write_store

    check_place(out, overwrite=overwrite)
    asked = {"kind": kind, "schema": schema, "name": name, "label_order": label_order}
    asked |= {"fold": fold, "tiers": tiers}
    corpus = read_asked(source, asked, pictures_of(out))
    if speed:
        from synctva.data.made.speeds import with_speeds

        bar = partial(terminal.progress, "Copying voices")
        corpus = with_speeds(corpus, speed, _beside(out, "speeds"), progress=bar)
    store = write_store(corpus, out, overwrite=overwrite)
    terminal.show_corpus(corpus)
    terminal.say(f"Wrote [bold]{terminal.escape(store.path)}[/bold].")
    if "text" not in corpus.dims and any(u.text for _, u in corpus.utterances()):
        terminal.say(f"Next: synctva features {terminal.escape(out)}")


@app.command(epilog="Example: synctva check stores/meld")
def check(
    source: Annotated[Path, typer.Argument(help="A feature store, or what `import` takes.")],
    kind: KindName = None,
    schema: SchemaName = None,
    name: CorpusName = None,
    label_order: LabelOrder = None,
    fold: Fold = None,
    tiers: Tiers = None,
) -> None:
    """Report what is wrong or worth knowing in a corpus; exit code 1 if scores would be wrong."""
    from synctva.data.checks.check import check as examine
    from synctva.features.store import open_store

    asked = {"kind": kind, "schema": schema, "name": name, "label_order": label_order}
    asked |= {"fold": fold, "tiers": tiers}
    is_store = (source / "manifest.json").is_file()
    if is_store:
        refuse_asked(source, asked)
    corpus = open_store(source).read() if is_store else read_asked(source, asked)
    findings = examine(corpus)
    terminal.show_corpus(corpus)
    as_now = [f"{option_named(word)} {quote(value)}" for word, value in asked.items() if value]
    verb = "import" if as_now else "features"
    words = [f"synctva {verb}", str(source), *as_now, *([] if is_store else ["--out STORE"])]
    next_ = None if corpus.dims else " ".join(words)
    terminal.show_findings(findings, next_)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


def read_asked(
    source: Path, asked: Mapping[str, str | None], media: Path | None = None
) -> "Corpus":
    """Returns the corpus at a path, read with the options of `import`.

    Args:
        source: A file or folder.
        asked: ``kind``, ``schema``, ``name``, ``label_order``, ``fold`` and ``tiers``, as written.
        media: The folder for pictures that are packed in the source.
    """
    from synctva.data.source import read_source
    from synctva.data.split import fold_named

    order, fold = asked["label_order"], asked["fold"]
    return read_source(
        source,
        asked["kind"],
        schema=asked["schema"],
        name=asked["name"],
        label_order=None if order is None else listed(order),
        media=media,
        fold=None if fold is None else fold_named(fold),
        tiers=listed(asked["tiers"]) or None,
    )


def refuse_asked(store: Path, asked: Mapping[str, object]) -> None:
    """Refuses options for making a store if the store exists already."""
    for word, value in asked.items():
        if value is not None:
            raise InputError(f"{store}: already a feature store; leave out {option_named(word)}")


def option_named(word: str) -> str:
    """Returns how an option is written."""
    return f"--{word.replace('_', '-')}"


def pictures_of(out: Path) -> Path:
    """Returns the folder for pictures packed in a corpus's file: beside its store."""
    return _beside(out, "pictures")


def _beside(out: Path, what: str) -> Path:
    if out.name:
        return out.with_name(f"{out.name}-{what}")
    return _beside(out.absolute(), what)  # the folder that one is in, ".", has no name


@app.command(
    epilog="Example: synctva compose stores/meld --audio stores/ravdess --audio stores/emodb"
    " --visual stores/fer2013 --reliability 0.5 --out stores/composed"
)
def compose(
    text: Annotated[Path, typer.Argument(help="A feature store of dialogues, such as MELD's.")],
    *,
    audio: Annotated[
        list[Path] | None, typer.Option(help="A store of voices; may be given several times.")
    ] = None,
    visual: Annotated[
        list[Path] | None, typer.Option(help="A store of faces; may be given several times.")
    ] = None,
    reliability: Annotated[
        float, typer.Option(min=0, max=1, help="How often voice and face show the emotion.")
    ] = 0.5,
    spread: Annotated[
        float,
        typer.Option(min=0, max=0.5, help="How far a dialogue's own reliability may differ."),
    ] = 0.0,
    missing: Annotated[
        float, typer.Option(min=0, max=1, help="How often an utterance lacks voice, or face.")
    ] = 0.0,
    alone: Annotated[
        int, typer.Option(min=0, help="How many voices, and faces, also stand alone in train.")
    ] = 0,
    words: Annotated[
        list[Path] | None,
        typer.Option(help="A store of utterances without dialogue; --alone of them join train."),
    ] = None,
    agreement: Annotated[
        Path | None,
        typer.Option(help="EmotionTalk's table: voices and faces agree as often as in it."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides who speaks for whom.")] = 0,
    out: Annotated[Path, typer.Option(help="The feature store to make.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the store that is there.")
    ] = False,
) -> None:
    """Give the utterances of a corpus the voices and faces of other corpora, to train fusion on.

    The store says that it is composed, and how; its scores are not scores on the text's corpus.
    """
    from synctva.data.made.agreement import read_agreement
    from synctva.data.made.alone import with_words_alone
    from synctva.data.made.casting import Casting
    from synctva.data.made.compose import compose as put_together
    from synctva.features.store import check_place, open_store, write_store

    check_place(out, overwrite=overwrite)
    sources = {"audio": audio or [], "visual": visual or []}
    read = {m: [open_store(path).read() for path in paths] for m, paths in sources.items()}
    spoken = open_store(text).read()
    shown = None if agreement is None else read_agreement(agreement, spoken.schema)
    if words:
        lone = [open_store(path).read() for path in words]
        spoken = with_words_alone(spoken, lone, alone, seed)
    corpus = put_together(
        spoken,
        read["audio"],
        read["visual"],
        casting=Casting({m: reliability for m, paths in sources.items() if paths}, spread, shown),
        missing={m: missing for m, paths in sources.items() if paths},
        alone=alone,
        seed=seed,
    )
    store = write_store(corpus, out, overwrite=overwrite)
    terminal.show_corpus(corpus)
    terminal.say(f"Wrote [bold]{terminal.escape(store.path)}[/bold].")
