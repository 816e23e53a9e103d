"""Post-hoc logit adjustment: its prior, its strength, and what it does to a run's scores."""

import numpy as np
import pytest
from support.batches import random_batch

from synctva.evaluation.attribution import over_seeds
from synctva.evaluation.evaluated_run import counts_of, load_evaluated
from synctva.evaluation.imbalance import TAUS, best_tau, log_prior, logit_adjustment_scores
from synctva.evaluation.prediction import predict
from synctva.run.words import SCORES


def test_the_prior_is_how_frequent_emotions_are_and_finite_where_one_does_not_occur():
    emotion = np.array([0] * 9 + [1] * 4 + [-1] * 50)
    assert np.exp(log_prior(emotion, 3)) == pytest.approx([10 / 16, 5 / 16, 1 / 16])


def imbalanced(utterances: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Returns emotions, one in fifteen of them rare, and the logits of the ideal classifier."""
    rng = np.random.default_rng(0)
    prior = np.array([0.7, 0.25, 0.05])
    emotion = rng.choice(3, utterances, p=prior)
    evidence = 1.5 * np.eye(3)[emotion] + rng.standard_normal((utterances, 3))
    return emotion, 1.5 * evidence + np.log(prior)  # log p(x | y) = 1.5 x_y + what all y share


def test_strength_is_found_where_likely_emotions_are_said_too_often():
    emotion, logits = imbalanced()
    batch = random_batch((len(emotion),))
    batch.emotion.copy_(batch.emotion.new_tensor(emotion.tolist()))
    prior = log_prior(emotion, 3)
    tau = best_tau(logits, batch, prior)
    assert 0.2 <= tau <= 1.2
    assert best_tau(logits - prior, batch, prior) == pytest.approx(max(tau - 1, 0), abs=0.2)


def test_no_adjustment_is_chosen_where_none_is_better():
    batch = random_batch((50,))
    certain = 100.0 * np.eye(3)[batch.emotion.numpy()]
    assert best_tau(certain, batch, log_prior(batch.emotion.numpy(), 3)) == 0.0 == TAUS[0]


def test_plain_scores_are_the_evaluation_and_valid_alone_chooses(run):
    loaded = load_evaluated(run)
    found = logit_adjustment_scores(loaded)
    plain = over_seeds(loaded, loaded.batches["test"])
    for name in SCORES:
        assert getattr(found.plain, name) == getattr(plain, name)
    assert set(found.adjusted.f1) == set(loaded.emotions)
    swapped = loaded.batches["test"].emotion.flip(0).clone()
    loaded.batches["test"].emotion.copy_(swapped)
    again = logit_adjustment_scores(loaded)
    assert again.tau == found.tau
    assert again.plain != found.plain


def test_on_valid_the_chosen_strength_is_never_worse_and_rises_rare_emotions(run):
    loaded = load_evaluated(run)
    batch = loaded.batches["valid"]
    prior = log_prior(batch.emotion.numpy(), len(loaded.emotions))
    for model in loaded.models.values():
        logits = predict(model, batch).numpy()
        tau = best_tau(logits, batch, prior)
        said = [counts_of(logits - t * prior, batch).sum((0, 1)) for t in (0.0, tau, 2.0)]
        assert said[2][prior.argmin()] >= said[0][prior.argmin()]
        assert said[2][prior.argmax()] <= said[0][prior.argmax()]
