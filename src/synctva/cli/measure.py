"""The verb measure: how often a model is right on one's own labelled recordings."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from synctva import terminal
from synctva.cli.app import Workers, app
from synctva.errors import InputError

SUFFIXES = (".json", ".md", ".html")


@app.command(
    epilog="Examples: synctva measure clips/[bright_black] · [/]"
    "synctva measure clips.csv --out scores.html --out scores.json"
    "[bright_black] · [/]synctva measure clips/ --expect shares.csv --model runs/own/seed-0"
)
def measure(
    clips: Annotated[
        Path,
        typer.Argument(
            help="A folder of clips with a table: clip, emotion, and where known text, speaker,"
            " dialogue, turn, start_s, end_s; or the table."
        ),
    ],
    *,
    model: Annotated[str, typer.Option(help="lite, a checkpoint's folder, or a hub id.")] = "lite",
    expect: Annotated[
        str,
        typer.Option(
            help="How often each emotion is expected: meld (conversations), equal, or a CSV file"
            " with the columns emotion and share."
        ),
    ] = "meld",
    out: Annotated[
        list[Path] | None,
        typer.Option(help="A file: its ending is json, md or html; may be given several times."),
    ] = None,
    workers: Workers = None,
) -> None:
    """Measure a model on labelled recordings, for every subset of text, audio and visual.

    It reports recall, log loss (compared with that of the class frequencies) and calibration
    (compared with chance), weighted to the expected frequencies, with intervals; also how many
    faces were found and how clean the sound is. Features are cached, so a killed command resumes.
    """
    for path in out or []:
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{path}: unknown ending; known are {', '.join(SUFFIXES)}")
    from synctva.data.own.folder import read_folder
    from synctva.evaluation.frequencies import expected_frequencies
    from synctva.features.extraction.cache import default_cache
    from synctva.inference.labelled import measure as measured
    from synctva.inference.measurement import measurement
    from synctva.inference.recognise import Recogniser
    from synctva.terminal.measurement import show_measurement

    corpus = read_folder(clips)
    recogniser = Recogniser.load(model, workers=workers, cache=default_cache())
    frequencies = expected_frequencies(expect, recogniser.model.emotions)
    bar = partial(terminal.progress, f"Measuring {corpus.name}")
    own = measured(recogniser, corpus, frequencies, progress=bar)
    found = measurement(corpus.name, {corpus.name: own}, frequencies, expect, model)
    show_measurement(found)
    for path in out or []:
        write(found, path)
        terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")


def write(found: Mapping[str, Any], path: Path) -> None:
    """Writes a measurement in the format of the path's ending."""
    from synctva.files import write_text
    from synctva.reports.measurement import markdown, page

    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    if suffix == ".json":
        write_text(path, json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        write_text(path, page(found) if suffix == ".html" else markdown(found))
