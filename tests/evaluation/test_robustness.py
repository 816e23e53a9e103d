"""Missing modalities, noise on features and shuffled turns."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.tiny import tiny_corpus

from synctva.batch import Batch, batch_of
from synctva.emotions import MODALITIES
from synctva.evaluation.attribution import over_seeds
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.evaluation.robustness import (
    NOISES,
    RATES,
    drop,
    missing_rate_scores,
    noise_scores,
    turn_order_scores,
    with_noise,
    with_shuffled_turns,
)

BATCH = batch_of(tiny_corpus((40, 0, 0)))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 5), st.booleans())
def test_what_is_missing_at_a_rate_is_missing_at_every_higher_one(one, other, seed, keep_one):
    lower, higher = sorted((one, other))
    few, many = (~drop(BATCH, rate, seed, keep_one=keep_one).present for rate in (lower, higher))
    assert not (few & ~many).any()
    assert not (~BATCH.present & ~few).any()


def test_nothing_more_is_missing_at_rate_0_and_all_at_1():
    assert torch.equal(drop(BATCH, 0.0).present, BATCH.present)
    assert not drop(BATCH, 1.0).present.any()


@given(st.floats(0, 1), st.integers(0, 5))
def test_where_one_is_kept_only_the_last_modality_is_spared(rate, seed):
    spared = drop(BATCH, rate, seed, keep_one=True).present
    plain = drop(BATCH, rate, seed).present
    assert torch.equal(spared.any(1), BATCH.present.any(1))
    assert torch.equal(spared[plain.any(1)], plain[plain.any(1)])
    assert (spared[~plain.any(1)].sum(1) <= 1).all()


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
    assert list(found) == list(RATES)
    expected = result.test.weighted_f1.mean
    assert found[0.0].weighted_f1.mean == pytest.approx(expected)
    kept = missing_rate_scores(loaded, keep_one=True)
    assert kept[0.0] == found[0.0]
    assert kept[0.7] != found[0.7]


def row_of(batch: Batch, number: int) -> tuple[object, ...]:
    names = (*MODALITIES, "present", "speaker", "emotion", "dialogue")
    return tuple(tuple(getattr(batch, name)[number].reshape(-1).tolist()) for name in names)


def test_noise_is_as_strong_as_it_says_in_sd_of_each_feature():
    scaled = replace(BATCH, text=BATCH.text * 10.0 ** torch.arange(-2.0, BATCH.text.shape[1] - 2))
    for noise in NOISES:
        noisy = with_noise(scaled, noise)
        for i, m in enumerate(MODALITIES):
            there = scaled.present[:, i]
            before, after = scaled.features[m][there], noisy.features[m][there]
            strength = (after - before).std(0) / before.std(0)
            assert strength.tolist() == pytest.approx([noise] * len(strength), rel=0.2)


def test_noise_grows_in_one_direction_and_is_different_everywhere():
    half, whole = (with_noise(BATCH, noise).audio - BATCH.audio for noise in (0.5, 1.0))
    torch.testing.assert_close(2 * half, whole, rtol=1e-3, atol=1e-4)
    there = BATCH.present[:, 1]
    assert len(whole[there].unique()) > 0.99 * whole[there].numel()
    other = with_noise(BATCH, 1.0, seed=1).audio - BATCH.audio
    assert not torch.equal(whole, other)


def test_what_is_absent_stays_absent_and_constant_features_stay_as_they_are():
    constant = replace(BATCH, visual=torch.ones_like(BATCH.visual)).with_present(BATCH.present)
    noisy = with_noise(constant, 2.0)
    assert torch.equal(noisy.present, BATCH.present)
    assert torch.equal(noisy.visual, constant.visual)
    assert (noisy.text[~BATCH.present[:, 0]] == 0).all()
    nothing = with_noise(BATCH.with_present(torch.zeros_like(BATCH.present)), 2.0)
    assert all((nothing.features[m] == 0).all() for m in MODALITIES)


def test_shuffled_turns_are_the_same_utterances_of_the_same_dialogues_in_other_places():
    shuffled = with_shuffled_turns(BATCH)
    assert torch.equal(shuffled.dialogue, BATCH.dialogue)
    assert torch.equal(shuffled.turn, BATCH.turn)
    before, after = ([row_of(b, i) for i in range(len(b))] for b in (BATCH, shuffled))
    assert sorted(before) == sorted(after)
    stayed = sum(one == other for one, other in zip(before, after, strict=True))
    assert stayed < 0.4 * len(BATCH)
    assert not torch.equal(with_shuffled_turns(BATCH, seed=1).text, shuffled.text)


def test_strengths_of_noise_and_orders_of_turns_start_from_the_evaluation_itself(run):
    loaded = load_evaluated(run)
    test = loaded.batches["test"]
    plain = over_seeds(loaded, test)
    noise, order = noise_scores(loaded), turn_order_scores(loaded)
    assert list(noise) == list(NOISES)
    assert noise[0.0] == plain == order.in_order
    assert noise[2.0] == over_seeds(loaded, with_noise(test, 2.0))
    assert order.shuffled == over_seeds(loaded, with_shuffled_turns(test))
