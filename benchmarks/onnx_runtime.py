"""Milliseconds of a conversation's probabilities by onnxruntime and by torch, in one thread each.

    synctva export lite --onnx --out lite-onnx
    python benchmarks/onnx_runtime.py lite-onnx

Features are random, near the training's mean; words and faces are encoded already. All are measured
in turn, and the median is told; also how far the probabilities of onnxruntime and torch are apart.
`recognition` is what `recognise` computes, subset by subset; `traced` is the function that is
exported, which computes all subsets at once, by torch.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from synctva import Recogniser
from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.confidence import views_of
from synctva.inference.onnx.conversation import Conversation
from synctva.model.causal import rebuilt
from synctva.model.emotion_model import EmotionModel, Normalisation


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="of `synctva export`")
    parser.add_argument("--model", default="lite", help="what was exported")
    parser.add_argument("--utterances", type=int, nargs="+", default=[1, 24, 200])
    parser.add_argument("--times", type=int, default=30)
    given = parser.parse_args()
    torch.set_num_threads(1)
    recogniser = Recogniser.load(given.model)
    model = recogniser.model
    statistics_of = cast("dict[str, Normalisation]", dict(model.normalisation.items()))
    widths = {m: len(own.mean) for m, own in statistics_of.items()}
    plain = rebuilt(model, cast(Any, model.settings), widths, {})
    exported = Conversation(model, recogniser.makers).eval()
    run = runtime(given.folder)
    print("| utterances | onnxruntime | traced | recognition | apart |")
    print("|---:|---:|---:|---:|---:|")
    for count in given.utterances:
        random = torch.Generator().manual_seed(count)
        rows = {
            m: own.mean + 0.5 * own.sd * torch.randn(count, len(own.mean), generator=random)
            for m, own in statistics_of.items()
        }
        present = torch.rand(count, len(rows), generator=random) < 0.8
        speaker = torch.randint(3, (count,), generator=random)
        batch = batch_with(rows, present, speaker)
        inputs = rows, present, speaker
        ways = [
            partial(run, *inputs),
            partial(exported, *inputs),
            partial(recognised, plain, batch),
        ]
        with torch.inference_mode():
            apart = np.abs(ways[0]()[0] - ways[1]()[0].numpy()).max()
            told = " | ".join(f"{median_ms:.1f}" for median_ms in medians_ms(ways, given.times))
        print(f"| {count} | {told} | {apart:.0e} |")


def runtime(folder: Path) -> Callable[..., Any]:
    """Returns what runs the exported network, in one thread."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", options, providers=["CPUExecutionProvider"]
    )

    def run(rows: Mapping[str, Tensor], present: Tensor, speaker: Tensor) -> Any:
        inputs = {**rows, "present": present, "speaker": speaker}
        return session.run(None, {name: values.numpy() for name, values in inputs.items()})

    return run


def recognised(model: EmotionModel, batch: Batch) -> np.ndarray:
    """Returns the probabilities as recognition makes them."""
    return views_of(model, batch).probabilities(tuple(model.dims))


def batch_with(rows: Mapping[str, Tensor], present: Tensor, speaker: Tensor) -> Batch:
    """Returns the utterances as recognition has them."""
    count = len(speaker)
    columns = {m: rows.get(m, torch.zeros(count, 0)) for m in MODALITIES}
    there = torch.zeros(count, len(MODALITIES), dtype=torch.bool)
    there[:, [MODALITIES.index(m) for m in rows]] = present
    batch = Batch(
        **columns,
        present=there,
        dialogue=torch.zeros(count, dtype=torch.long),
        turn=torch.arange(count),
        speaker=speaker,
        emotion=torch.full((count,), -1),
    )
    return batch.with_present(there)


def medians_ms(ways: Sequence[Callable[[], Any]], times: int) -> list[float]:
    """Returns the median of each way's CPU time, in milliseconds, after a first call."""
    found: list[list[float]] = [[] for _ in ways]
    for number in range(times + 1):
        for way, own in zip(ways, found, strict=True):
            start = time.process_time()
            way()
            if number:
                own.append(1000 * (time.process_time() - start))
    return [statistics.median(own) for own in found]


if __name__ == "__main__":
    main()
