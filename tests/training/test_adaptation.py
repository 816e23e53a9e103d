"""A model that learns from corrections, and is measured on what it has not learnt from."""

from pathlib import Path

import numpy as np
import pytest
from support.models import film, silence, voice

from synctva import EmotionModel
from synctva.training import adaptation

CORRECTED = b"""start_s,end_s,speaker,text,emotion
0.5,2.3,Ada,Oh no!,joy
0.6,2.2,,Well,
"""


def test_a_model_learns_and_is_measured_on_what_it_has_not_learnt_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    recording = film(tmp_path / "talk.mp4", silence(0.6), voice(1.6), silence(0.8))
    table = tmp_path / "corrections.csv"
    table.write_bytes(CORRECTED)
    recordings = [(recording, table)] * 2
    (tmp_path / "few").mkdir()
    few = adaptation.adapt("lite", recordings, tmp_path / "few")
    assert (few.recordings, few.utterances, few.right_before) == (2, 2, None)
    assert "too few" in few.note
    EmotionModel.from_pretrained(few.checkpoint)
    monkeypatch.setattr(adaptation, "LEAST_RECORDINGS", 2)
    monkeypatch.setattr(adaptation, "LEAST_UTTERANCES", 2)
    learnt: list[tuple[list[str], list[str]]] = []

    def trained(corpus, model, folder):
        splits = [[d.id for d in corpus.dialogues if d.split == s] for s in ("train", "test")]
        learnt.append((splits[0], splits[1]))
        adaptation.write_store(corpus, folder / "store")
        return adaptation.load_model(model)

    monkeypatch.setattr(adaptation, "_trained", trained)
    (tmp_path / "enough").mkdir()
    enough = adaptation.adapt("lite", recordings, tmp_path / "enough")
    both = ["recording 1", "recording 2"]
    assert learnt == [(both, []), (both[1:], both[:1]), (both[:1], both[1:])]
    assert enough.right_before == enough.right_after
    assert "chance" in enough.note


@pytest.mark.parametrize(
    ("gained", "lost", "meaning"), [(12, 1, "better"), (1, 12, "worse"), (6, 3, "chance")]
)
def test_a_gain_is_told_where_chance_does_not_bring_it(gained: int, lost: int, meaning: str):
    right = np.array([[0, 1]] * gained + [[1, 0]] * lost + [[1, 1]] * 40, dtype=bool)
    assert meaning in adaptation._meaning(right)
    assert f"{gained} more are right and {lost} fewer" in adaptation._meaning(right)
