"""The stress test: one model, as it was trained, under five conditions that it does not know of.

What is drawn depends on the split alone, so all models meet the same conditions.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.evaluated_run import EvaluatedRun, counts_of
from synctva.evaluation.metrics import scores_of
from synctva.evaluation.prediction import predict
from synctva.evaluation.robustness import drop, with_shuffled_turns
from synctva.evaluation.spread import score_spreads, spread
from synctva.run.scores import Scores
from synctva.run.words import SCORES

RATE = 0.5
"""How often a modality is missing, and how often an utterance has a noisy one."""

NOISE_SD = 0.5
"""Sd of the noise on a noisy modality, in sd of the feature."""

DISAGREES: Mapping[str, float] = MappingProxyType({"text": 0.58, "audio": 0.33, "visual": 0.34})
"""How often words, voice or face alone show another emotion than all together.

Source: the training utterances of EmotionTalk (Sun et al. 2025), which were labelled by each alone.
"""

MEAN = "mean of the five"


def stress_scores(run: EvaluatedRun, split: str = "test") -> dict[str, Scores]:
    """Returns mean and sd of the scores over the seeds: clean, under each stress, in the mean."""
    batch = run.batches[split]
    conditions = {"clean": batch, **{name: make(batch) for name, make in STRESSES.items()}}
    counts = {
        name: np.stack(
            [counts_of(predict(m, own).numpy(), own).sum(0) for m in run.models.values()]
        )
        for name, own in conditions.items()
    }
    scores = [scores_of(counts[name]) for name in STRESSES]
    means = {
        name: spread(np.mean([getattr(own, name) for own in scores], axis=0)) for name in SCORES
    }
    return {name: score_spreads(own) for name, own in counts.items()} | {
        MEAN: Scores(**means, f1={})
    }


def with_missing(batch: Batch) -> Batch:
    """Returns the batch where modalities are missing at ``RATE``; an utterance keeps one."""
    return drop(batch, RATE, keep_one=True)


def with_noisy_modality(batch: Batch, seed: int = 0) -> Batch:
    """Returns the batch where one modality of some utterances is half another utterance's.

    It happens to an utterance at ``RATE``; which of its modalities it is, is drawn too. Noise of
    ``NOISE_SD`` is added.
    """
    random = torch.Generator().manual_seed(seed)
    is_noisy = torch.rand(len(batch), generator=random) < RATE
    draws = torch.rand(batch.present.shape, generator=random).masked_fill(~batch.present, -1)
    features = {}
    for column, m in enumerate(MODALITIES):
        own, there = batch.features[m], batch.present[:, column]
        donors = _one_of(there, len(batch), random)
        noise = NOISE_SD * torch.randn(own.shape, generator=random)
        if there.any():
            noise = noise * own[there].std(0, unbiased=False)
        hit = is_noisy & there & (draws.argmax(1) == column)
        features[m] = _mixed(own, 0.5 * own + 0.5 * own[donors] + noise, hit)
    return replace(batch, **features)


def with_conflict(batch: Batch, seed: int = 0) -> Batch:
    """Returns the batch where modalities come from utterances of another emotion, as in people.

    It happens to each modality of a labelled utterance as often as ``DISAGREES`` says, but never to
    its only one or to all of them: then the one that is most often right stays its own.
    """
    random = torch.Generator().manual_seed(seed)
    rates = torch.tensor([DISAGREES[m] for m in MODALITIES])
    draws = torch.rand(batch.present.shape, generator=random)
    wrong = (draws < rates) & batch.present & (batch.emotion >= 0).unsqueeze(1)
    most_often_right = rates.masked_fill(~batch.present, 1).argmin(1, keepdim=True)
    all_wrong = ~(batch.present & ~wrong).any(1, keepdim=True)
    wrong = wrong & ~(all_wrong & (torch.arange(len(MODALITIES)) == most_often_right))
    features = {}
    for column, m in enumerate(MODALITIES):
        own, there = batch.features[m], batch.present[:, column]
        donors = torch.arange(len(batch))
        for emotion in batch.emotion.unique().tolist():
            rows = batch.emotion == emotion
            others = there & (batch.emotion >= 0) & ~rows
            donors[rows] = _one_of(others, int(rows.sum()), random, donors[rows])
        features[m] = _mixed(own, own[donors], wrong[:, column])
    return replace(batch, **features)


def with_unknown_speakers(batch: Batch) -> Batch:
    """Returns the batch where nobody is told apart from anybody."""
    return replace(batch, speaker=torch.zeros_like(batch.speaker))


STRESSES: Mapping[str, Callable[[Batch], Batch]] = MappingProxyType(
    {
        "modalities missing": with_missing,
        "one modality noisy": with_noisy_modality,
        "modalities in conflict": with_conflict,
        "turns out of order": with_shuffled_turns,
        "speakers unknown": with_unknown_speakers,
    }
)
"""What a batch is put under, by the name that tables give it."""


def _one_of(
    candidates: Bool[Tensor, " utterance"],
    count: int,
    random: torch.Generator,
    otherwise: Int[Tensor, " count"] | None = None,
) -> Int[Tensor, " count"]:
    """Returns that many of the candidates, drawn at random; without any, what is given instead."""
    rows = torch.nonzero(candidates).squeeze(1)
    if not len(rows):
        return torch.zeros(count, dtype=torch.long) if otherwise is None else otherwise
    return rows[torch.randint(len(rows), (count,), generator=random)]


def _mixed(
    own: Float[Tensor, "utterance dim"],
    other: Float[Tensor, "utterance dim"],
    hit: Bool[Tensor, " utterance"],
) -> Float[Tensor, "utterance dim"]:
    return torch.where(hit.unsqueeze(1), other, own)
