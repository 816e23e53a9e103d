"""Temperature and calibration error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from synctva.evaluation.calibration import calibration_error, fit_temperature


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
