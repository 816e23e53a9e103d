"""Sweeps of evaluated runs whose predictions are drawn, not made by a model."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from synctva.run.description import RunDescription, SchemaNames
from synctva.run.evaluation import Evaluation
from synctva.run.findings import Abstention, Bin, Bins, Calibration, Errors, Imbalance
from synctva.run.finished import Finished
from synctva.run.folder import RunFolder
from synctva.run.scores import Score, Scores, SeedScores, SeedSplit, SplitScores

EMOTIONS = ("neutral", "fear", "joy", "anger")
SHARES = (0.5, 0.05, 0.25, 0.2)
DIALOGUE_UTTERANCES = 8


def write_recipe(
    folder: Path,
    accuracy: float = 0.7,
    *,
    name: str = "sync-tva",
    network: str = "sync-tva",
    seeds: int = 2,
    dialogues: range = range(40),
    extra: dict[str, Any] | None = None,
    **recipe: object,
) -> Path:
    """Writes a run that is right so often; the emotions of a dialogue are always the same.

    Args:
        folder: SWEEP/corpus/recipe, or a fold in it.
        accuracy: Share of right predictions.
        name: What the recipe calls itself.
        network: Its network.
        seeds: How many.
        dialogues: The numbers of the dialogues of both splits; those of ``valid`` have other ids.
        extra: What the evaluation found beside the scores.
        recipe: More keys of the recipe's table ``model``.
    """
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    run.write_description(
        RunDescription(
            name=name,
            corpus="drawn",
            schema=SchemaNames("drawn-4", EMOTIONS),
            dims={"text": 8, "audio": 4},
            store="stores/drawn",
            seeds=tuple(range(seeds)),
        )
    )
    table = {"name": name, "model": {"network": network, "width": 8, **recipe}}
    (folder / "recipe.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    for seed in range(seeds):
        run.seed(seed).path.mkdir()
        run.seed(seed).write_finished(Finished(0, 1, 0.5))
        for split in ("valid", "test"):
            rows = predictions(split, dialogues, accuracy, seed)
            pq.write_table(rows, run.evaluation.predictions(seed, split))
    count = DIALOGUE_UTTERANCES * len(dialogues)
    score, split = Score(0.5), SeedSplit(*[0.5] * 5)
    by_emotion = dict.fromkeys(EMOTIONS, score)
    evaluation = Evaluation(
        test=SplitScores(score, score, score, score, by_emotion, Score(0.05, 0.01)),
        valid=SplitScores(score, score, score, score, by_emotion, Score(0.04)),
        seeds=seeds,
        parameters=1234,
        seconds_per_epoch=0.5,
        per_seed=tuple(SeedScores(seed, 0, split, split) for seed in range(seeds)),
        confusion={},
        support={"test": {"neutral": count}},
        **(extra or {}),
    )
    run.evaluation.write(evaluation)
    return folder


def predictions(split: str, dialogues: range, accuracy: float, seed: int) -> pa.Table:
    """Returns predictions for dialogues, right so often, and as sure of it."""
    rows: dict[str, list] = {"dialogue": [], "emotion": [], "predicted": [], "probabilities": []}
    for number in dialogues:
        truth = np.random.default_rng((split == "test", number))
        emotion = truth.choice(len(EMOTIONS), size=DIALOGUE_UTTERANCES, p=SHARES)
        chance = np.random.default_rng((number, seed, round(1000 * accuracy)))
        is_right = chance.random(DIALOGUE_UTTERANCES) < accuracy
        wrong = (emotion + chance.integers(1, len(EMOTIONS), DIALOGUE_UTTERANCES)) % len(EMOTIONS)
        rows["dialogue"] += [f"{split}-{number}"] * DIALOGUE_UTTERANCES
        rows["emotion"] += [EMOTIONS[e] for e in emotion]
        predicted = np.where(is_right, emotion, wrong)
        rows["predicted"] += [EMOTIONS[e] for e in predicted]
        unsure = (1 - accuracy) / (len(EMOTIONS) - 1)
        rows["probabilities"] += np.where(
            np.eye(len(EMOTIONS), dtype=bool)[predicted], accuracy, unsure
        ).tolist()
    return pa.table(rows)


def findings(height: float = 0.7) -> dict[str, Any]:
    """Returns robustness and calibration as an evaluation tells them."""

    def scores(weighted: float, macro: float, sd: float | None = None, **f1: float) -> Scores:
        own = (Score(mean, sd) for mean in (weighted, macro, weighted, macro))
        return Scores(*own, f1={emotion: Score(mean) for emotion, mean in f1.items()})

    def curve(*rates: float) -> dict[float, Scores]:
        return {
            rate: scores(height - 0.1 * rate, height - 0.2 - 0.1 * rate, 0.01) for rate in rates
        }

    def bins(error: float) -> tuple[Bin, ...]:
        return Bin(None, None, 0), *(Bin(c, c - error, 40) for c in (0.3, 0.5, 0.7, 0.9))

    curve_of_abstention = tuple(
        Abstention(c, 1 - c, 0.9 - 0.2 * c, 0.7, 0.8, {}) for c in (0.2, 0.6, 1.0)
    )
    return {
        "missing_rates": curve(0.0, 0.3, 0.7),
        "missing_rates_one_kept": curve(0.0, 0.3, 0.7),
        "noise": curve(0.0, 0.5, 2.0),
        "stress": {"clean": scores(height, 0.5), "turns out of order": scores(height - 0.123, 0.4)},
        "imbalance": Imbalance(
            Score(0.4, 0.1),
            scores(height, height),
            scores(height - 0.01, height + 0.01, **dict.fromkeys(EMOTIONS, height)),
        ),
        "calibration": Calibration(
            Score(1.4),
            Errors(Score(0.15), Score(0.02)),
            Bins(bins(0.15), bins(0.02)),
            curve_of_abstention,
            curve_of_abstention,
        ),
    }
