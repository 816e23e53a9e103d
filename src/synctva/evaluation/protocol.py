"""The protocol: what a finished run scores on ``valid`` and ``test``, and how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from synctva.batch import Batch, batch_of
from synctva.corpus import Corpus, Extractor, Features
from synctva.errors import InputError
from synctva.evaluation.bootstrap import estimates
from synctva.evaluation.calibration import calibration_error
from synctva.evaluation.metrics import SCORES, confusions, scores_of
from synctva.evaluation.prediction import calibrated, predict
from synctva.evaluation.prediction_files import write_predictions
from synctva.evaluation.spread import spread
from synctva.features.store import open_store
from synctva.files import write_json
from synctva.model.emotion_model import EmotionModel
from synctva.run.folder import RunFolder, dialogue_digest

SPLITS = ("valid", "test")


@dataclass(frozen=True)
class EvaluatedRun:
    """A finished run with its models and its data.

    Attributes:
        folder: Where it is.
        models: The best model of each seed, by the seed.
        corpora: The dialogues of each split.
        batches: The same as batches.
    """

    folder: RunFolder
    models: Mapping[int, EmotionModel]
    corpora: Mapping[str, Corpus]
    batches: Mapping[str, Batch]

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions, in the schema's order."""
        return self.corpora["test"].schema.emotions


def load_evaluated(run_path: Path, store_path: Path | None = None) -> EvaluatedRun:
    """Returns a run's models beside the data they are to be evaluated on.

    Args:
        run_path: The run's folder.
        store_path: Another store than the one the run was trained on.

    Raises:
        InputError: No seed is finished, the store's features are of another extractor, its
            emotions are others, its test split has a dialogue that the run has seen, or a split
            has no labelled utterance.
    """
    folder = RunFolder(run_path)
    description = folder.describe()
    models = {n: EmotionModel.from_pretrained(s.checkpoint) for n, s in folder.finished_seeds()}
    if not models:
        raise InputError(f"{run_path}: no seed is finished; run the same `synctva train` again")
    store = open_store(store_path or Path(description["store"]))
    for model in models.values():
        model.provenance.check(store.fingerprints, str(store.path))
    if list(store.schema.emotions) != description["schema"]["emotions"]:
        raise InputError(
            f"{store.path}: its emotions ({', '.join(store.schema.emotions)}) are not those of"
            f" {run_path} ({', '.join(description['schema']['emotions'])}); train on this store"
        )
    dims = next(iter(models.values())).dims
    corpus = with_absent(store.read(SPLITS), dims)
    corpora = {split: corpus.split(split) for split in SPLITS}
    _check_unseen(folder, corpora["test"], str(store.path))
    for split, part in corpora.items():
        if not any(utterance.emotion for _, utterance in part.utterances()):
            raise InputError(
                f"{store.path}: the split {split!r} is empty or unlabelled; there is nothing to"
                f" evaluate on: give some dialogues split={split!r} and import the corpus again"
            )
    batches = {split: batch_of(part).keep(tuple(dims)) for split, part in corpora.items()}
    return EvaluatedRun(folder, models, corpora, batches)


def _check_unseen(folder: RunFolder, test: Corpus, place: str) -> None:
    """Does nothing if a run has seen none of these dialogues."""
    if folder.describe()["corpus"] != test.name:
        return
    seen = set(folder.read_seen().tolist())
    known = next((d.id for d in test.dialogues if dialogue_digest(d.id) in seen), None)
    if known is not None:
        raise InputError(
            f"{place}: its split 'test' has dialogue {known!r}, which {folder.path} learnt from or"
            " chose its epochs by; evaluate on the store that it was trained on, or train on this"
            " one"
        )


def with_absent(corpus: Corpus, dims: Mapping[str, int]) -> Corpus:
    """Returns the corpus with the modalities that it lacks, missing in every utterance."""
    count = len(corpus)
    absent = {
        m: Features(np.zeros((count, dim), np.float32), np.zeros(count, bool), Extractor("none"))
        for m, dim in dims.items()
        if m not in corpus.features
    }
    return replace(corpus, features={**corpus.features, **absent})


def evaluate(run: EvaluatedRun) -> dict[str, Any]:
    """Scores every seed on both splits; writes predictions and ``evaluation.json``.

    Returns:
        ``test`` and ``valid``: mean, sd over seeds and interval over dialogues of weighted F1,
        macro F1, accuracy, unweighted average recall, calibration error and the F1 of every
        emotion, all in [0, 1]; then seeds, parameters, seconds_per_epoch, and what the report
        needs beside.
    """
    found: dict[str, Any] = {}
    per_seed: dict[int, dict[str, Any]] = {
        n: {"seed": n, "best_epoch": _best_epoch(run, n)} for n in run.models
    }
    for split, batch in run.batches.items():
        counts, errors = [], []
        for number, model in run.models.items():
            probabilities = calibrated(predict(model, batch), model, batch)
            write_predictions(run.folder.seed(number), split, run.corpora[split], probabilities)
            counts.append(counts_of(probabilities, batch))
            errors.append(calibration_error(probabilities, batch.emotion.numpy()))
            scores = scores_of(counts[-1].sum(0))
            per_seed[number][split] = {n: float(getattr(scores, n)) for n in SCORES}
            per_seed[number][split]["ece"] = errors[-1]
        stacked = np.stack(counts)
        ece = {**spread(errors), "interval": None}
        found[split] = {**estimates(stacked, run.emotions), "ece": ece}
        found.setdefault("confusion", {})[split] = stacked.sum((0, 1)).tolist()
        support = stacked[0].sum((0, 2)).tolist()
        found.setdefault("support", {})[split] = dict(zip(run.emotions, support, strict=True))
    result = {
        **{split: found[split] for split in ("test", "valid")},
        "seeds": len(run.models),
        "parameters": sum(p.numel() for p in next(iter(run.models.values())).parameters()),
        "seconds_per_epoch": _seconds_per_epoch(run),
        "per_seed": list(per_seed.values()),
        "confusion": found["confusion"],
        "support": found["support"],
    }
    write_json(run.folder.evaluation, result)
    return result


def add_to_evaluation(folder: RunFolder, extra: Mapping[str, Any]) -> None:
    """Adds further findings (subsets, missing rates, ...) to ``evaluation.json``."""
    write_json(folder.evaluation, {**folder.read_evaluation(), **extra})


def counts_of(
    scores: Float[np.ndarray, "utterance emotion"], batch: Batch
) -> Int[np.ndarray, "dialogue emotion predicted"]:
    """Returns the confusion matrix of each dialogue of a batch, by logits or probabilities."""
    emotion, dialogue = batch.emotion.numpy(), batch.dialogue.numpy()
    return confusions(emotion, scores.argmax(1), dialogue, scores.shape[1])


def _best_epoch(run: EvaluatedRun, number: int) -> int:
    return run.folder.seed(number).read_finished()["best_epoch"]


def _seconds_per_epoch(run: EvaluatedRun) -> float:
    finished = [run.folder.seed(number).read_finished() for number in run.models]
    return sum(f["seconds"] for f in finished) / max(sum(f["epochs"] for f in finished), 1)
