"""Sync-TVA on generated features beside the best possible classifier, by subset of modalities.

    python benchmarks/ceiling.py --out ceiling    # two minutes on two cores

Who feels what shows only in two modalities at once, so the ceiling of each subset tells what fusion
is worth, and the distance to it what the training leaves.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from synctva import terminal
from synctva.batch import Batch
from synctva.corpus import Corpus
from synctva.data.made.planted import bayes_probabilities, planted_corpus
from synctva.evaluation.attribution import subsets_of
from synctva.evaluation.evaluated_run import counts_of, load_evaluated
from synctva.evaluation.metrics import scores_of
from synctva.evaluation.protocol import evaluate
from synctva.features.store import write_store
from synctva.recipe import load_recipe
from synctva.reports.run.page import write_run_report
from synctva.run.findings import Ceiling
from synctva.training.run import train_run

SEEDS = 2
DIALOGUES = (1000, 100, 150)
"""Generated dialogues are free: many for a few epochs teach more than few for many."""
SETTINGS = (
    *("model.dropout=0.2", "model.feature_dropout=0.1", "model.node_dropout=0.1"),
    "training.epochs=18",
)
"""Generated features hold little noise, so that less dropout is needed than for real ones."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("ceiling"), help="store, run and report")
    out = parser.parse_args().out
    store, run_path = out / "store", out / "run"
    corpus = planted_corpus(dialogues=DIALOGUES)
    write_store(corpus, store, overwrite=True)
    terminal.show_corpus(corpus)
    recipe = load_recipe(settings=SETTINGS)
    with terminal.seeds_progress(SEEDS, recipe.training.epochs) as on_epoch:
        train_run(recipe, store, run_path, SEEDS, on_epoch=on_epoch)
    run = load_evaluated(run_path)
    ceilings = {
        "+".join(subset): _ceiling(run.corpora["test"], run.batches["test"], subset)
        for subset in subsets_of(tuple(corpus.dims))
    }
    whole = ceilings["+".join(corpus.dims)]
    found = replace(evaluate(run, ["subsets"]), ceiling=whole, ceiling_subsets=ceilings)
    run.place.write(found)
    terminal.show_evaluation(run_path, found)
    page, *_ = write_run_report([run_path], out / "report.html")
    terminal.say(f"Open [bold]{terminal.escape(page)}[/bold] in a browser.")


def _ceiling(corpus: Corpus, batch: Batch, subset: tuple[str, ...]) -> Ceiling:
    """Returns the scores of the best possible classifier."""
    scores = scores_of(counts_of(bayes_probabilities(corpus, subset), batch).sum(0))
    return Ceiling(float(scores.weighted_f1), float(scores.macro_f1), float(scores.accuracy))


if __name__ == "__main__":
    main()
