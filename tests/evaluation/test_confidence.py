"""Confidence: mixtures over what is trusted, class frequencies, and what is not there."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from synctva.batch import Batch
from synctva.corpus import Description
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.evaluation.attribution import subsets_of
from synctva.evaluation.confidence import distances, views_of
from synctva.evaluation.prediction import calibrated, predict
from synctva.model.confidence import Calibration, Confidence
from synctva.model.emotion_model import EmotionModel
from synctva.model.familiarity import LEAST_TRUST, Familiarity
from synctva.networks.sync_tva.architecture import Architecture
from synctva.training.confidence import Part, fit_confidence, fit_familiarity, fit_voices

EMOTIONS = ("neutral", "joy", "anger")
KNOWN = (0.5, 0.3, 0.2)
DIMS = {"text": 5, "audio": 4, "visual": 3}


def model_of(*, familiar: tuple[str, ...] = MODALITIES) -> EmotionModel:
    """Returns a small model that is sure of itself, with random calibrations."""
    torch.manual_seed(0)
    model = EmotionModel(EMOTIONS, DIMS, Architecture(width=8, heads=2, past=2, future=2))
    for name, weights in model.named_parameters():
        if "classifier" in name and weights.dim() > 1:
            torch.nn.init.normal_(weights, std=1.0)
    model.become_familiar(familiar)
    rng = np.random.default_rng(0)
    calibrations = {
        "+".join(s): Calibration(float(rng.uniform(0.5, 2)), tuple(rng.normal(0, 0.5, 3).tolist()))
        for s in subsets_of(MODALITIES)
    }
    model.provenance = replace(model.provenance, confidence=Confidence(calibrations, KNOWN))
    return model.eval()


def batch_of(count: int = 12, *, far: float = 1.0, seed: int = 0, is_whole: bool = False) -> Batch:
    """Returns utterances of dialogues of three, a third of their modalities absent, or none."""
    rng = torch.Generator().manual_seed(seed)
    present = torch.rand(count, 3, generator=rng) > (0.0 if is_whole else 0.3)
    features = {m: far * torch.randn(count, dim, generator=rng) for m, dim in DIMS.items()}
    emotion = torch.randint(0, 3, (count,), generator=rng)
    turn = torch.arange(count) % 3
    batch = Batch(
        **features,
        present=present,
        dialogue=torch.arange(count) // 3,
        turn=turn,
        speaker=turn % 2,
        emotion=emotion,
    )
    return batch.with_present(present)


MODEL = model_of()


@pytest.mark.parametrize("subset", subsets_of(MODALITIES, 0), ids="+".join)
@pytest.mark.parametrize(("seed", "far"), [(0, 0.1), (1, 1.0), (2, 2.0), (3, 50.0)])
def test_probabilities_sum_to_one_whatever_is_seen_and_however_far(seed, far, subset):
    views = views_of(MODEL, batch_of(far=far, seed=seed))
    for expected in (None, np.array([0.2, 0.2, 0.6])):
        found = views.probabilities(subset, expected)
        assert np.allclose(found.sum(1), 1)
        assert (found >= 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_expecting_what_the_calibrations_hold_for_changes_nothing(seed: int):
    views = views_of(MODEL, batch_of(seed=seed))
    plain = views.probabilities(MODALITIES)
    assert np.allclose(views.probabilities(MODALITIES, np.array(KNOWN)), plain)
    assert np.allclose(views.contributions(np.array(KNOWN)), views.contributions())


def test_what_is_expected_more_becomes_more_probable_and_what_is_not_impossible():
    views = views_of(MODEL, batch_of())
    plain = views.probabilities(MODALITIES)
    more = views.probabilities(MODALITIES, np.array([0.4, 0.24, 0.36]))
    assert (more[:, 2] > plain[:, 2]).all()
    assert (views.probabilities(MODALITIES, np.array([0.7, 0.3, 0.0]))[:, 2] == 0).all()


def test_far_inputs_tend_to_the_class_frequencies():
    near, away = (
        views_of(MODEL, batch_of(far=far)).probabilities(MODALITIES) for far in (1.0, 1000.0)
    )
    assert np.allclose(away, KNOWN)
    assert not np.allclose(near, KNOWN, atol=0.05)


def test_what_is_too_far_counts_as_if_it_were_not_there():
    batch = batch_of()
    wild = replace(batch, audio=batch.audio * 1000)
    without = batch.keep(("text", "visual"))
    found, expected = (views_of(MODEL, one).probabilities(MODALITIES) for one in (wild, without))
    assert np.allclose(found, expected)
    assert views_of(MODEL, wild).unusual[batch.present[:, 1].numpy(), 1].all()


def test_without_evidence_there_are_the_frequencies_that_are_expected():
    nothing = batch_of().keep(())
    views = views_of(MODEL, nothing)
    assert not views.trust.any()
    assert np.allclose(views.probabilities(MODALITIES), KNOWN)
    other = np.array([0.1, 0.1, 0.8])
    assert np.allclose(views.probabilities(MODALITIES, other), other)
    assert np.allclose(views.contributions(), 0)


def test_a_model_without_a_density_says_what_its_calibrated_logits_say():
    model, batch = model_of(familiar=()), batch_of()
    there = batch.present.numpy().any(1)  # of nothing, the frequencies are told
    found = views_of(model, batch).probabilities(MODALITIES)
    assert np.allclose(found[there], calibrated(predict(model, batch), model, batch)[there])


def test_frequencies_are_not_expected_of_a_model_that_does_not_say_its_own():
    model = model_of()
    model.provenance = replace(model.provenance, confidence=Confidence())
    with pytest.raises(InputError, match="does not say"):
        views_of(model, batch_of()).probabilities(MODALITIES, np.array(KNOWN))


@pytest.mark.parametrize(("seed", "far"), [(0, 0.1), (1, 1.0), (2, 3.0)])
def test_contributions_sum_to_what_all_add_to_nothing(seed: int, far: float):
    views = views_of(MODEL, batch_of(far=far, seed=seed, is_whole=True))
    own = views.probabilities(MODALITIES)
    rows, first = np.arange(len(own)), own.argmax(1)
    gained = own[rows, first] - views.probabilities(())[rows, first]
    assert np.allclose(views.contributions().sum(1), gained)


def test_trust_falls_with_the_distance_and_ends_at_nothing():
    known = Familiarity(3)
    rows = torch.linspace(0, 10, 50)[:, None].expand(50, 3)
    trust = known.trust(known.distance(rows), torch.ones(50, dtype=torch.bool))
    assert (trust.diff() <= 0).all()
    assert trust[-1] == 0
    assert (trust[trust > 0] >= LEAST_TRUST).all()
    assert float(known.distance(torch.ones(1, 3))) == pytest.approx(1.0)


def test_a_voice_is_trusted_for_what_was_heard_however_it_was_normalised_since():
    model, batch = model_of(), batch_of(is_whole=True)
    known = Description("opensmile", "egemaps", dim=DIMS["audio"]).normalised("speaker")
    model.provenance = replace(model.provenance, features={"audio": known})
    heard = replace(batch, voice=3 * batch.audio)
    expected = model.familiarity["audio"].distance(3 * batch.audio)  # pyright: ignore
    for normalised in (batch.audio, batch.audio * 1000):
        found = distances(model, replace(heard, audio=normalised))["audio"]
        torch.testing.assert_close(found, expected)
    assert (distances(model, batch)["audio"] == 1).all()  # as usual, where it is not known
    without = distances(model, heard)
    assert all(torch.equal(without[m], distances(model, batch)[m]) for m in ("text", "visual"))


def test_a_fit_tells_rooms_where_a_gaussian_of_all_numbers_hardly_does():
    rng = np.random.default_rng(0)
    scale = 10.0 ** rng.uniform(-3, 3, 40)
    dry, other = rng.normal(0, 1, (2, 300, 40))
    wet = other + 2.5 * np.eye(40)[7]  # a room changes one number of forty
    model = EmotionModel(EMOTIONS, {"audio": 40}, Architecture(width=8, heads=2))
    known = Description("opensmile", "egemaps", dim=40).normalised("speaker")
    model.provenance = replace(model.provenance, features={"audio": known})
    fit_voices(model, dry[:150] * scale, wet[:150] * scale)
    familiar = model.familiarity["audio"]
    near, far = (familiar.distance(torch.tensor(v * scale).float()) for v in (dry[150:], wet[150:]))  # pyright: ignore
    assert 0.7 < float(near.mean()) < 1.4
    assert float((far[:, None] > near).double().mean()) > 0.8
    plain = [np.square(v).mean(1) for v in (dry[150:], wet[150:])]
    assert (plain[1][:, None] > plain[0]).mean() < 0.75


def test_a_checkpoint_keeps_its_confidence(tmp_path: Path):
    MODEL.save_pretrained(tmp_path)
    again = EmotionModel.from_pretrained(tmp_path)
    assert again.provenance.confidence == MODEL.provenance.confidence
    batch = batch_of(far=1.5)
    before, after = (views_of(m, batch).probabilities(MODALITIES) for m in (MODEL, again))
    assert np.array_equal(before, after)


def test_a_fit_learns_how_far_a_modality_tells_and_when_it_does_not():
    model, rng = model_of(familiar=()), torch.Generator().manual_seed(1)
    training = batch_of(240, seed=3, is_whole=True)
    fit_familiarity(model, training)
    assert float(model.familiarity["text"].distance(training.text).mean()) == pytest.approx(
        1.0, abs=0.1
    )
    near = batch_of(240, seed=4, is_whole=True)
    logits = predict(model, near)
    right = replace(near, emotion=logits.argmax(1))  # near the training the model is right
    far = batch_of(240, seed=5, far=4.0, is_whole=True)
    wrong = replace(far, emotion=torch.randint(0, 3, (240,), generator=rng))
    losses = fit_confidence(
        model, [Part("near", right, is_usual=True), Part("far", wrong)], np.array(KNOWN)
    )
    shares = -float((np.array(KNOWN) * np.log(KNOWN)).sum())
    assert losses["near, text+audio+visual"] < 0.6 * shares
    assert losses["far, text+audio+visual"] < 1.15 * shares
    trust = [views_of(model, one).trust.mean() for one in (near, far)]
    assert trust[0] > 0.6
    assert trust[1] < 0.3
    assert views_of(model, near).unusual.mean() == pytest.approx(0.01, abs=0.01)


def test_a_fit_of_voices_alone_leaves_the_trust_in_words_and_faces_as_it_was():
    model, batch = model_of(), batch_of(60, seed=4, is_whole=True)
    before = model.provenance.confidence.calibrations
    reach = {m: float(known.far) for m, known in model.familiarity.items()}  # pyright: ignore
    labelled = replace(batch, emotion=predict(model, batch).argmax(1))
    fit_confidence(model, [Part("near", labelled, is_usual=True)], np.array(KNOWN), ("audio",))
    after = model.provenance.confidence.calibrations
    assert set(after) == set(before)
    for name in before:
        is_same = after[name].scale == pytest.approx(before[name].scale)
        assert is_same == ("audio" not in name)
    for m, known in model.familiarity.items():
        assert (float(known.far) == reach[m]) == (m != "audio")  # pyright: ignore


def test_a_checkpoint_whose_voices_were_asked_after_they_were_normalised_is_refused(tmp_path: Path):
    model = model_of()
    known = Description("opensmile", "egemaps", dim=DIMS["audio"]).normalised("speaker")
    model.provenance = replace(model.provenance, features={"audio": known})
    model.save_pretrained(tmp_path)
    again = EmotionModel.from_pretrained(tmp_path)
    assert list(again.familiarity) == list(model.familiarity)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["arguments"]["familiar"] == ["text", "voice", "visual"]
    config["arguments"]["familiar"][1] = "audio"
    del config["sha256"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="train it again with `synctva train --from lite`"):
        EmotionModel.from_pretrained(tmp_path)
