"""Wrong emotions on purpose."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.batches import random_batch

from synctva.training.label_noise import with_label_noise

BATCH = random_batch((2000, 1000), emotions=5)


def test_emotions_become_others_at_the_rate_and_evenly():
    for rate in (0.0, 0.2, 0.6, 1.0):
        noisy = with_label_noise(BATCH, rate, seed=0)
        wrong = noisy.emotion != BATCH.emotion
        assert wrong.float().mean().item() == pytest.approx(rate, abs=0.03)
        if rate:
            steps = (noisy.emotion - BATCH.emotion)[wrong] % 5
            shares = torch.bincount(steps, minlength=5)[1:] / wrong.sum()
            assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.05)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 5))
def test_what_is_wrong_at_a_rate_is_as_wrong_at_every_higher_one(one, other, seed):
    lower, higher = sorted((one, other))
    few, many = (with_label_noise(BATCH, rate, seed).emotion for rate in (lower, higher))
    wrong = few != BATCH.emotion
    assert torch.equal(few[wrong], many[wrong])


def test_the_seed_decides_and_all_but_the_emotions_stays():
    first, again, other = (with_label_noise(BATCH, 0.3, seed) for seed in (1, 1, 2))
    assert torch.equal(first.emotion, again.emotion)
    assert not torch.equal(first.emotion, other.emotion)
    assert replace(first, emotion=BATCH.emotion) == BATCH


def test_unlabelled_stays_unlabelled_and_no_emotion_comes_in_that_did_not_occur():
    gaps = replace(BATCH, emotion=(2 * BATCH.emotion).masked_fill(BATCH.emotion == 4, -1))
    noisy = with_label_noise(gaps, 1.0, seed=0).emotion
    assert torch.equal(noisy == -1, gaps.emotion == -1)
    assert set(noisy.unique().tolist()) == {-1, 0, 2, 4, 6}
    assert (noisy != gaps.emotion)[gaps.emotion >= 0].all()


@pytest.mark.parametrize("emotion", [-1, 2])
def test_where_there_is_no_other_emotion_nothing_changes(emotion):
    same = replace(BATCH, emotion=torch.full_like(BATCH.emotion, emotion))
    assert torch.equal(with_label_noise(same, 1.0, seed=0).emotion, same.emotion)
