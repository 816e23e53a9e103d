"""The protocol: what a finished run scores on ``valid`` and ``test``, and how sure that is."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Int

from synctva.errors import InputError
from synctva.evaluation.attribution import subset_scores
from synctva.evaluation.bootstrap import Confusions, estimates
from synctva.evaluation.calibration import calibration_error
from synctva.evaluation.community import community_score
from synctva.evaluation.evaluated_run import EvaluatedRun, counts_of, load_evaluated
from synctva.evaluation.imbalance import logit_adjustment_scores
from synctva.evaluation.metrics import scores_of
from synctva.evaluation.prediction import calibrated, predict
from synctva.evaluation.prediction_files import write_predictions
from synctva.evaluation.reliability import calibration_findings
from synctva.evaluation.robustness import missing_rate_scores, noise_scores, turn_order_scores
from synctva.evaluation.spread import spread
from synctva.evaluation.stress import stress_scores
from synctva.files import alone, file_sha256
from synctva.run.evaluation import Evaluation
from synctva.run.scores import SeedScores, SeedSplit, SplitScores
from synctva.run.words import SCORES
from synctva.tensors import in_one_thread

__all__ = ["QUESTIONS", "EvaluatedRun", "evaluate", "load_evaluated"]

QUESTIONS: Mapping[str, Mapping[str, Callable[[EvaluatedRun], object]]] = MappingProxyType(
    {
        "subsets": {"subsets": subset_scores},
        "robustness": {
            "missing_rates": missing_rate_scores,
            "missing_rates_one_kept": lambda run: missing_rate_scores(run, keep_one=True),
            "noise": noise_scores,
            "turn_order": turn_order_scores,
        },
        "stress": {"stress": stress_scores},
        "calibration": {"calibration": calibration_findings},
        "imbalance": {"imbalance": logit_adjustment_scores},
        "community": {"community": community_score},
    }
)
"""What an evaluation can be asked beside the scores, and what finds each answer."""


def evaluate(run: EvaluatedRun, asked: Collection[str] = ()) -> Evaluation:
    """Scores every seed on both splits; writes predictions and ``evaluation.json``.

    What an earlier evaluation of the same weights on the same store found beside the scores stays,
    unless it is asked for again.

    Args:
        run: The models and their data.
        asked: Some of ``QUESTIONS``.

    Raises:
        InputError: The run did not keep what a question needs; the scores are kept then. Or another
            process evaluates it on the same store.
    """
    with alone(run.place.path), in_one_thread():
        return _evaluate(run, asked)


def _evaluate(run: EvaluatedRun, asked: Collection[str]) -> Evaluation:
    found = _scored(run)
    known = _earlier(run)
    if known is not None and known.is_of_same(found):
        found = found.with_findings_of(known)
    run.place.write(found)
    for question in asked:
        answers = {name: find(run) for name, find in QUESTIONS[question].items()}
        found = replace(found, **answers)
        run.place.write(found)
    return found


def _earlier(run: EvaluatedRun) -> Evaluation | None:
    """Returns the evaluation that is there, if it can be read."""
    try:
        return run.place.read()
    except InputError:
        return None


def _scored(run: EvaluatedRun) -> Evaluation:
    """Scores every seed on both splits, and writes the predictions."""
    seeds: dict[str, list[SeedSplit]] = {}
    counts: dict[str, Confusions] = {}
    for split in run.batches:
        found = [_predicted(run, number, split) for number in run.models]
        seeds[split] = [scores for scores, _ in found]
        counts[split] = np.stack([own for _, own in found])
    finished = {number: run.folder.seed(number).read_finished() for number in run.models}
    seconds = sum(one.seconds for one in finished.values())
    epochs = max(sum(one.epochs for one in finished.values()), 1)
    support = {split: own[0].sum((0, 2)).tolist() for split, own in counts.items()}
    checkpoints = {number: run.folder.seed(number).checkpoint for number in run.models}
    return Evaluation(
        test=_split_scores(run, counts["test"], seeds["test"]),
        valid=_split_scores(run, counts["valid"], seeds["valid"]),
        seeds=len(run.models),
        parameters=sum(p.numel() for p in next(iter(run.models.values())).parameters()),
        seconds_per_epoch=seconds / epochs,
        per_seed=tuple(
            SeedScores(number, finished[number].best_epoch, valid, test)
            for number, valid, test in zip(run.models, seeds["valid"], seeds["test"], strict=True)
        ),
        confusion={
            split: tuple(map(tuple, own.sum((0, 1)).tolist())) for split, own in counts.items()
        },
        support={s: dict(zip(run.emotions, own, strict=True)) for s, own in support.items()},
        store=run.store,
        weights={n: file_sha256(path / "model.safetensors") for n, path in checkpoints.items()},
    )


def _predicted(
    run: EvaluatedRun, number: int, split: str
) -> tuple[SeedSplit, Int[np.ndarray, "dialogue emotion predicted"]]:
    """Returns a seed's scores on a split and its confusion matrices; writes its predictions."""
    model, batch = run.models[number], run.batches[split]
    probabilities = calibrated(predict(model, batch), model, batch)
    write_predictions(run.place, number, split, run.corpora[split], probabilities)
    counts = counts_of(probabilities, batch)
    scores = scores_of(counts.sum(0))
    own = {name: float(getattr(scores, name)) for name in SCORES}
    return SeedSplit(**own, ece=calibration_error(probabilities, batch.emotion.numpy())), counts


def _split_scores(run: EvaluatedRun, counts: Confusions, seeds: list[SeedSplit]) -> SplitScores:
    found = estimates(counts, run.emotions)
    by_name = {name: getattr(found, name) for name in SCORES}
    return SplitScores(**by_name, f1=found.f1, ece=spread([seed.ece for seed in seeds]))
