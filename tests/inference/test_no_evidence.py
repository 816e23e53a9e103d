"""An utterance with nothing that tells an emotion has none, in every file and in the table."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from support.models import film, model_of, silence
from support.talks import felt, recognition

from synctva.dialogue import Dialogue, Utterance
from synctva.inference.export import SUFFIXES, write_recognition
from synctva.inference.export.as_json import read_recognition
from synctva.inference.recognise import Recogniser
from synctva.inference.recognition import NO_EVIDENCE, RecognisedUtterance
from synctva.inference.utterances import Segmented
from synctva.model.confidence import Confidence
from synctva.reports.recognition.page import render_page
from synctva.terminal.recognition import recognition_table

FOUND = recognition(
    RecognisedUtterance(0.5, 2.0, "Ada", "We won!", felt("joy"), {"text": 0.3}),
    RecognisedUtterance(2.0, 3.0, "Ben", None, felt("neutral", 0.5), flags=(NO_EVIDENCE,)),
    media="talk.mp4",
)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_file_tells_an_emotion_of_it(tmp_path: Path, suffix: str):
    path = tmp_path / f"found{suffix}"
    write_recognition(FOUND, path)
    content = path.read_bytes()
    if suffix == ".json":
        assert [u["emotion"] for u in json.loads(content)["utterances"]] == ["joy", None]
        assert read_recognition(path) == FOUND
    elif suffix == ".emotionml":
        assert content.count(b"<emotion ") == 1
    elif suffix in (".srt", ".vtt"):
        assert b"joy" in content
        assert b"neutral" not in content


def test_neither_table_nor_page_tells_one():
    assert [FOUND.emotion_of(one) for one in FOUND.utterances] == ["joy", None]
    assert list(FOUND.to_pandas()["emotion"].isna()) == [False, True]
    console = Console(width=120)
    with console.capture() as shown:
        console.print(recognition_table(FOUND))
    assert "joy" in shown.get()
    assert "neutral" not in shown.get()
    page = render_page(FOUND, None, "A talk")
    assert "nothing shows an emotion" in page
    assert "<b>no evidence</b>" in page


def test_digital_silence_without_words_is_no_evidence(tmp_path: Path):
    model = model_of("text", "audio")
    shares = (0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
    model.provenance = replace(model.provenance, confidence=Confidence({}, shares))
    clip = film(tmp_path / "muted.mp4", silence(1.0))
    spoken = Dialogue("muted", "test", (Utterance(0, "Ada", None, None, 0.0, 1.0, f"{clip}"),))
    with Recogniser(model, "own", workers=1) as recogniser:
        found = recogniser.recognise_utterances(Segmented(f"{clip}", 1.0, spoken))
        assert NO_EVIDENCE in found.utterances[0].flags
        assert found.emotion_of(found.utterances[0]) is None
        assert np.allclose(found.utterances[0].probabilities, shares)
        equal = recogniser.recognise_utterances(Segmented(f"{clip}", 1.0, spoken), expect="equal")
        assert np.allclose(equal.utterances[0].probabilities, 1 / 7)
