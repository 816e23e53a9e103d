"""Sweeps of evaluated runs whose predictions are drawn, not made by a model."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

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
    extra: dict | None = None,
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
    run = {
        "name": name,
        "corpus": "drawn",
        "schema": {"name": "drawn-4", "emotions": list(EMOTIONS)},
        "dims": {"text": 8, "audio": 4},
        "store": "stores/drawn",
        "seeds": list(range(seeds)),
    }
    table = {"name": name, "model": {"network": network, "width": 8, **recipe}}
    (folder / "recipe.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    for seed in range(seeds):
        own = folder / f"seed-{seed}"
        own.mkdir()
        (own / "finished.json").write_text("{}", encoding="utf-8")
        for split in ("valid", "test"):
            pq.write_table(
                predictions(split, dialogues, accuracy, seed), own / f"predictions-{split}.parquet"
            )
    count = DIALOGUE_UTTERANCES * len(dialogues)
    evaluation = {
        "test": {"ece": {"mean": 0.05, "sd": 0.01, "interval": None}},
        "valid": {"ece": {"mean": 0.04, "sd": None, "interval": None}},
        "parameters": 1234,
        "seconds_per_epoch": 0.5,
        "per_seed": [{"seed": seed} for seed in range(seeds)],
        "support": {"test": {"neutral": count}},
        **(extra or {}),
    }
    (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
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


def findings(height: float = 0.7) -> dict:
    """Returns robustness and calibration as an evaluation tells them."""

    def curve(rates: tuple[float, ...]) -> dict:
        return {
            str(rate): {
                "weighted_f1": {"mean": height - 0.1 * rate, "sd": 0.01},
                "macro_f1": {"mean": height - 0.2 - 0.1 * rate, "sd": 0.01},
            }
            for rate in rates
        }

    def bins(error: float) -> list[dict]:
        empty = {"confidence": None, "accuracy": None, "count": 0}
        filled = [
            {"confidence": c, "accuracy": c - error, "count": 40} for c in (0.3, 0.5, 0.7, 0.9)
        ]
        return [empty, *filled]

    return {
        "missing_rates": curve((0.0, 0.3, 0.7)),
        "missing_rates_one_kept": curve((0.0, 0.3, 0.7)),
        "noise": curve((0.0, 0.5, 2.0)),
        "imbalance": {
            "tau": {"mean": 0.4, "sd": 0.1},
            "adjusted": {
                "weighted_f1": {"mean": height - 0.01},
                "macro_f1": {"mean": height + 0.01},
                "f1": {emotion: {"mean": height} for emotion in EMOTIONS},
            },
        },
        "calibration": {
            "bins": {"before": bins(0.15), "after": bins(0.02)},
            "temperature": 1.4,
            "abstention": [
                {"coverage": c, "weighted_f1": 0.9 - 0.2 * c, "threshold": 1 - c}
                for c in (0.2, 0.6, 1.0)
            ],
        },
    }
