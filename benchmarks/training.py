"""Utterances a second in training: as it is, in bf16, compiled, and both; on a GPU if there is one.

    python benchmarks/training.py recipes/base.toml --store stores/meld
    python benchmarks/training.py recipes/meld-tuned.toml --store stores/tokens     # end to end

All take the same steps in turn, so that the ratios hold on a noisy machine. A compiled network's
first steps, in which it is compiled, are told apart.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from rich.console import Console
from rich.table import Table

from synctva.encoders.encoder import load_encoders
from synctva.features.store import FeatureStore, open_store
from synctva.model.emotion_model import EmotionModel
from synctva.recipe import Recipe, load_recipe, with_settings
from synctva.training.description import used_dims
from synctva.training.loop import accumulate, steps_of
from synctva.training.loss import EmotionLoss, Objective
from synctva.training.ranks import accelerator_of
from synctva.training.splits import Chosen, Split, open_splits

WAYS = {
    "float32": ("training.precision=no", "training.compile=false"),
    "bf16": ("training.precision=bf16", "training.compile=false"),
    "float32, compiled": ("training.precision=no", "training.compile=true"),
    "bf16, compiled": ("training.precision=bf16", "training.compile=true"),
}
FIRST_STEPS = 3
"""Not counted: a compiled network meets its shapes in them."""


@dataclass
class Way:
    """A way of training the same recipe, and the seconds that its steps took."""

    recipe: Recipe
    accelerator: Accelerator
    objective: torch.nn.Module
    optimizer: torch.optim.Optimizer
    seconds: list[float]
    cpu_seconds: list[float]

    def step(self, train: Split, chosen: list[Chosen]) -> None:
        """Takes a step and notes how long it took."""
        started, cpu_started = time.perf_counter(), time.process_time()
        pieces = [train.read(one) for one in chosen]
        accumulate(self.objective, pieces, self.accelerator, self.recipe.training)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.seconds.append(time.perf_counter() - started)
        self.cpu_seconds.append(time.process_time() - cpu_started)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=30, help="counted steps of each")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    recipe, store = load_recipe(arguments.recipe), open_store(arguments.store)
    train = open_splits(store, ("train",), recipe.modalities)[0]
    train = train.to(accelerator_of("no").device)
    ways = {name: begun(with_settings(recipe, keys), store, train) for name, keys in WAYS.items()}
    steps: list[list[Chosen]] = []
    while len(steps) < FIRST_STEPS + arguments.steps:
        steps += steps_of(train, recipe.training, 0, len(steps))
    steps = steps[: FIRST_STEPS + arguments.steps]
    for chosen in steps:
        for way in ways.values():
            way.step(train, chosen)
    utterances = sum(len(train.read(one)) for chosen in steps[FIRST_STEPS:] for one in chosen)
    show(ways, utterances, f"{recipe.name}, {store.name}, batches of"
         f" {recipe.training.batch_utterances}, {device()}")  # fmt: skip


def begun(recipe: Recipe, store: FeatureStore, train: Split) -> Way:
    """Returns a fresh model in training; see ``training.loop.fit``."""
    torch.manual_seed(0)
    encoders = load_encoders(recipe.encoders)
    model = EmotionModel(store.schema.emotions, used_dims(store, recipe), recipe.model, encoders)
    train.normalise(model)
    accelerator = accelerator_of(recipe.training.precision)
    optimizer = torch.optim.AdamW(model.parameter_groups(recipe.training.learning_rate), fused=True)
    objective = Objective(model, EmotionLoss(model.emotions, {}, recipe.loss))
    objective, optimizer = accelerator.prepare(objective, optimizer)
    if recipe.training.compile:
        model.network.compile(dynamic=True)
    return Way(recipe, accelerator, objective.train(), optimizer, [], [])


def device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU, {torch.get_num_threads()} threads"


def show(ways: dict[str, Way], utterances: int, title: str) -> None:
    table = Table(title=title)
    table.add_column("")
    for column in ("first steps, s", "utterances a second", "a CPU second", "times float32"):
        table.add_column(column, justify="right")
    base = sum(next(iter(ways.values())).seconds[FIRST_STEPS:])
    for name, way in ways.items():
        spent, cpu = sum(way.seconds[FIRST_STEPS:]), sum(way.cpu_seconds[FIRST_STEPS:])
        table.add_row(
            name, f"{sum(way.seconds[:FIRST_STEPS]):.1f}", f"{utterances / spent:,.0f}",
            f"{utterances / cpu:,.0f}", f"{base / spent:.2f}",
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
