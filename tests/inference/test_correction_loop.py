"""The loop: recognised, corrected, scored, learnt from, and recognised again; by commands."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.command import call
from support.models import SAID, SCHEMA, film, model_of, silence, voice

from synctva import Recogniser
from synctva.features.normalise import SpeakerNormalisation
from synctva.features.store import open_store
from synctva.inference.export import read_recognition
from synctva.inference.utterances import utterances_of
from synctva.model.emotion_model import EmotionModel


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of random weights, as shipped ones are: its audio normalised towards voices."""
    monkeypatch.setenv("SYNCTVA_CACHE", str(tmp_path / "cache"))
    made = model_of()
    known = made.provenance.features
    heard = {**known, "audio": known["audio"].normalised("speaker")}
    voices = {"mean": (1.0,) * 88, "sd": (2.0,) * 88}
    made.provenance = replace(made.provenance, voices=voices, features=heard)
    made.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = film(tmp_path / "talk.mp4", voice(2.2))
    path.with_suffix(".srt").write_text(SAID)
    return path


def test_what_is_corrected_is_learnt(
    tmp_path: Path,
    model: Path,
    talk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    torch.set_num_threads(1)
    said = ["recognise", talk, "--transcript", talk.with_suffix(".srt"), "--workers", 1]
    outs = ["--out", tmp_path / "talk.csv", "--out", tmp_path / "before.json"]
    assert call(monkeypatch, *said, "--model", model, *outs) == 0
    before = read_recognition(tmp_path / "before.json")
    found = [before.emotion_of(utterance) for utterance in before.utterances]
    right = [next(other for other in SCHEMA.emotions if other != one) for one in found]
    lines = (tmp_path / "talk.csv").read_text().splitlines()
    for number, (one, other) in enumerate(zip(found, right, strict=True), 1):
        lines[number] = lines[number].replace(f",{one},", f",{other},")
    (tmp_path / "talk.csv").write_text("\n".join(lines))

    store, run = tmp_path / "store", tmp_path / "run"
    table = tmp_path / "talk.csv"
    assert call(monkeypatch, "features", table, "--for", model, "--out", store, "--workers", 1) == 0
    more = ("--set", "training.epochs=30", "--set", "training.learning_rate=0.02")
    assert call(monkeypatch, "train", "--from", model, "--store", store, "--out", run, *more) == 0
    assert "nothing measures the model" in " ".join(capsys.readouterr().err.split())
    checkpoint = run / "seed-0" / "checkpoint"
    after = ["--model", checkpoint, "--out", tmp_path / "after.json"]
    assert call(monkeypatch, *said, *after) == 0
    accuracies = []
    for name in ("before", "after"):
        capsys.readouterr()
        scored = tmp_path / f"{name}.json"
        assert call(monkeypatch, "agreement", scored, table, "--json") == 0
        accuracies.append(json.loads(capsys.readouterr().out)["accuracy"])
    assert accuracies == [0.0, 1.0]
    assert EmotionModel.from_pretrained(checkpoint).provenance.voices


def test_the_store_has_the_features_of_recognition(
    tmp_path: Path, model: Path, talk: Path, monkeypatch: pytest.MonkeyPatch
):
    store = tmp_path / "store"
    film(talk, voice(0.9), silence(1.3))
    rows = "start_s,end_s,speaker,text,emotion\n0.2,1,Ada,Oh no!,happy\n1,2,Bob,Yes.,neutral\n"
    talk.with_suffix(".csv").write_text(rows)
    table = talk.with_suffix(".csv")
    for _ in range(2):  # the second goes on with the first one's
        words = ("--for", model, "--out", store, "--workers", 1)
        assert call(monkeypatch, "features", table, *words) == 0
    corpus = open_store(store).read()
    assert corpus.schema.emotions == SCHEMA.emotions
    assert [u.emotion for _, u in corpus.utterances()] == ["joy", "neutral"]
    recogniser = Recogniser.load(model, workers=1)
    dialogue = utterances_of(talk, talk.with_suffix(".srt")).dialogue
    assert dialogue is not None
    encoded = recogniser.encode(dialogue).corpus
    for modality, features in encoded.features.items():
        own = corpus.features[modality]
        assert own.fingerprint == features.fingerprint
        np.testing.assert_array_equal(own.present, features.present)
        np.testing.assert_allclose(own.values, features.values, atol=1e-6)
        assert (own.extracted is not None) == (modality == "audio")
        if own.extracted is not None:  # by them voices are trusted
            np.testing.assert_allclose(own.extracted, features.extracted, atol=1e-6)
    assert corpus.features["audio"].present.tolist() == [True, False]  # Bob is muted
    assert isinstance(recogniser.makers.voices, SpeakerNormalisation)
    assert "visual" in corpus.features  # no face is seen, and that is known


def test_an_emotion_that_the_model_lacks_is_told(
    tmp_path: Path,
    model: Path,
    talk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    rows = "start_s,end_s,speaker,text,emotion\n0.2,1,Ada,Oh no!,happy\n1,2,Bob,Yes.,bored\n"
    talk.with_suffix(".csv").write_text(rows)
    words = ["features", talk.with_suffix(".csv"), "--for", model, "--out", tmp_path / "store"]
    assert call(monkeypatch, *words) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert "talk.csv: line 3: unknown emotion 'bored'" in told
    assert call(monkeypatch, *words, "--preset", "paper") == 2
    assert "leave out --preset" in capsys.readouterr().err
    imported = ["import", talk.with_suffix(".csv"), "--out", tmp_path / "store"]
    assert call(monkeypatch, *imported) == 0
    capsys.readouterr()
    assert call(monkeypatch, "features", tmp_path / "store", "--for", model) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert "dialogue 'talk' turn 1: emotion 'bored' is none of the model's" in told


@pytest.mark.parametrize(("own", "needed"), [("audio", "a recording"), ("text", "text")])
def test_features_that_the_model_does_not_read_and_nothing_replaces_are_told_before_any_change(
    tmp_path: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    own: str,
    needed: str,
):
    words = ",text" if own == "audio" else ""
    rows = [f"dialogue,turn,emotion,{own}_0,{own}_1{words}"]
    rows += [
        f"a,{turn},{('joy', 'anger')[turn % 2]},1,{turn}{words and ',Hi'}" for turn in range(4)
    ]
    (tmp_path / "own.csv").write_text("\n".join(rows))
    store = tmp_path / "store"
    assert call(monkeypatch, "import", tmp_path / "own.csv", "--out", store) == 0
    before = {path.name: path.read_bytes() for path in store.iterdir()}
    capsys.readouterr()
    assert call(monkeypatch, "features", store, "--for", model, "--workers", 1) == 2
    told = capsys.readouterr().err
    assert f"store: its {own} features are not those that" in told
    assert f"no utterance has {needed} to extract them from; import again without them" in told
    assert {path.name: path.read_bytes() for path in store.iterdir()} == before


def test_a_store_without_recordings_is_converted_as_often_as_one_likes(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = "dialogue,turn,emotion,text\na,0,joy,Hi\na,1,anger,No\n"
    (tmp_path / "own.csv").write_text(rows)
    store = tmp_path / "store"
    assert call(monkeypatch, "import", tmp_path / "own.csv", "--out", store) == 0
    for _ in range(2):
        assert call(monkeypatch, "features", store, "--for", model, "--workers", 1) == 0
        assert set(open_store(store).features) == {"text", "audio", "visual"}
