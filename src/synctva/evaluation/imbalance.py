"""Post-hoc logit adjustment: predicts rare emotions more often, how much is chosen on ``valid``."""

import numpy as np
from jaxtyping import Float, Int

from synctva.batch import Batch
from synctva.evaluation.evaluated_run import EvaluatedRun, counts_of
from synctva.evaluation.metrics import scores_of
from synctva.evaluation.prediction import predict
from synctva.evaluation.spread import score_spreads, spread
from synctva.run.findings import Imbalance

TAUS = tuple(round(0.1 * step, 1) for step in range(21))
"""Strengths to choose from, 0 (no adjustment) to 2; 1 is what suits a calibrated model."""


def logit_adjustment_scores(run: EvaluatedRun) -> Imbalance:
    """Returns the scores on ``test`` without adjustment and with the one chosen on ``valid``.

    Each seed chooses its strength for itself, by macro F1.

    Source: Menon et al. 2021, eq. 9.
    Departs: the prior is that of ``valid``, for an evaluation does not see ``train``; a run trained
        with weights has part of the adjustment in it already, so tau is chosen, not 1.
    """
    valid, test = run.batches["valid"], run.batches["test"]
    prior = log_prior(valid.emotion.numpy(), len(run.emotions))
    taus, plain, adjusted = [], [], []
    for model in run.models.values():
        taus.append(best_tau(predict(model, valid).numpy(), valid, prior))
        logits = predict(model, test).numpy()
        plain.append(counts_of(logits, test).sum(0))
        adjusted.append(counts_of(logits - taus[-1] * prior, test).sum(0))
    return Imbalance(
        spread(taus),
        score_spreads(np.stack(plain), run.emotions),
        score_spreads(np.stack(adjusted), run.emotions),
    )


def log_prior(
    emotion: Int[np.ndarray, " utterance"], emotions: int
) -> Float[np.ndarray, " emotion"]:
    """Returns the logarithm of how frequent each emotion is, one utterance of each added.

    So an emotion that does not occur has a finite one; unlabelled utterances do not count.
    """
    counts = np.bincount(emotion[emotion >= 0], minlength=emotions) + 1
    return np.log(counts / counts.sum())


def best_tau(
    logits: Float[np.ndarray, "utterance emotion"],
    batch: Batch,
    prior: Float[np.ndarray, " emotion"],
) -> float:
    """Returns the strength with the best macro F1 on a batch, the least of equals."""
    counts = np.stack([counts_of(logits - tau * prior, batch).sum(0) for tau in TAUS])
    return TAUS[int(scores_of(counts).macro_f1.argmax())]
