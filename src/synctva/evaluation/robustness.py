"""How scores fall when modalities are missing: one model, tested at every rate."""

from typing import Any

import torch

from synctva.batch import Batch
from synctva.evaluation.attribution import over_seeds
from synctva.evaluation.protocol import EvaluatedRun

RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


def missing_rate_scores(run: EvaluatedRun, split: str = "test") -> dict[str, Any]:
    """Returns, for every missing rate, the mean and sd of the scores over the seeds."""
    return {f"{rate:.1f}": over_seeds(run, drop(run.batches[split], rate)) for rate in RATES}


def drop(batch: Batch, rate: float, seed: int = 0) -> Batch:
    """Returns the batch where each present (utterance, modality) is missing at a rate.

    The draws are the same at every rate, so what is missing at one is missing at all above it; an
    utterance may lose all its modalities.
    """
    draws = torch.rand(batch.present.shape, generator=torch.Generator().manual_seed(seed))
    return batch.with_present(batch.present & (draws >= rate))
