"""Temperature, calibration error, reliability and abstention."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from synctva.evaluation.calibration import (
    BINS,
    COVERAGES,
    abstention_curve,
    calibration_error,
    fit_temperature,
    reliability_bins,
)
from synctva.run.findings import Bin


def calibrated(utterances: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Returns logits, and emotions drawn with the very probabilities that they state."""
    rng = np.random.default_rng(0)
    logits = 2 * rng.standard_normal((utterances, 4))
    sums = softmax(logits, axis=1).cumsum(1)
    return logits, (rng.random((utterances, 1)) > sums).sum(1).clip(max=3)


@pytest.mark.parametrize("scale", [0.2, 0.5, 1.0, 3.0, 10.0])
def test_the_scale_of_calibrated_logits_is_found(scale: float):
    logits, emotion = calibrated()
    assert fit_temperature(logits * scale, emotion) == pytest.approx(scale, rel=0.05)


def test_unlabelled_utterances_do_not_count():
    logits, emotion = calibrated(2000)
    more = np.concatenate([logits, 100 * logits])
    unlabelled = np.concatenate([emotion, np.full(2000, -1)])
    assert fit_temperature(more, unlabelled) == fit_temperature(logits, emotion)
    probabilities = softmax(more, axis=1)
    assert calibration_error(probabilities, unlabelled) == pytest.approx(
        calibration_error(probabilities[:2000], emotion)
    )


def test_a_temperature_changes_no_prediction_and_lowers_the_error():
    logits, emotion = calibrated()
    scaled = logits * 4
    cooled = scaled / fit_temperature(scaled, emotion)
    assert (cooled.argmax(1) == logits.argmax(1)).all()
    before, after = (calibration_error(softmax(some, axis=1), emotion) for some in (scaled, cooled))
    assert after < 0.02 < before


def test_a_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.6, 0.4]])
    emotion = np.array([0, 1, 1, 0])
    # Of the three at 0.9 two are right; the one at 0.6 is right, and in another bin.
    expected = 3 / 4 * abs(2 / 3 - 0.9) + 1 / 4 * abs(1 - 0.6)
    assert calibration_error(probabilities, emotion) == pytest.approx(expected)


def test_bins_decide_which_utterances_share_their_errors():
    probabilities = np.array([[0.7, 0.3], [0.9, 0.1]])
    emotion = np.array([1, 0])
    assert calibration_error(probabilities, emotion, bins=1) == pytest.approx(abs(0.5 - 0.8))
    assert calibration_error(probabilities, emotion, bins=10) == pytest.approx(0.35 + 0.05)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=20))
def test_certain_and_right_is_no_error_and_certain_and_wrong_the_greatest(emotions):
    emotion = np.array(emotions)
    certain = np.eye(3)
    assert calibration_error(certain[emotion], emotion) == 0
    assert calibration_error(certain[(emotion + 1) % 3], emotion) == 1


def test_the_bins_of_a_diagram_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.4, 0.6], [0.5, 0.5]])
    emotion = np.array([0, 1, 1, 1, -1])
    low, high = reliability_bins(probabilities, emotion, bins=4)[2:]
    assert (low.confidence, low.accuracy, low.count) == (pytest.approx(0.6), 1.0, 1)
    assert high.confidence == pytest.approx((0.9 + 0.8 + 0.9) / 3)
    assert (high.accuracy, high.count) == (pytest.approx(2 / 3), 3)
    assert reliability_bins(probabilities, emotion, bins=4)[:2] == [Bin(None, None, 0)] * 2


def test_the_gaps_of_the_bins_are_the_calibration_error():
    logits, emotion = calibrated(3000)
    probabilities = softmax(3 * logits, axis=1)
    found = reliability_bins(probabilities, emotion)
    assert len(found) == BINS
    filled = [b for b in found if b.count]
    assert sum(b.count for b in found) == 3000
    gaps = sum(b.count / 3000 * abs(b.accuracy - b.confidence) for b in filled)
    assert gaps == pytest.approx(calibration_error(probabilities, emotion))


def test_calibrated_probabilities_lie_on_the_diagonal():
    logits, emotion = calibrated()
    for own in reliability_bins(softmax(logits, axis=1), emotion):
        if own.count > 500:
            assert own.accuracy == pytest.approx(own.confidence, abs=0.06)


def test_an_abstention_curve_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.6, 0.4], [1.0, 0.0]])
    emotion = np.array([0, 0, 1, 1, -1])
    curve = {step["coverage"]: step for step in abstention_curve(probabilities, emotion)}
    assert tuple(curve) == COVERAGES
    assert curve[1.0]["threshold"] == 0.6
    assert curve[1.0]["accuracy"] == 0.5
    assert curve[0.75]["threshold"] == 0.7
    assert curve[0.75]["accuracy"] == pytest.approx(2 / 3)
    surest = {"coverage": 0.5, "threshold": 0.8, "weighted_f1": 1, "macro_f1": 1, "accuracy": 1}
    assert curve[0.5] == pytest.approx(surest)
    assert curve[0.1]["threshold"] == 0.9  # one at the least


def test_who_answers_less_is_right_more_often_where_confidence_means_something():
    logits, emotion = calibrated()
    accuracy = [step["accuracy"] for step in abstention_curve(softmax(logits, axis=1), emotion)]
    assert all(more >= less - 0.01 for less, more in pairwise(accuracy))
    assert accuracy[-1] > accuracy[0] + 0.2


def test_unlabelled_utterances_change_no_bin_and_no_curve():
    logits, emotion = calibrated(2000)
    probabilities = softmax(np.concatenate([logits, 100 * logits]), axis=1)
    unlabelled = np.concatenate([emotion, np.full(2000, -1)])
    assert reliability_bins(probabilities, unlabelled) == reliability_bins(
        probabilities[:2000], emotion
    )
    assert abstention_curve(probabilities, unlabelled) == abstention_curve(
        probabilities[:2000], emotion
    )
