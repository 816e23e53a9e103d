"""Corrections that the server keeps, and what is told of a model that learns from them."""

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.models import film, silence, voice
from support.servers import Running

from synctva import Recogniser
from synctva.serving import corrections

SAID = b"1\n00:00:00,500 --> 00:00:02,300\nAda: Oh no!\n"
CORRECTED = b"start_s,end_s,speaker,text,emotion\n0.5,2.3,Ada,Oh no!,%s\n"

FAKE = """
import json, pathlib, sys
folder, model, *places = sys.argv[1:]
place = pathlib.Path(folder, "model")
place.mkdir()
(place / "config.json").write_text(model)
is_broken = "fear" in pathlib.Path(places[1]).read_text()
found = {"recordings": len(places) // 2, "checkpoint": str(place)}
print(json.dumps({"error": "broken"} if is_broken else found))
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "talk.mp4"
    return film(path, silence(0.6), voice(1.6), silence(0.8))


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with Recogniser.load("lite", workers=1) as recogniser:
        found = Running(recogniser, Recogniser.load("lite", is_causal=True, workers=1))
        yield found
        found.stop()


@pytest.fixture(scope="module")
def place(running: Running, recording: Path) -> str:
    told = running.post(recording=("a.mp4", recording.read_bytes()), transcript=("a.srt", SAID))[1]
    assert running.done(told["id"])["state"] == "done"
    return f"/recognitions/{told['id']}"


def put(running: Running, place: str, content: bytes) -> tuple[int, dict]:
    code, told, _ = running.ask(f"{place}/corrections", "PUT", content)
    return code, json.loads(told)


def adapted(running: Running) -> dict:
    while (told := json.loads(running.ask("/adaptation")[1]))["state"] == "running":
        pass
    return told


def test_corrections_are_kept_and_learnt_from(
    running: Running, place: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(corrections, "ADAPT", (sys.executable, "-c", FAKE))
    assert adapted(running) == {"state": "none"}
    assert running.ask("/adaptation", "POST")[0] == 400
    assert running.ask("/adaptation/model")[0] == 409
    found = json.loads(running.ask(f"{place}/export/json")[1])["utterances"][0]["emotion"]
    assert put(running, place, CORRECTED % found.encode()) == (200, {"emotions": 1, "corrected": 0})
    other = b"joy" if found != "joy" else b"anger"
    assert put(running, place, CORRECTED % other) == (200, {"emotions": 1, "corrected": 1})
    assert running.ask("/adaptation", "POST")[0] == 202
    assert adapted(running) == {"state": "done", "recordings": 1}
    code, content, _ = running.ask("/adaptation/model")
    assert code == 200
    assert zipfile.ZipFile(io.BytesIO(content)).read("config.json") == b"lite"
    assert put(running, place, CORRECTED % b"fear")[0] == 200
    assert running.ask("/adaptation", "POST")[0] == 202
    assert adapted(running) == {"state": "failed", "error": "broken"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"nothing", ""), (CORRECTED % b"hunger", "hunger"), (CORRECTED % b"", "no emotion")],
)
def test_what_is_no_correction_is_told_and_not_kept(
    running: Running, place: str, content: bytes, complaint: str
):
    job = running.server.jobs.get(place.rpartition("/")[2])
    assert job is not None
    before = sorted(job.folder.glob("*corrections*"))
    code, told = put(running, place, content)
    assert code == 400
    assert complaint in told["error"]
    assert "synctva-serve" not in told["error"]
    assert sorted(job.folder.glob("*corrections*")) == before


def test_a_foreign_page_cannot_correct_or_train(running: Running, place: str):
    evil = "http://evil.example"
    assert running.ask(f"{place}/corrections", "PUT", CORRECTED % b"joy", Origin=evil)[0] == 403
    assert running.ask("/adaptation", "POST", Origin=evil)[0] == 403
