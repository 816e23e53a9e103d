"""What a normalised linear model gets on the features of a store, beside runs of Sync-TVA.

    python benchmarks/linear.py --store stores/ravdess --modalities audio --run runs/ravdess

C and class weights are chosen on ``valid`` by unweighted average recall, among a few; training is
on ``train`` alone. Each utterance stands for itself: the linear models see no dialogue. A modality
that an utterance lacks is zero after normalisation, beside a column that says so.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from rich.console import Console
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from synctva.corpus import Corpus
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.evaluation.metrics import ScoreArrays, confusions, scores_of
from synctva.evaluation.prediction_files import read_counts
from synctva.features.store import open_store
from synctva.run.folder import RunFolder

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""The values of C that are tried, each with balanced class weights and with none."""

COLUMNS = {
    "accuracy": "accuracy",
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "uar": "UAR",
}
SPLITS = ("valid", "test")


@dataclass(frozen=True)
class Rows:
    """The labelled utterances of a split: normalised features and emotions."""

    features: Float[np.ndarray, "utterance column"]
    emotion: Int[np.ndarray, " utterance"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument(
        "--modalities", nargs="+", choices=MODALITIES, help="those to concatenate; else all"
    )
    parser.add_argument("--model", choices=("svm", "logistic"), help="one of the two; else both")
    parser.add_argument("--run", type=Path, nargs="*", default=[], help="evaluated runs beside it")
    arguments = parser.parse_args()
    corpus = open_store(arguments.store).read()
    modalities = tuple(arguments.modalities or corpus.dims)
    splits = rows_of(corpus, modalities)
    table = Table(
        title=f"{corpus.name}: {' + '.join(modalities)}", caption="x100; mean ± sd over seeds"
    )
    table.add_column("model", overflow="fold")
    for split in SPLITS:
        for words in COLUMNS.values():
            table.add_column(f"{split} {words}", justify="right")
    for kind in [arguments.model] if arguments.model else ("svm", "logistic"):
        name, scores = best_linear(kind, splits, len(corpus.schema))
        table.add_row(name, *cells(scores))
    for run in arguments.run:
        table.add_row(str(run), *cells(scores_of_run(run, corpus)))
    Console(width=160 if not sys.stdout.isatty() else None).print(table)


def rows_of(corpus: Corpus, modalities: tuple[str, ...]) -> Mapping[str, Rows]:
    """Returns each split's labelled utterances, normalised with mean and sd of ``train``."""
    for m in modalities:
        if m not in corpus.features:
            raise InputError(f"{corpus.name}: no {m} features; it has {', '.join(corpus.dims)}")
    splits = {name: corpus.split(name) for name in ("train", *SPLITS)}
    features: dict[str, list[Float[np.ndarray, "utterance column"]]] = {name: [] for name in splits}
    for m in modalities:
        train = splits["train"].features[m]
        scaler = StandardScaler().fit(train.values[train.present])
        for name, part in splits.items():
            own = part.features[m]
            features[name].append(np.where(own.present[:, None], scaler.transform(own.values), 0.0))
            if not corpus.features[m].present.all():
                features[name].append(own.present[:, None].astype(float))
    return {
        name: labelled(np.concatenate(features[name], axis=1), part)
        for name, part in splits.items()
    }


def labelled(features: Float[np.ndarray, "utterance column"], part: Corpus) -> Rows:
    emotion = np.array(
        [-1 if u.emotion is None else part.schema.number(u.emotion) for _, u in part.utterances()]
    )
    return Rows(features[emotion >= 0], emotion[emotion >= 0])


def best_linear(
    kind: str, splits: Mapping[str, Rows], emotions: int
) -> tuple[str, dict[str, ScoreArrays]]:
    """Returns the model that is best on ``valid``, in words, and its scores on both splits."""
    best: tuple[float, str, dict[str, ScoreArrays]] = (-1.0, "", {})
    for words, model in candidates(kind):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(splits["train"].features, splits["train"].emotion)
        scores = {}
        for name in SPLITS:
            predicted = np.asarray(model.predict(splits[name].features))
            one_dialogue = np.zeros_like(predicted)
            counts = confusions(splits[name].emotion, predicted, one_dialogue, emotions)
            scores[name] = scores_of(counts.sum(0))
        if float(scores["valid"].uar) > best[0]:
            best = (float(scores["valid"].uar), f"{kind}, {words}", scores)
    return best[1:]


def candidates(kind: str) -> Iterator[tuple[str, LinearSVC | LogisticRegression]]:
    for c in STRENGTHS:
        for weights in (None, "balanced"):
            words = f"C {c:g}" + (", balanced" if weights else "")
            if kind == "svm":
                yield words, LinearSVC(C=c, class_weight=weights, max_iter=5000, random_state=0)
            else:
                yield words, LogisticRegression(C=c, class_weight=weights, max_iter=2000)


def scores_of_run(run: Path, corpus: Corpus) -> dict[str, ScoreArrays]:
    """Returns the scores of each seed of a run on the splits.

    Raises:
        InputError: The run is not evaluated, or on other dialogues than the store's.
    """
    scores = {}
    for split in SPLITS:
        ids, counts = read_counts(RunFolder(run).evaluation, split)
        if ids != tuple(dialogue.id for dialogue in corpus.split(split).dialogues):
            raise InputError(f"{run}: its {split} dialogues are not those of {corpus.name}")
        scores[split] = scores_of(counts.sum(1))
    return scores


def cells(scores: Mapping[str, ScoreArrays]) -> list[str]:
    """Returns the scores as a row; with several seeds, mean and sample sd."""
    row = []
    for split in SPLITS:
        for name in COLUMNS:
            own = 100 * np.atleast_1d(getattr(scores[split], name))
            sd = f" ± {own.std(ddof=1):.1f}" if len(own) > 1 else ""
            row.append(f"{own.mean():.1f}{sd}")
    return row


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"linear: {error}")
