"""Mean and sd over seeds."""

import numpy as np
import pytest

from synctva.evaluation.spread import score_spreads, spread


def test_the_sd_is_the_sample_s_and_one_value_has_none():
    assert spread([1.0, 3.0]) == {"mean": 2.0, "sd": pytest.approx(2**0.5)}
    assert spread([0.25]) == {"mean": 0.25, "sd": None}


def test_every_score_and_every_emotion_has_a_spread():
    counts = np.array([[[2, 0], [0, 2]], [[0, 2], [2, 0]]])
    found = score_spreads(counts, ("joy", "fear"))
    whole = {"mean": 0.5, "sd": pytest.approx(0.5**0.5)}
    assert found == {
        **dict.fromkeys(("weighted_f1", "macro_f1", "accuracy", "uar"), whole),
        "f1": {"joy": whole, "fear": whole},
    }
