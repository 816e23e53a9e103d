"""Scores equal hand-worked cases, and scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from synctva.evaluation.metrics import confusions, scores_of


def test_scores_of_a_hand_worked_confusion():
    scores = scores_of(np.array([[2, 1, 0], [1, 1, 0], [0, 1, 0]]))
    assert scores.f1.tolist() == pytest.approx([4 / 6, 2 / 5, 0])
    assert float(scores.weighted_f1) == pytest.approx((3 * 4 / 6 + 2 * 2 / 5) / 6)
    assert float(scores.macro_f1) == pytest.approx((4 / 6 + 2 / 5) / 3)
    assert float(scores.accuracy) == pytest.approx(3 / 6)
    assert float(scores.uar) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_an_emotion_that_does_not_occur_is_left_out_of_the_averages():
    scores = scores_of(np.array([[3, 0, 1], [0, 4, 0], [0, 0, 0]]))
    assert float(scores.macro_f1) == pytest.approx((6 / 7 + 1) / 2)
    assert float(scores.uar) == pytest.approx((3 / 4 + 1) / 2)
    assert scores.f1[2] == 0


def test_always_the_commonest_emotion_has_the_average_recall_of_chance():
    scores = scores_of(np.array([[90, 0, 0], [9, 0, 0], [1, 0, 0]]))
    assert float(scores.accuracy) == 0.9
    assert float(scores.uar) == pytest.approx(1 / 3)


def test_confusions_are_counted_by_dialogue_and_unlabelled_utterances_are_not():
    emotion, predicted = np.array([0, 1, -1, 1, -1]), np.array([0, 0, 1, 1, 0])
    counts = confusions(emotion, predicted, np.array([0, 0, 0, 2, 3]), 2)
    nothing = [[0, 0], [0, 0]]
    assert counts.tolist() == [[[1, 0], [1, 0]], nothing, [[0, 0], [0, 1]], nothing]


def test_nothing_labelled_scores_nothing():
    scores = scores_of(np.zeros((4, 4), dtype=np.int64))
    assert [
        float(s) for s in (scores.weighted_f1, scores.macro_f1, scores.accuracy, scores.uar)
    ] == [0, 0, 0, 0]


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    emotions = draw(st.integers(2, 5))
    number = st.integers(0, emotions - 1)
    row = st.tuples(st.integers(-1, emotions - 1), number, st.integers(0, 6))
    rows = draw(st.lists(row, min_size=1, max_size=40).filter(lambda r: max(r)[0] >= 0))
    emotion, predicted, dialogue = np.array(rows).T
    return emotion, predicted, dialogue, emotions


@given(predictions())
def test_scores_are_those_of_scikit_learn(drawn):
    emotion, predicted, dialogue, emotions = drawn
    counts = confusions(emotion, predicted, dialogue, emotions).sum(0)
    true, guess = emotion[emotion >= 0], predicted[emotion >= 0]
    every, occurring = list(range(emotions)), sorted(set(true.tolist()))
    assert counts.tolist() == confusion_matrix(true, guess, labels=every).tolist()
    scores = scores_of(counts)
    each = f1_score(true, guess, labels=every, average=None, zero_division=0)
    weighted = f1_score(true, guess, labels=every, average="weighted", zero_division=0)
    macro = f1_score(true, guess, labels=occurring, average="macro", zero_division=0)
    assert scores.f1 == pytest.approx(each)
    assert float(scores.weighted_f1) == pytest.approx(weighted)
    assert float(scores.macro_f1) == pytest.approx(macro)
    assert float(scores.accuracy) == pytest.approx(accuracy_score(true, guess))
    recall = recall_score(true, guess, labels=occurring, average="macro", zero_division=0)
    assert float(scores.uar) == pytest.approx(recall)


@given(predictions())
def test_scores_of_many_sets_are_those_of_each(drawn):
    emotion, predicted, dialogue, emotions = drawn
    counts = confusions(emotion, predicted, dialogue, emotions)
    together = scores_of(counts)
    assert together.weighted_f1.shape == (len(counts),)
    for number, own in enumerate(counts):
        alone = scores_of(own)
        assert together.weighted_f1[number] == alone.weighted_f1
        assert together.macro_f1[number] == alone.macro_f1
        assert together.uar[number] == alone.uar
        assert together.f1[number].tolist() == alone.f1.tolist()
