"""The table of a measurement: every figure whole, in the narrowest of usual terminals."""

import re

import numpy as np
import pytest

from synctva import terminal
from synctva.emotions import MODALITIES
from synctva.evaluation.recordings import Judged, recording_scores
from synctva.terminal.measurement import show_measurement

EMOTIONS = ("neutral", "joy", "anger", "sadness")
SHARES = np.array([0.5, 0.25, 0.15, 0.1])
SUBSETS = ("text", "audio", "text+audio", "audio+visual", "text+audio+visual")


def test_values_and_their_intervals_are_whole_in_eighty_letters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    rng = np.random.default_rng(0)
    emotion = rng.integers(0, 4, 60)
    told = {subset: rng.dirichlet(SHARES * 3, 60) for subset in SUBSETS}
    judged = Judged(EMOTIONS, emotion, np.arange(60), np.ones((60, 3), bool), told)
    scores = recording_scores(judged, SHARES, MODALITIES)
    expected = dict(zip(EMOTIONS, SHARES.tolist(), strict=True))
    sets = {"own": {"scores": scores}}
    monkeypatch.setattr(terminal.console.console, "width", 80)
    show_measurement({"sets": sets, "model": "lite", "expect": "meld", "expected": expected})
    shown = capsys.readouterr().err
    assert "…" not in shown
    assert "\\n" not in shown
    for own in scores.values():
        low, high = own["log_loss"]["interval"]
        assert re.search(rf"{low:.2f} {high:.2f}".replace(".", r"\."), shown)
        assert f"{own['log_loss']['value']:.2f}" in shown
