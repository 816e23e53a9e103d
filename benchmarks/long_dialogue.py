"""Time and peak memory of one long dialogue: both must grow linearly with a window.

    python benchmarks/long_dialogue.py

Each length runs in a process of its own, so that its peak memory is its own. The last line holds
the banded layout against the dense one: the same logits.
"""

import argparse
import json
import subprocess
import sys
import time
from unittest.mock import patch

import torch
from memory import peak_mib
from rich.console import Console
from rich.table import Table

from synctva.batch import Batch
from synctva.emotions import schema_named
from synctva.evaluation.prediction import predict
from synctva.model.emotion_model import EmotionModel
from synctva.networks.sync_tva import attention
from synctva.recipe import load_recipe

LENGTHS = (1_000, 10_000, 100_000)
DIMS = {"text": 384, "audio": 88, "visual": 256}
WINDOW = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
        return
    table = Table(title=f"one dialogue, window {WINDOW}, three modalities, default recipe")
    for column in ("utterances", "seconds", "times", "peak memory, MiB", "times"):
        table.add_column(column, justify="right")
    before: dict[str, float] | None = None
    for length in arguments.lengths:
        command = [sys.executable, __file__, "--one", str(length)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        factors = {k: f"{found[k] / before[k]:.1f}" if before else "" for k in found}
        table.add_row(
            f"{length:,}", f"{found['seconds']:.2f}", factors["seconds"],
            f"{found['mebibytes']:.0f}", factors["mebibytes"],
        )  # fmt: skip
        before = found
    Console().print(table)
    print(f"banded against dense, 1,000 utterances: logits differ by {largest_difference():.1e}")


def measure(utterances: int) -> dict[str, float]:
    """Returns the seconds of the prediction and the memory above what the process had before it."""
    model, batch = windowed_model(), dialogue_of(utterances)
    predict(model, dialogue_of(200))
    memory = peak_mib()
    started = time.perf_counter()
    predict(model, batch)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "mebibytes": peak_mib() - memory}


def largest_difference() -> float:
    model, batch = windowed_model(), dialogue_of(1_000)
    with torch.inference_mode():
        banded = model(batch).logits
        lengths = torch.tensor([len(batch)])
        dense = attention._layout(batch, lengths, len(batch), (0, 0), (WINDOW, WINDOW))
        assert dense.shape != attention.blocks_of(batch, WINDOW, WINDOW).shape
        with patch("synctva.networks.sync_tva.network.blocks_of", lambda *_: dense):
            return float((model(batch).logits - banded).abs().max())


def windowed_model() -> EmotionModel:
    torch.manual_seed(0)
    architecture = load_recipe(settings=(f"model.past={WINDOW}", f"model.future={WINDOW}")).model
    return EmotionModel(schema_named("meld-7").emotions, DIMS, architecture).eval()


def dialogue_of(utterances: int) -> Batch:
    random = torch.Generator().manual_seed(0)
    return Batch(
        **{m: torch.randn(utterances, dim, generator=random) for m, dim in DIMS.items()},
        present=torch.rand(utterances, 3, generator=random) > 0.1,
        dialogue=torch.zeros(utterances, dtype=torch.long),
        turn=torch.arange(utterances),
        speaker=torch.randint(3, (utterances,), generator=random),
        emotion=torch.full((utterances,), -1),
    )


if __name__ == "__main__":
    main()
