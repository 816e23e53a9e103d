"""Agreement with corrections: hand-worked cases, and scikit-learn's numbers."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix, f1_score

from synctva.evaluation.agreement import CALIBRATED_UTTERANCES, agreement, cohens_kappa

EMOTIONS = ("neutral", "joy", "anger")


def sure_of(said: np.ndarray, probability: float = 1.0) -> np.ndarray:
    """Returns probabilities whose greatest is that of ``said``."""
    rest = (1 - probability) / (len(EMOTIONS) - 1)
    return np.where(np.eye(len(EMOTIONS), dtype=bool)[said], probability, rest)


def test_kappa_of_a_case_worked_by_hand():
    # Cohen's: 20 + 15 of 50 agree (0.7); by chance 25/50 * 30/50 + 25/50 * 20/50 = 0.5.
    assert cohens_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)


def test_kappa_of_one_emotion_alone_is_undefined():
    assert cohens_kappa(np.array([[7, 0], [0, 0]])) is None


def test_the_scores_are_scikit_learns():
    random = np.random.default_rng(0)
    emotion = random.integers(0, 3, 300)
    said = np.where(random.random(300) < 0.6, emotion, random.integers(0, 3, 300))
    found = agreement(EMOTIONS, emotion, sure_of(said, 0.7))
    assert found.accuracy == pytest.approx(accuracy_score(emotion, said))
    assert found.kappa == pytest.approx(cohen_kappa_score(emotion, said))
    assert found.weighted_f1 == pytest.approx(f1_score(emotion, said, average="weighted"))
    assert found.macro_f1 == pytest.approx(f1_score(emotion, said, average="macro"))
    each = [f1_score(emotion == n, said == n) for n in range(3)]
    assert list(found.f1.values()) == pytest.approx(each)
    assert found.confusion == confusion_matrix(emotion, said).tolist()
    assert found.ece == pytest.approx(abs(0.7 - found.accuracy))
    assert list(found.support.values()) == np.bincount(emotion).tolist()
    assert list(found.recognised.values()) == np.bincount(said).tolist()


def test_of_few_utterances_no_calibration_error_is_told():
    few = np.zeros(CALIBRATED_UTTERANCES - 1, dtype=int)
    assert agreement(EMOTIONS, few, sure_of(few)).ece is None
    enough = np.append(few, 0)
    assert agreement(EMOTIONS, enough, sure_of(enough)).ece == 0.0
