"""Labelled recordings, measured by the very path of recognition."""

import json
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from support.models import film, model_of, silence, voice
from typer.testing import CliRunner

from synctva.cli import app
from synctva.data.own.folder import read_folder
from synctva.emotions import EmotionSchema, schema_named
from synctva.errors import InputError
from synctva.inference.evidence import look
from synctva.inference.labelled import counted_as, measure
from synctva.inference.recognise import Recogniser

MELD = schema_named("meld-7")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of a voice, one of digital silence, and a table of their emotions."""
    folder = tmp_path_factory.mktemp("clips")
    film(folder / "a.mp4", voice(1.0))
    film(folder / "b.mp4", 0.1 * voice(0.8))
    film(folder / "c.mp4", silence(1.0))
    (folder / "clips.csv").write_text(
        "clip,emotion,text\na.mp4,happy,We won!\nb.mp4,frustrated,Oh no.\nc.mp4,boredom,\n"
    )
    return folder


def test_the_field_merges_emotions_that_a_model_lacks():
    own = EmotionSchema("clips", ("frustrated", "excited", "worried", "calm", "bored", "happy"))
    assert counted_as(own, MELD) == {
        "frustrated": "anger",
        "excited": "joy",
        "worried": "fear",
        "calm": "neutral",
        "bored": None,
        "happy": "joy",
    }
    iemocap = schema_named("iemocap-6")
    assert counted_as(iemocap, iemocap)["frustrated"] == "frustrated"
    assert counted_as(iemocap, MELD)["excited"] == "joy"


@pytest.mark.slow  # processes that read and look are begun anew for each measurement
def test_a_measured_clip_has_the_probabilities_of_recognition(clips: Path, tmp_path: Path):
    recogniser = Recogniser(model_of("text", "audio"), "own", workers=1, cache=tmp_path / "cache")
    corpus = read_folder(clips)
    found = measure(recogniser, corpus)
    assert found.left_out == 1
    assert [found.judged.emotions[n] for n in found.judged.emotion] == ["joy", "anger"]
    first = corpus.dialogues[0]
    unlabelled = replace(first, utterances=(replace(first.utterances[0], emotion=None),))
    encoded = recogniser.encode(unlabelled)
    assert np.allclose(
        found.judged.probabilities["text+audio"][0], recogniser.predict(encoded).probabilities[0]
    )
    assert {"text", "audio", "text+audio"} == set(found.judged.probabilities)
    again = measure(
        Recogniser(recogniser.model, "own", workers=1, cache=tmp_path / "cache"), corpus
    )
    for subset, own in found.judged.probabilities.items():
        assert np.array_equal(own, again.judged.probabilities[subset])
    assert np.array_equal(
        [astuple(one) for one in again.evidence],
        [astuple(one) for one in found.evidence],
        equal_nan=True,
    )


def test_the_level_of_a_voice_is_heard(clips: Path):
    loud, quiet, nothing = (
        look(dialogue.utterances[0], None) for dialogue in read_folder(clips).dialogues
    )
    assert loud.level_db - quiet.level_db == pytest.approx(20, abs=3)
    assert nothing.level_db < -80
    assert loud.snr_db > 0


def test_labels_that_no_model_has_are_refused(clips: Path, tmp_path: Path):
    table = clips / "other.csv"
    table.write_text("clip,emotion\na.mp4,boredom\nb.mp4,bliss\n")
    with pytest.raises(InputError, match="name them as it does"):
        measure(Recogniser(model_of("audio"), "own", workers=1), read_folder(table))
    table.unlink()


@pytest.mark.slow  # as above
def test_the_verb_writes_every_format(clips: Path, tmp_path: Path):
    checkpoint = tmp_path / "model"
    model_of("text", "audio").save_pretrained(checkpoint)
    outs = [tmp_path / f"found{suffix}" for suffix in (".json", ".md", ".html")]
    words = [word for out in outs for word in ("--out", f"{out}")]
    command = ["measure", f"{clips}", "--model", f"{checkpoint}", "--workers", "1", *words]
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 0, ended.output
    found = json.loads(outs[0].read_text())
    own = found["sets"][clips.name]
    assert own["utterances"] == 2
    assert own["scores"]["text"]["utterances"] == 2
    assert sum(found["expected"].values()) == pytest.approx(1)
    assert "| modalities |" in outs[1].read_text()
    assert "<table>" in outs[2].read_text()
