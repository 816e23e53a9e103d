"""Seconds per training epoch of every network on the same corpus and batches.

    python benchmarks/peers.py --store stores/mosi
    python benchmarks/peers.py --store stores/mosi --width 192      # all at the width of base

All take epochs in turn on the same batches with the same optimiser, each with its recipe's loss,
so that the ratios hold on a noisy machine. Peers have their published sizes, or that of --width.
"""

import argparse
import statistics
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from synctva.batch import Batch, batch_of
from synctva.features.store import open_store
from synctva.model.emotion_model import EmotionModel
from synctva.networks.registry import NetworkSettings
from synctva.recipe import Recipe, load_recipe
from synctva.training.batches import batches_of
from synctva.training.loss import EmotionLoss

RECIPES = Path(__file__).parents[1] / "recipes"
OURS = (RECIPES / "base.toml", RECIPES / "lite.toml")


@dataclass
class Runner:
    """A network in training: what an epoch needs, and the seconds of those that count."""

    recipe: Recipe
    model: EmotionModel
    loss: EmotionLoss
    optimizer: torch.optim.Optimizer
    seconds: list[float]

    def epoch(self, batches: list[Batch]) -> float:
        """Trains an epoch and returns its seconds."""
        started = time.perf_counter()
        for batch in batches:
            self.loss(self.model(batch), batch.emotion).backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--recipes", type=Path, nargs="*", help="those to time; else all")
    parser.add_argument("--width", type=int, help="of all networks, instead of the published ones")
    parser.add_argument("--batch", type=int, default=192, help="utterances in a batch")
    parser.add_argument("--epochs", type=int, default=5, help="counted epochs of each")
    arguments = parser.parse_args()
    corpus = open_store(arguments.store).read()
    train = batch_of(corpus.split("train"))
    paths = arguments.recipes or [*OURS, *sorted((RECIPES / "baselines").glob("*.toml"))]
    runners = []
    for path in paths:
        recipe = load_recipe(path)
        if not set(recipe.modalities) <= set(corpus.dims) and len(recipe.modalities) == 1:
            continue  # a single modality that the corpus lacks
        runners.append(runner(recipe, corpus.schema.emotions, corpus.dims, arguments.width))
    lengths = torch.bincount(train.dialogue)
    for epoch in range(arguments.epochs + 1):
        batches = [train.select(c) for c in batches_of(lengths, arguments.batch, 0, epoch)]
        for each in runners:
            spent = each.epoch(batches)
            if epoch:
                each.seconds.append(spent)
    show(runners, f"{corpus.name}, {len(train):,} utterances, batches of {arguments.batch}")


def runner(
    recipe: Recipe, emotions: tuple[str, ...], dims: dict[str, int], width: int | None
) -> Runner:
    kept = {m: dim for m, dim in dims.items() if m in recipe.modalities}
    model = EmotionModel(emotions, kept, as_wide(recipe.model, width))
    loss = EmotionLoss(emotions, {}, recipe.loss)
    return Runner(recipe, model, loss, torch.optim.AdamW(model.parameters(), fused=True), [])


def as_wide(settings: NetworkSettings, width: int | None) -> NetworkSettings:
    """Returns the settings with all hidden widths set; else a peer's published ones, ours as is."""
    if width is None:
        return settings if settings.network == "sync-tva" else type(settings)()
    known: Any = settings
    return replace(known, **{f.name: width for f in fields(known) if "width" in f.name})


def show(runners: list[Runner], title: str) -> None:
    table = Table(title=f"one training epoch: {title}, {torch.get_num_threads()} threads")
    table.add_column("network")
    for column in ("parameters", "seconds (median)", "least", "most", "times the first"):
        table.add_column(column, justify="right")
    for each in runners:
        ratio = statistics.median(
            own / first for own, first in zip(each.seconds, runners[0].seconds, strict=True)
        )
        parameters = sum(p.numel() for p in each.model.parameters())
        table.add_row(
            each.recipe.name, f"{parameters:,}", f"{statistics.median(each.seconds):.2f}",
            f"{min(each.seconds):.2f}", f"{max(each.seconds):.2f}", f"{ratio:.1f}",
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
