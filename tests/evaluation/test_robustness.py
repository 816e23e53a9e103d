"""Missing modalities, at rising rates."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import tiny_corpus

from synctva.batch import batch_of
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.evaluation.robustness import RATES, drop, missing_rate_scores

BATCH = batch_of(tiny_corpus((40, 0, 0)))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 5))
def test_what_is_missing_at_a_rate_is_missing_at_every_higher_one(one, other, seed):
    lower, higher = sorted((one, other))
    few, many = (~drop(BATCH, rate, seed).present for rate in (lower, higher))
    assert not (few & ~many).any()
    assert not (~BATCH.present & ~few).any()


def test_nothing_more_is_missing_at_rate_0_and_all_at_1():
    assert torch.equal(drop(BATCH, 0.0).present, BATCH.present)
    assert not drop(BATCH, 1.0).present.any()


def test_modalities_go_missing_at_the_rate():
    full = BATCH.with_present(torch.ones_like(BATCH.present))
    for rate in RATES:
        missing = (~drop(full, rate).present).float().mean(0)
        assert missing.tolist() == pytest.approx([rate] * 3, abs=0.07)
    assert not drop(full, 0.7).present.any(1).all()  # some utterances lose all


def test_missing_features_are_zero_and_the_rest_as_they_were():
    dropped = drop(BATCH, 0.5)
    kept = dropped.present[:, 0]
    assert (dropped.text[~kept] == 0).all()
    assert torch.equal(dropped.text[kept], BATCH.text[kept])


def test_the_first_of_the_rates_is_the_evaluation_itself(run):
    loaded = load_evaluated(run)
    found, result = missing_rate_scores(loaded), evaluate(loaded)
    assert list(found) == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]
    expected = result["test"]["weighted_f1"]["mean"]
    assert found["0.0"]["weighted_f1"]["mean"] == pytest.approx(expected)
    assert json.loads(json.dumps(found)) == found
