"""How scores fall when modalities are missing, features are noisy or turns are out of order.

One model, as it was trained, is tested under all conditions.
"""

from dataclasses import replace

import torch

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.attribution import over_seeds
from synctva.evaluation.evaluated_run import EvaluatedRun
from synctva.run.findings import TurnOrder
from synctva.run.scores import Scores

RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
NOISES = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Sd of the noise, in sd of the feature it is added to."""


def missing_rate_scores(
    run: EvaluatedRun, split: str = "test", *, keep_one: bool = False
) -> dict[float, Scores]:
    """Returns, for every missing rate, the mean and sd of the scores over the seeds.

    Args:
        run: What to score.
        split: On which split.
        keep_one: No utterance loses all its modalities, as in the field's usual protocol (Lian et
            al. 2023, GCNet); else every modality goes missing independently.
    """
    batch = run.batches[split]
    return {rate: over_seeds(run, drop(batch, rate, keep_one=keep_one)) for rate in RATES}


def noise_scores(run: EvaluatedRun, split: str = "test") -> dict[float, Scores]:
    """Returns, for every strength of noise, the mean and sd of the scores over the seeds."""
    batch = run.batches[split]
    return {noise: over_seeds(run, with_noise(batch, noise)) for noise in NOISES}


def turn_order_scores(run: EvaluatedRun, split: str = "test") -> TurnOrder:
    """Returns the mean and sd of the scores over the seeds, turns in order and shuffled.

    A model that does not use the order of turns scores the same on both.
    """
    batch = run.batches[split]
    return TurnOrder(over_seeds(run, batch), over_seeds(run, with_shuffled_turns(batch)))


def drop(batch: Batch, rate: float, seed: int = 0, *, keep_one: bool = False) -> Batch:
    """Returns the batch where each present (utterance, modality) is missing at a rate.

    The draws are the same at every rate, so what is missing at one is missing at all above it.

    Args:
        batch: Whole dialogues.
        rate: Share of the present (utterance, modality) pairs that are drawn to be missing.
        seed: Determines the draws.
        keep_one: An utterance keeps the last of its modalities; else it may lose all of them.
    """
    draws = torch.rand(batch.present.shape, generator=torch.Generator().manual_seed(seed))
    draws = draws.masked_fill(~batch.present, -1)
    kept = draws >= rate
    if keep_one:
        kept = kept | (draws == draws.amax(1, keepdim=True))
    return batch.with_present(batch.present & kept)


def with_noise(batch: Batch, noise: float, seed: int = 0) -> Batch:
    """Returns the batch with Gaussian noise on every feature that is present.

    The draws are the same at every strength.

    Args:
        batch: Features as the store has them; a feature's sd is that over its present rows.
        noise: Sd of the noise, in sd of the feature.
        seed: Determines the draws.
    """
    random = torch.Generator().manual_seed(seed)
    noisy = {}
    for i, m in enumerate(MODALITIES):
        features, there = batch.features[m], batch.present[:, i]
        draws = torch.randn(features.shape, generator=random)
        if there.any():
            features = features + noise * features[there].std(0, unbiased=False) * draws
        noisy[m] = features
    return replace(batch, **noisy).with_present(batch.present)


def with_shuffled_turns(batch: Batch, seed: int = 0) -> Batch:
    """Returns the batch where each dialogue's utterances have changed places with each other.

    Features, speakers and emotions stay together; the numbers of turns stay where they were.
    """
    draws = torch.rand(len(batch), generator=torch.Generator().manual_seed(seed))
    order = torch.argsort(batch.dialogue + draws.double())
    moved = {n: getattr(batch, n)[order] for n in (*MODALITIES, "present", "speaker", "emotion")}
    return replace(batch, **moved)
