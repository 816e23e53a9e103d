"""The demo: a generated corpus of raw recordings, from nothing to the report."""

import os
from functools import partial
from pathlib import Path

from synctva import terminal
from synctva.data.corpora.meld import read_meld
from synctva.data.made.playhouse import Production, amount, render_playhouse, render_recording
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.features.extraction import fill
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.preset import load_preset
from synctva.features.store import FeatureStore, write_store
from synctva.inference.recognise import Recogniser
from synctva.recipe import load_recipe
from synctva.reports.recognition import write_report as write_recognition_page
from synctva.reports.run.page import write_run_report
from synctva.terminal.recognition import recognition_table
from synctva.training.run import train_run

PRODUCTION = Production(
    dialogues=(22, 5, 9),
    imbalance=0.4,
    reliability={"text": 0.9, "audio": 0.8, "visual": 0.6},
)
"""Drawn faces are easier to read than words or voices, so they are the least reliable."""
SEEDS = 2
SETTINGS = (
    *("model.dropout=0.3", "model.feature_dropout=0.2", "model.node_dropout=0.1"),
    *("training.epochs=40", "training.patience=40", "training.batch_utterances=32"),
    "training.modality_dropout=0.1",
)
"""A few hundred utterances that hold little noise: small batches, and less dropout."""


def run_demo(out: Path) -> None:
    """Renders, extracts, trains, evaluates and reports; what is finished is not done again."""
    workers = os.cpu_count() or 1
    with terminal.progress("Rendering the playhouse", amount(PRODUCTION)) as advance:
        render_playhouse(out / "playhouse", PRODUCTION, workers=workers, advance=advance)
    store = _store(out, workers)
    recipe = load_recipe(settings=SETTINGS)
    run_path = out / "run"
    with terminal.seeds_progress(SEEDS, recipe.training.epochs) as on_epoch:
        train_run(recipe, store.path, run_path, SEEDS, on_epoch=on_epoch)
    terminal.show_evaluation(run_path, evaluate(load_evaluated(run_path), ["subsets"]))
    page, *_ = write_run_report([run_path], out / "report.html")
    recognised = _recognise(out, workers)
    terminal.say(
        f"Open [bold]{terminal.escape(page)}[/bold] (the training) and"
        f" [bold]{terminal.escape(recognised)}[/bold] (a recording) in a browser."
    )


def _recognise(out: Path, workers: int) -> Path:
    """Films two scenes, recognises them by the model that is shipped, and writes their page."""
    film = out / "scenes.mp4"
    transcript = render_recording(film, PRODUCTION)
    recogniser = Recogniser.load(workers=workers)
    bar = partial(terminal.progress, f"Recognising {film.name} by the shipped model")
    found = recogniser.recognise(film, transcript, progress=bar)
    terminal.show(recognition_table(found))
    return write_recognition_page(found, out / "recognition.html", recording=film)[0]


def _store(out: Path, workers: int) -> FeatureStore:
    """Returns the store of the playhouse's features."""
    corpus = read_meld(out / "playhouse")
    terminal.say("Written, spoken, drawn and filmed by this program; no real person says a word.")
    terminal.show_corpus(corpus)
    store = write_store(corpus, out / "store", overwrite=True)
    lite = load_preset("lite")
    steps = fill.amount(store, lite)
    with terminal.progress("Extracting features", steps) as advance:
        filled = extract(store, lite, Cache(out / "cache"), workers=workers, advance=advance)
    terminal.show_filled(filled, store.path, steps)
    return store
