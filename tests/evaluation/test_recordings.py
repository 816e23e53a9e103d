"""Scores on labelled recordings: what weighting, intervals and simulated calibration hold."""

from dataclasses import replace

import numpy as np
import pytest

from synctva.emotions import MODALITIES
from synctva.evaluation.recordings import Judged, calibration, pooled, recording_scores

EMOTIONS = ("neutral", "joy", "anger")
SHARES = np.array([0.6, 0.3, 0.1])


def judged(probabilities: np.ndarray, emotion: np.ndarray) -> Judged:
    present = np.zeros((len(emotion), 3), dtype=bool)
    present[:, 0] = True
    return Judged(EMOTIONS, emotion, np.arange(len(emotion)), present, {"text": probabilities})


def drawn(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns probabilities, and emotions that have just these."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(SHARES * 3, count)
    emotion = (rng.random((count, 1)) > probabilities.cumsum(1)).sum(1)
    return probabilities, np.minimum(emotion, 2)


def scores(own: Judged) -> dict:
    return recording_scores(own, SHARES, MODALITIES)["text"]


def test_the_frequencies_themselves_are_no_better_and_no_worse_than_themselves():
    emotion = np.array([0, 1, 1, 1, 2, 0])
    found = scores(judged(np.tile(SHARES, (6, 1)), emotion))
    assert found["difference"]["value"] == pytest.approx(0)
    assert found["difference"]["interval"] == pytest.approx([0, 0])
    assert found["log_loss"]["value"] == pytest.approx(-(SHARES * np.log(SHARES)).sum())


def test_always_neutral_is_right_as_often_as_neutral_is_expected():
    emotion = np.array([0, 1, 1, 1, 2, 2])
    found = scores(judged(np.tile([0.98, 0.01, 0.01], (6, 1)), emotion))
    assert found["accuracy"]["value"] == pytest.approx(0.6)
    assert found["recall"]["value"] == pytest.approx(1 / 3)


def test_where_all_emotions_are_expected_alike_the_frequencies_hide_no_rare_one():
    emotion = np.repeat([0, 1, 2], 20)
    likelihood = np.where(np.eye(3)[emotion] == 1, 0.4, 0.3)  # a little for the right one
    probabilities = likelihood * SHARES / (likelihood * SHARES).sum(1, keepdims=True)
    found = scores(judged(probabilities, emotion))
    assert found["recall"]["value"] == pytest.approx(1 / 3)  # always neutral
    assert found["recall_alike"]["value"] == 1.0
    alike = recording_scores(judged(likelihood, emotion), np.full(3, 1 / 3), MODALITIES)["text"]
    assert alike["recall"] == alike["recall_alike"] == found["recall_alike"]


def test_copies_of_an_emotions_clips_change_no_weighted_score():
    probabilities, emotion = drawn(30)
    more = np.concatenate([np.arange(30), np.flatnonzero(emotion == 1)])
    once, twice = (
        scores(judged(probabilities, emotion)),
        scores(judged(probabilities[more], emotion[more])),
    )
    for name in ("recall", "recall_alike", "accuracy", "log_loss", "difference", "confidence"):
        assert once[name]["value"] == pytest.approx(twice[name]["value"])
    assert once["calibration"]["error"] == pytest.approx(twice["calibration"]["error"])


def test_the_interval_holds_the_value_and_narrows_with_more_clips():
    few, many = scores(judged(*drawn(40))), scores(judged(*drawn(1000)))
    for found in (few, many):
        low, high = found["log_loss"]["interval"]
        assert low < found["log_loss"]["value"] < high
    assert np.ptp(many["log_loss"]["interval"]) < np.ptp(few["log_loss"]["interval"]) / 2


def test_what_belongs_together_is_drawn_together():
    probabilities, emotion = drawn(40)
    alone = judged(probabilities, emotion)
    doubled = replace(
        pooled([alone, alone]), group=np.tile(alone.group, 2)
    )  # every clip twice tells no more than once
    assert np.allclose(
        scores(alone)["log_loss"]["interval"], scores(doubled)["log_loss"]["interval"]
    )


def test_few_clips_have_no_interval():
    assert scores(judged(*drawn(4)))["log_loss"]["interval"] is None


def test_true_probabilities_stay_under_the_simulated_error_and_overconfident_ones_do_not():
    over = []
    for seed in range(40):
        probabilities, emotion = drawn(300, seed)
        weights = np.bincount(emotion, minlength=3) / 300
        over.append((own := calibration(probabilities, emotion, weights))["error"] > own["at_most"])
        assert own["expected"] < own["at_most"]
    assert np.mean(over) < 0.2
    sharp = probabilities**4 / (probabilities**4).sum(1, keepdims=True)
    found = calibration(sharp, emotion, weights)
    assert found["error"] > found["at_most"]


def test_a_certain_error_costs_much_and_not_infinitely_much():
    found = scores(judged(np.tile([1.0, 0.0, 0.0], (6, 1)), np.array([0, 1, 2, 0, 1, 2])))
    assert 1 < found["log_loss"]["value"] < 14


def test_a_subset_counts_the_clips_that_have_any_of_it_and_words_are_compared_where_they_are():
    probabilities, emotion = drawn(20)
    present = np.zeros((20, 3), dtype=bool)
    present[:15, 0] = present[5:, 1] = True
    own = Judged(
        EMOTIONS,
        emotion,
        np.arange(20),
        present,
        dict.fromkeys(("text", "audio", "text+audio", "visual", "text+visual"), probabilities),
    )
    found = recording_scores(own, SHARES, MODALITIES)
    assert {name: one["utterances"] for name, one in found.items()} == {
        "text": 15,
        "audio": 15,
        "text+audio": 20,
    }
    assert found["text+audio"]["against_text"]["value"] == pytest.approx(0)


def test_confusions_count_every_clip():
    probabilities, emotion = drawn(50)
    found = scores(judged(probabilities, emotion))
    assert np.sum(found["confusion"]) == 50
    assert [sum(row) for row in found["confusion"]] == np.bincount(emotion, minlength=3).tolist()
