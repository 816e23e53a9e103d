"""Run folders with a believable shape, written without training anything."""

import json
import math
import random
from dataclasses import replace
from pathlib import Path

from synctva.run.description import RunDescription, SchemaNames
from synctva.run.evaluation import EvaluatedStore, Evaluation
from synctva.run.findings import Ceiling, Community
from synctva.run.finished import Finished
from synctva.run.folder import RunFolder, SeedFolder
from synctva.run.log import Epoch, ValidEpoch
from synctva.run.scores import Score, Scores, SeedScores, SeedSplit, SplitScores

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


def epoch_of(
    number: int, weighted_f1: float = 0.5, loss: float = 1.0, seconds: float = 1.0
) -> Epoch:
    """Returns a line of a log."""
    return Epoch(number, loss + 1, ValidEpoch(loss, weighted_f1, 0.4, 0.6), 0.5, seconds)


def write_run(
    folder: Path,
    name: str = "Sync-TVA lite",
    seeds: int = 3,
    lift: float = 0.0,
    optional: bool = True,
    network: str = "sync-tva",
) -> Path:
    """Writes a finished and evaluated run; ``lift`` is added to its scores."""
    chance = random.Random(f"{folder.name}{name}{seeds}")
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    run.write_description(
        RunDescription(
            name=name,
            corpus="meld",
            schema=SchemaNames("meld-7", tuple(EMOTIONS)),
            dims={"text": 384, "audio": 88, "visual": 128},
            store="stores/meld",
            seeds=tuple(range(seeds)),
            environment={"python": "3.11.2", "torch": "2.10.0", "device": "cpu, 2 threads"},
            command="synctva train recipes/meld.toml --store stores/meld --out runs/meld",
        )
    )
    recipe = f'# lite on MELD\n[model]\nnetwork = "{network}"\n\n[loss]\nkind = "focal"\n'
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    for seed in range(seeds):
        _write_seed(run.seed(seed), chance, lift)
    run.evaluation.write(_evaluation(chance, seeds, lift, optional))
    return folder


def write_evaluation_on(folder: Path, store: Path, lift: float = -0.2) -> Path:
    """Writes the evaluation of a run of ``write_run`` on another store; returns its folder."""
    run = RunFolder(folder)
    found = _evaluation(random.Random(0), len(run.describe().seeds), lift, False)
    place = run.evaluation_on(store)
    place.write(replace(found, store=EvaluatedStore("meld", str(store), "0" * 64, False)))
    return place.path


def edit(file: Path, change) -> None:
    """Reads a JSON file, lets ``change`` alter it, and writes it back."""
    value = json.loads(file.read_text(encoding="utf-8"))
    change(value)
    file.write_text(json.dumps(value), encoding="utf-8")


def _write_seed(seed: SeedFolder, chance: random.Random, lift: float, epochs: int = 24) -> None:
    seed.path.mkdir()
    log = []
    for number in range(epochs):
        score = 0.6 + lift - 0.3 * math.exp(-number / 4) - 0.0006 * max(0, number - 12) ** 2
        score += chance.gauss(0, 0.006)
        loss = 1.1 + 0.9 * math.exp(-number / 4) + 0.012 * max(0, number - 10)
        valid = ValidEpoch(loss, score, score - 0.17, score + 0.02)
        log.append(Epoch(number, 0.5 + 1.6 * math.exp(-number / 6), valid, 1e-3, 1.4))
        seed.append_log(log[-1])
    best = max(log, key=lambda epoch: epoch.valid.weighted_f1).epoch
    seed.write_finished(Finished(best, epochs, 33.6))


def _score(mean: float, seeds: int, width: float = 0.012) -> Score:
    sd = None if seeds == 1 else width / 2
    return Score(mean, sd, (mean - width, mean + width))


def _split(seeds: int, lift: float) -> SplitScores:
    by_emotion = (0.761, 0.558, 0.147, 0.322, 0.571, 0.183, 0.466)
    f1 = {e: _score(f1 + lift, seeds, 0.04) for e, f1 in zip(EMOTIONS, by_emotion, strict=True)}
    return SplitScores(
        weighted_f1=_score(0.584 + lift, seeds),
        macro_f1=_score(0.4297 + lift, seeds),
        accuracy=_score(0.6013 + lift, seeds),
        uar=_score(0.4421 + lift, seeds),
        f1=f1,
        ece=_score(0.0468, seeds, 0.006),
    )


def _evaluation(chance: random.Random, seeds: int, lift: float, optional: bool) -> Evaluation:
    per_seed = tuple(
        SeedScores(
            seed,
            11 + seed,
            SeedSplit(*[0.6 + lift] * 5),
            SeedSplit(0.58 + lift, 0.43, 0.6, 0.44, 0.05),
        )
        for seed in range(seeds)
    )
    evaluation = Evaluation(
        test=_split(seeds, lift),
        valid=_split(seeds, lift + 0.011),
        seeds=seeds,
        parameters=912_345,
        seconds_per_epoch=1.4,
        per_seed=per_seed,
        confusion={split: _confusion(chance, seeds) for split in ("valid", "test")},
        support={"valid": EMOTIONS, "test": EMOTIONS},
        store=EvaluatedStore("meld", "stores/meld", "f" * 64, True),
    )
    return _with_findings(evaluation, seeds, lift) if optional else evaluation


def _confusion(chance: random.Random, seeds: int) -> tuple[tuple[int, ...], ...]:
    rows = []
    for row, support in enumerate(EMOTIONS.values()):
        weights = [chance.random() * n for n in EMOTIONS.values()]
        weights[row] += 0.9 * sum(weights) + 60
        rows.append(tuple(round(seeds * support * weight / sum(weights)) for weight in weights))
    return tuple(rows)


def _with_findings(evaluation: Evaluation, seeds: int, lift: float) -> Evaluation:
    heights = (0.545, 0.402, 0.361, 0.571, 0.556, 0.431, 0.584)

    def scores(weighted: float, macro: float) -> Scores:
        sd = None if seeds == 1 else 0.005
        return Scores(*(Score(mean, sd) for mean in (weighted, macro, weighted, macro)))

    subsets = dict(zip(SUBSETS, heights, strict=True))
    return replace(
        evaluation,
        subsets={subset: scores(h + lift, h - 0.15) for subset, h in subsets.items()},
        missing_rates={
            rate / 10: scores(0.584 + lift - 0.0012 * rate**2, 0.43 - 0.0022 * rate**2)
            for rate in range(8)
        },
        community=Community(scores(0.6032 + lift, 0).weighted_f1, 0.0192),
        ceiling=Ceiling(0.883, 0.861, 0.885),
        ceiling_subsets={subset: Ceiling(h + 0.3) for subset, h in subsets.items()},
    )
