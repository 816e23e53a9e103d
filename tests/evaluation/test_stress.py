"""The five stresses: what each changes, and what it leaves alone."""

from dataclasses import replace

import pytest
import torch
from support.batches import random_batch

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.attribution import over_seeds
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.evaluation.stress import (
    DISAGREES,
    MEAN,
    STRESSES,
    with_conflict,
    with_missing,
    with_noisy_modality,
    with_unknown_speakers,
)
from synctva.run.words import SCORES

BATCH = random_batch([50] * 20, missing=0.0)


def changed(one: Batch, other: Batch) -> torch.Tensor:
    """Returns which modality of each utterance is another one."""
    return torch.stack([(getattr(one, m) != getattr(other, m)).any(1) for m in MODALITIES], dim=1)


@pytest.mark.parametrize("name", list(STRESSES))
def test_all_models_meet_the_same_and_what_is_absent_stays_so(name: str):
    batch = random_batch((7, 1, 20), missing=0.4)
    stressed = STRESSES[name](batch)
    again = STRESSES[name](batch)
    for i, m in enumerate(MODALITIES):
        assert torch.equal(getattr(stressed, m), getattr(again, m))
        assert not getattr(stressed, m)[~stressed.present[:, i]].any()
    assert stressed.emotion.sort().values.equal(batch.emotion.sort().values)
    assert stressed.present.sum() <= batch.present.sum()
    assert stressed.dialogue.equal(batch.dialogue)


def test_half_of_the_modalities_are_missing_but_never_all_of_an_utterance():
    there = with_missing(BATCH).present
    assert there.any(1).all()
    assert 1 - there.float().mean() == pytest.approx(0.5 - 0.5**3 / 3, abs=0.03)


def test_half_of_the_utterances_have_one_noisy_modality():
    noisy = changed(with_noisy_modality(BATCH), BATCH)
    assert (noisy.sum(1) <= 1).all()
    assert noisy.any(1).float().mean() == pytest.approx(0.5, abs=0.05)
    assert noisy.float().mean(0).tolist() == pytest.approx([1 / 6] * 3, abs=0.04)


def told(emotion: torch.Tensor, missing: float = 0.0) -> Batch:
    """Returns a batch whose features are its emotions."""
    batch = random_batch([len(emotion)], missing=missing)
    columns = {m: emotion.unsqueeze(1).expand_as(getattr(batch, m)).float() for m in MODALITIES}
    return replace(batch, **columns, emotion=emotion).with_present(batch.present)


def test_modalities_in_conflict_show_another_emotion_as_often_as_people_do():
    emotion = torch.arange(3000) % 3
    wrong = changed(with_conflict(told(emotion)), told(emotion))
    assert not wrong.all(1).any()
    rates = [DISAGREES[m] for m in MODALITIES]
    rates[1] -= rates[0] * rates[1] * rates[2]  # where all would be wrong, the voice is right
    assert wrong.float().mean(0).tolist() == pytest.approx(rates, abs=0.03)


def test_the_only_modality_and_unlabelled_utterances_are_never_in_conflict():
    emotion = torch.arange(300) % 4 - 1
    batch = told(emotion, missing=0.6)
    wrong = changed(with_conflict(batch), batch)
    assert wrong.any()
    assert not wrong[(emotion < 0) | (batch.present.sum(1) == 1)].any()
    assert (batch.present & ~wrong)[batch.present.any(1)].any(1).all()


def test_where_all_are_of_one_emotion_nothing_is_in_conflict():
    batch = told(torch.zeros(30, dtype=torch.long))
    assert not changed(with_conflict(batch), batch).any()


def test_unknown_speakers_are_one_and_nothing_else_changes():
    stressed = with_unknown_speakers(BATCH)
    assert stressed.speaker.unique().tolist() == [0]
    assert not changed(stressed, BATCH).any()


def test_the_mean_is_that_of_the_five_without_the_clean_one(run):
    loaded = load_evaluated(run)
    found = evaluate(loaded, ["stress"]).stress
    assert found is not None
    assert list(found) == ["clean", *STRESSES, MEAN]
    assert found["clean"] == over_seeds(loaded, loaded.batches["test"])
    for name in SCORES:
        means = [getattr(found[stress], name).mean for stress in STRESSES]
        assert getattr(found[MEAN], name).mean == pytest.approx(sum(means) / 5)
