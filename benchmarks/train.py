"""Seconds per training epoch: Sync-TVA beside a plain nn.TransformerEncoder on the same batches.

    python benchmarks/train.py --store stores/meld

Both have the same width, depth, heads and width of the feed-forward, the same loss and optimiser,
and take epochs in turn, so that the ratio holds on a noisy machine. Without --store, random
features in dialogues of MELD's lengths are used.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from synctva.batch import Batch, batch_of
from synctva.emotion_model import EmotionModel
from synctva.emotions import schema_named
from synctva.features.store import open_store
from synctva.model.architecture import Architecture
from synctva.output import Output
from synctva.recipe import Recipe, load_recipe
from synctva.training.loop import batches_of
from synctva.training.loss import EmotionLoss

EMOTIONS = schema_named("meld-7").emotions


class PlainTransformer(nn.Module):
    """A transformer over the padded dialogues, as it is commonly written."""

    def __init__(self, dim: int, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.width
        self.project = nn.Linear(dim, width)
        layer = nn.TransformerEncoderLayer(
            width, architecture.heads, 2 * width, architecture.dropout, "gelu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, architecture.enhancement_layers, enable_nested_tensor=False
        )
        self.classifier = nn.Linear(width, len(EMOTIONS))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits, as Sync-TVA does."""
        lengths = torch.bincount(batch.dialogue).tolist()
        padded = nn.utils.rnn.pad_sequence(list(batch.text.split(lengths)), batch_first=True)
        mask = nn.utils.rnn.pad_sequence(
            [torch.zeros(n, dtype=torch.bool) for n in lengths], True, padding_value=True
        )
        hidden = self.encoder(self.project(padded), src_key_padding_mask=mask)[~mask]
        return Output(self.classifier(hidden), hidden)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, help="a store with text features, such as MELD's")
    parser.add_argument("--recipe", type=Path, default=Path("recipes/base.toml"))
    parser.add_argument("--epochs", type=int, default=7, help="counted epochs of each model")
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    train = read(arguments.store) if arguments.store else generated()
    dim = train.text.shape[1]
    torch.manual_seed(0)
    models = {
        "Sync-TVA": EmotionModel(EMOTIONS, {"text": dim}, recipe.model),
        "nn.TransformerEncoder": PlainTransformer(dim, recipe.model),
    }
    steps = {name: Step(model, recipe) for name, model in models.items()}
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for epoch in range(arguments.epochs + 1):
        for name, step in steps.items():
            spent = step.epoch(train, epoch)
            if epoch:
                seconds[name].append(spent)
    show(models, seconds, recipe.model)


class Step:
    """A model with its loss and optimiser."""

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        self.model, self.size = model, recipe.training.batch_utterances
        self.loss = EmotionLoss(EMOTIONS, {}, recipe.loss)
        self.optimizer = torch.optim.AdamW(model.parameters(), fused=True)

    def epoch(self, train: Batch, number: int) -> float:
        """Trains an epoch and returns its seconds."""
        lengths = torch.bincount(train.dialogue)
        batches = [train.select(c) for c in batches_of(lengths, self.size, 0, number)]
        started = time.perf_counter()
        for batch in batches:
            self.loss(self.model(batch), batch.emotion).backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
        return time.perf_counter() - started


def read(store: Path) -> Batch:
    return batch_of(open_store(store).read().split("train"))


def generated(dialogues: int = 1038, dim: int = 384) -> Batch:
    random = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 20, (dialogues,), generator=random)
    dialogue = torch.repeat_interleave(torch.arange(dialogues), lengths)
    count = len(dialogue)
    return Batch(
        text=torch.randn(count, dim, generator=random),
        audio=torch.zeros(count, 0),
        visual=torch.zeros(count, 0),
        present=torch.tensor([[True, False, False]]).repeat(count, 1),
        dialogue=dialogue,
        turn=torch.cat([torch.arange(n) for n in lengths.tolist()]),
        speaker=torch.randint(3, (count,), generator=random),
        emotion=torch.randint(len(EMOTIONS), (count,), generator=random),
    )


def show(
    models: dict[str, nn.Module], seconds: dict[str, list[float]], architecture: Architecture
) -> None:
    depth = f"width {architecture.width}, {architecture.enhancement_layers} layers"
    table = Table(title=f"one training epoch on text, {depth}, {torch.get_num_threads()} threads")
    for column in ("model", "parameters", "seconds (median)", "least", "most", "ratio (median)"):
        table.add_column(column, justify="left" if column == "model" else "right")
    plain = seconds["nn.TransformerEncoder"]
    for name, own in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(own, plain, strict=True))
        parameters = sum(p.numel() for p in models[name].parameters())
        table.add_row(
            name, f"{parameters:,}", f"{statistics.median(own):.3f}", f"{min(own):.3f}",
            f"{max(own):.3f}", f"{ratio:.2f}",
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
