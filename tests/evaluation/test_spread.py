"""Mean and sd over seeds."""

import numpy as np
import pytest

from synctva.evaluation.spread import score_spreads, spread
from synctva.run.scores import Score
from synctva.run.words import SCORES


def test_the_sd_is_the_sample_s_and_one_value_has_none():
    found = spread([1.0, 3.0])
    assert (found.mean, found.sd) == (2.0, pytest.approx(2**0.5))
    assert spread([0.25]) == Score(0.25)


def test_every_score_and_every_emotion_has_a_spread():
    counts = np.array([[[2, 0], [0, 2]], [[0, 2], [2, 0]]])
    found = score_spreads(counts, ("joy", "fear"))
    assert list(found.f1) == ["joy", "fear"]
    for score in (*(getattr(found, name) for name in SCORES), *found.f1.values()):
        assert (score.mean, score.sd) == (0.5, pytest.approx(0.5**0.5))
    assert score_spreads(counts).f1 == {}
