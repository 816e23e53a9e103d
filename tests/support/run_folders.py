"""Run folders with a believable shape, written without training anything."""

import json
import math
import random
from pathlib import Path

EMOTIONS = {
    "neutral": 1256,
    "surprise": 281,
    "fear": 50,
    "sadness": 208,
    "joy": 402,
    "disgust": 68,
    "anger": 345,
}
SUBSETS = (
    "text",
    "audio",
    "visual",
    "text+audio",
    "text+visual",
    "audio+visual",
    "text+audio+visual",
)


def write_run(
    folder: Path,
    name: str = "Sync-TVA lite",
    seeds: int = 3,
    lift: float = 0.0,
    optional: bool = True,
) -> Path:
    """Writes a finished and evaluated run; ``lift`` is added to its scores."""
    chance = random.Random(f"{folder.name}{name}{seeds}")
    folder.mkdir(parents=True)
    run = {
        "name": name,
        "corpus": "meld",
        "schema": {"name": "meld-7", "emotions": list(EMOTIONS)},
        "dims": {"text": 384, "audio": 88, "visual": 128},
        "store": "stores/meld",
        "seeds": list(range(seeds)),
        "environment": {"python": "3.11.2", "torch": "2.10.0", "device": "cpu, 2 threads"},
        "command": "synctva train recipes/meld.toml --store stores/meld --out runs/meld",
    }
    _write(folder / "run.json", run)
    recipe = '# lite on MELD\n[model]\nhidden = 128\nheads = 4\n\n[loss]\nkind = "focal"\n'
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    for seed in range(seeds):
        _write_seed(folder / f"seed-{seed}", chance, lift)
    _write(folder / "evaluation.json", _evaluation(chance, seeds, lift, optional))
    return folder


def edit(file: Path, change) -> None:
    """Reads a JSON file, lets ``change`` alter it, and writes it back."""
    value = json.loads(file.read_text(encoding="utf-8"))
    change(value)
    _write(file, value)


def _write(file: Path, value: object) -> None:
    file.write_text(json.dumps(value), encoding="utf-8")


def _write_seed(folder: Path, chance: random.Random, lift: float, epochs: int = 24) -> None:
    folder.mkdir()
    lines = []
    for epoch in range(epochs):
        score = 0.6 + lift - 0.3 * math.exp(-epoch / 4) - 0.0006 * max(0, epoch - 12) ** 2
        score += chance.gauss(0, 0.006)
        valid = {
            "loss": 1.1 + 0.9 * math.exp(-epoch / 4) + 0.012 * max(0, epoch - 10),
            "weighted_f1": score,
            "macro_f1": score - 0.17,
            "accuracy": score + 0.02,
        }
        line = {"epoch": epoch, "train_loss": 0.5 + 1.6 * math.exp(-epoch / 6), "valid": valid}
        lines.append(line | {"seconds": 1.4, "learning_rate": 1e-3})
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    best = max(lines, key=lambda line: line["valid"]["weighted_f1"])["epoch"]
    _write(folder / "finished.json", {"best_epoch": best, "epochs": epochs, "seconds": 33.6})


def _score(mean: float, seeds: int, width: float = 0.012) -> dict:
    sd = None if seeds == 1 else width / 2
    return {"mean": mean, "sd": sd, "interval": [mean - width, mean + width]}


def _split(seeds: int, lift: float) -> dict:
    by_emotion = (0.761, 0.558, 0.147, 0.322, 0.571, 0.183, 0.466)
    return {
        "weighted_f1": _score(0.584 + lift, seeds),
        "macro_f1": _score(0.4297 + lift, seeds),
        "accuracy": _score(0.6013 + lift, seeds),
        "ece": _score(0.0468, seeds, 0.006),
        "f1": {
            e: _score(f1 + lift, seeds, 0.04) for e, f1 in zip(EMOTIONS, by_emotion, strict=True)
        },
    }


def _evaluation(chance: random.Random, seeds: int, lift: float, optional: bool) -> dict:
    per_seed = [
        {
            "seed": seed,
            "best_epoch": 11 + seed,
            "valid": dict.fromkeys(("weighted_f1", "macro_f1", "accuracy", "ece"), 0.6 + lift),
            "test": {"weighted_f1": 0.58 + lift, "macro_f1": 0.43, "accuracy": 0.6, "ece": 0.05},
        }
        for seed in range(seeds)
    ]
    evaluation = {
        "test": _split(seeds, lift),
        "valid": _split(seeds, lift + 0.011),
        "seeds": seeds,
        "parameters": 912_345,
        "seconds_per_epoch": 1.4,
        "per_seed": per_seed,
        "confusion": {split: _confusion(chance, seeds) for split in ("valid", "test")},
        "support": {"valid": EMOTIONS, "test": EMOTIONS},
    }
    return evaluation | (_optional(seeds, lift) if optional else {})


def _confusion(chance: random.Random, seeds: int) -> list[list[int]]:
    rows = []
    for row, support in enumerate(EMOTIONS.values()):
        weights = [chance.random() * n for n in EMOTIONS.values()]
        weights[row] += 0.9 * sum(weights) + 60
        rows.append([round(seeds * support * weight / sum(weights)) for weight in weights])
    return rows


def _optional(seeds: int, lift: float) -> dict:
    heights = (0.545, 0.402, 0.361, 0.571, 0.556, 0.431, 0.584)
    f1 = {
        subset: {"weighted_f1": _pair(h + lift, seeds), "macro_f1": _pair(h - 0.15, seeds)}
        for subset, h in zip(SUBSETS, heights, strict=True)
    }
    rates = {
        f"{rate / 10}": {
            "weighted_f1": _pair(0.584 + lift - 0.0012 * rate**2, seeds),
            "macro_f1": _pair(0.43 - 0.0022 * rate**2, seeds),
        }
        for rate in range(8)
    }
    return {
        "subsets": f1,
        "missing_rates": rates,
        "community": {"weighted_f1": _pair(0.6032 + lift, seeds), "gap": 0.0192},
        "ceiling": {"weighted_f1": 0.883, "macro_f1": 0.861, "accuracy": 0.885},
        "ceiling_subsets": {
            s: {"weighted_f1": h + 0.3} for s, h in zip(SUBSETS, heights, strict=True)
        },
    }


def _pair(mean: float, seeds: int) -> dict:
    return {"mean": mean, "sd": None if seeds == 1 else 0.005}
