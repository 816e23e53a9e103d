"""The server as clients meet it: real sockets on this machine, and enemies among the clients."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.drawn import draw_face, paste, room
from support.models import film, silence, voice
from support.servers import ALONE, Running
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from synctva import Recogniser
from synctva.errors import InputError
from synctva.inference.live import Conversation
from synctva.inference.recognition import Recognition
from synctva.media import read_audio
from synctva.serving import jobs, talks
from synctva.serving.guard import COOKIE
from synctva.serving.pictures import check_jpeg

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def recogniser() -> Iterator[Recogniser]:
    with Recogniser.load("lite", workers=1) as found:
        yield found


@pytest.fixture(scope="module")
def causal() -> Recogniser:
    return Recogniser.load("lite", is_causal=True, workers=1)


@pytest.fixture(scope="module")
def running(recogniser: Recogniser, causal: Recogniser) -> Iterator[Running]:
    found = Running(recogniser, causal)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "talk.mp4"
    return film(path, silence(0.6), voice(1.6), silence(0.8))


@pytest.fixture(scope="module")
def sound(talk: Path) -> np.ndarray:
    found = read_audio(talk)
    assert found is not None
    return found


SAID = b"1\n00:00:00,500 --> 00:00:02,300\nAda: Oh no!\n"


def test_a_recording_is_recognised_and_given_back_in_every_form(running: Running, talk: Path):
    name = "../../A %22b%22 c.mp4"
    code, told = running.post(recording=(name, talk.read_bytes()), transcript=("a.SRT", SAID))
    assert (code, told["state"]) == (201, "waiting")
    told = running.done(told["id"])
    assert (told["state"], told["error"], told["done"]) == ("done", "", told["steps"])
    place = f"/recognitions/{told['id']}"
    found = json.loads(running.ask(f"{place}/export/json")[1])
    assert [(one["speaker"], one["text"]) for one in found["utterances"]] == [("Ada", "Oh no!")]
    assert "synctva-serve" not in json.dumps(found)
    assert b"Oh no!" in running.ask(f"{place}/export/csv")[1]
    code, page, headers = running.ask(f"{place}/page")
    assert (code, headers.get_content_type()) == (200, "text/html")
    assert b"Oh no!" in page
    assert b"synctva-serve" not in page
    assert running.ask(place, "DELETE")[0] == 204
    assert running.ask(place)[0] == 404


def test_files_are_deleted_when_told_and_at_the_end(
    recogniser: Recogniser, causal: Recogniser, talk: Path
):
    own = Running(recogniser, causal)
    first, second = (own.post(recording=(name, talk.read_bytes()))[1]["id"] for name in "ab")
    kept = own.server.jobs
    own.done(first)
    folders = [job.folder for job in kept.all()]
    assert all(folder.is_dir() for folder in folders)
    own.ask(f"/recognitions/{first}", "DELETE")
    assert not folders[0].exists()
    own.done(second)
    own.stop()
    assert not folders[1].parent.exists()


def test_what_waits_can_be_cancelled_and_does_not_begin(running: Running, talk: Path):
    ids = [running.post(recording=(f"{n}", talk.read_bytes()))[1]["id"] for n in range(3)]
    told = json.loads(running.ask(f"/recognitions/{ids[2]}/cancel", "POST")[1])
    assert told["state"] == "cancelled"
    assert [running.done(id_)["state"] for id_ in ids[:2]] == ["done", "done"]
    assert running.done(ids[2], "cancelled")["done"] == 0


@pytest.mark.parametrize(
    ("files", "code", "complaint"),
    [
        ({"transcript": ("a.srt", SAID)}, 400, "no file 'recording'"),
        ({"recording": ("a.mp4", b"x"), "transcript": ("a.exe", SAID)}, 400, "ends in one of"),
        ({"recording": ("a.mp4", bytes(3_000_001))}, 413, "more than"),
    ],
)
def test_what_cannot_be_taken_is_told_and_not_kept(
    running: Running, files: dict, code: int, complaint: str
):
    before = len(running.server.jobs.all())
    found, told = running.post(**files)
    assert found == code
    assert complaint in told["error"]
    assert len(running.server.jobs.all()) == before


def test_what_does_not_say_how_long_it_is_is_not_read(running: Running):
    host, _, port = running.host.partition(":")
    with socket.create_connection((host, int(port))) as client:
        head = f"POST /recognitions HTTP/1.1\r\nHost: {running.host}\r\n"
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        assert client.recv(64).startswith(b"HTTP/1.1 411")


def test_a_recording_that_is_none_fails_without_telling_places(running: Running):
    _, told = running.post(recording=("talk.mp4", b"no recording at all"))
    told = running.done(told["id"])
    assert told["state"] == "failed"
    assert "talk.mp4" in told["error"]
    assert "synctva-serve" not in told["error"]


@pytest.mark.parametrize("place", ["/recognitions", "/", "/live", "/openapi.json"])
@pytest.mark.parametrize(
    ("headers", "code"),
    [({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403), ({}, 200)],
)
def test_foreign_pages_and_foreign_names_get_nothing(
    running: Running, place: str, headers: dict, code: int
):
    assert running.ask(place, **headers)[0] == code


def test_a_foreign_page_may_not_listen(running: Running):
    with pytest.raises(InvalidStatus):
        running.talk(Origin="http://evil.example")


def test_a_token_is_asked_for_and_remembered(recogniser: Recogniser, causal: Recogniser):
    own = Running(recogniser, causal, token="open sesame")
    assert own.ask("/")[0] == 401
    assert own.ask("/?token=wrong")[0] == 401
    assert own.ask("/", Cookie=f"{COOKIE}=wrong")[0] == 401
    assert own.ask("/", Authorization="Bearer open sesame")[0] == 200
    code, _, headers = own.ask("/?token=open%20sesame")
    assert code == 200
    assert "HttpOnly" in headers["set-cookie"]
    with pytest.raises(InvalidStatus):
        own.talk()
    own.stop()


def heard(sound: np.ndarray, at_s: float) -> bytes:
    return struct.pack("<Bd", 1, at_s) + np.rint(sound * 32_767).astype("<i2").tobytes()


def seen(picture: np.ndarray, at_s: float) -> bytes:
    kept = BytesIO()
    Image.fromarray(picture).save(kept, "JPEG")
    return struct.pack("<Bd", 2, at_s) + kept.getvalue()


def told_in(client: ClientConnection, sound: np.ndarray) -> list[dict]:
    for first in range(0, len(sound), 1600):
        client.send(heard(sound[first : first + 1600], first / RATE_HZ))
    client.send("eof")
    return [json.loads(event) for event in client]


def test_a_talk_is_what_the_recogniser_makes_of_it(
    running: Running, causal: Recogniser, sound: np.ndarray
):
    with running.talk() as client:
        events = told_in(client, sound)
    rounded = np.rint(sound * 32_767).astype(np.float32) / 32_768
    expected = Conversation(causal, ALONE)
    expected.feed(rounded)
    expected.end()
    (final,) = [event for event in events if event["type"] == "turn" and event["is_final"]]
    (own,) = expected.recognition.utterances
    assert list(final["probabilities"].values()) == pytest.approx(own.probabilities, abs=1e-6)
    assert (events[-1]["type"], events[-1]["turns"]) == ("end", 1)
    place = events[-1]["recognition"]
    assert running.ask(f"{place}/page")[0] == 200
    assert len(json.loads(running.ask(f"{place}/export/json")[1])["utterances"]) == 1


def test_pictures_are_seen(running: Running, sound: np.ndarray):
    picture = paste(room(), draw_face(240), (300, 180))
    with running.talk() as client:
        for tenth in range(0, 30, 2):
            client.send(seen(picture, tenth / 10))
            piece = sound[tenth * 1600 : (tenth + 2) * 1600]
            client.send(heard(piece, tenth / 10))
        client.send("eof")
        events = [json.loads(event) for event in client]
    (final,) = [event for event in events if event["type"] == "turn" and event["is_final"]]
    assert set(final["contributions"]) == {"audio", "visual"}


RUBBISH = (
    *(b"", b"x", bytes(9) + b"x", struct.pack("<Bd", 7, 0.0), struct.pack("<Bd", 1, 0.0) + b"x"),
    *(struct.pack("<Bd", 2, 0.0) + b"no picture", "hello", '{"type": "eof"}'),
    struct.pack("<Bd", 1, 0.0) + bytes(2 * RATE_HZ * 31),
)


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_ends_the_clients_own_talk(running: Running, rubbish: bytes | str):
    with running.talk() as client, suppress(ConnectionClosed):
        client.send(rubbish)
        list(client)
    assert client.close_code in (1003, 1009)


def test_enemies_cost_nobody_else(running: Running, sound: np.ndarray):
    def flood() -> None:
        with running.talk() as client, suppress(ConnectionClosed):
            for second in range(10_000):
                client.send(heard(np.zeros(RATE_HZ, np.float32), float(second)))

    def lie() -> None:
        with running.talk() as client, suppress(ConnectionClosed):
            for number in range(200):
                client.send(heard(sound[:1600], float("nan") if number % 2 else -1.0))

    for enemy in [flood, flood, lie, lie]:
        threading.Thread(target=enemy, daemon=True).start()
    time.sleep(0.3)
    with running.talk() as client:
        events = told_in(client, sound)
    assert events[-1]["type"] == "end"
    assert [event["is_final"] for event in events if event["type"] == "turn"][-1]


def test_who_sends_nothing_is_gone(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(talks, "SILENT_S", 0.3)
    with running.talk() as client, pytest.raises(ConnectionClosed):
        client.recv(timeout=20)
    assert client.close_code == 1001


def test_what_breaks_is_logged_and_ends_the_talk(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(Conversation, "feed", lambda *_, **__: 1 / 0)
    with running.talk() as client, suppress(ConnectionClosed):
        client.send(heard(np.zeros(1600, np.float32), 0.0))
        list(client)
    assert client.close_code == 1011
    assert "ZeroDivisionError" in caplog.text


def test_of_too_many_talks_the_oldest_is_deleted_and_recordings_are_still_taken(
    running: Running, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "MOST", 2)
    own = jobs.Jobs(running.server.jobs.recognise)
    nothing = Recognition("live", 1.0, ("joy",), (), "lite", "")
    kept = [own.keep(nothing) for _ in range(4)]
    assert own.all() == kept[2:]
    assert [job.folder.is_dir() for job in kept] == [False, False, True, True]
    assert [own.new("a").name, own.new("b").name] == ["a", "b"]
    with pytest.raises(InputError, match="2 recordings are kept"):
        own.new("c")
    own.close()


def test_there_is_a_limit_to_talks(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(talks, "MOST", 0)
    with running.talk() as client, pytest.raises(ConnectionClosed):
        client.recv(timeout=20)
    assert client.close_code == 1013


@pytest.mark.parametrize(
    ("width", "height", "complaint"), [(641, 10, "641 x 10"), (10, 900, "10 x 900")]
)
def test_large_pictures_are_refused_before_they_are_decoded(
    width: int, height: int, complaint: str
):
    content = seen(np.zeros((height, width, 3), np.uint8), 0.0)[9:]
    with pytest.raises(InputError, match=complaint):
        check_jpeg(content)


def test_what_programs_ask_for_is_all_there(running: Running):
    told = json.loads(running.ask("/openapi.json")[1])
    assert set(told["paths"]) == {
        *("/recognitions", "/recognitions/{id}", "/recognitions/{id}/cancel", "/live"),
        *("/recognitions/{id}/page", "/recognitions/{id}/export/{ending}"),
        *("/recognitions/{id}/corrections", "/adaptation", "/adaptation/model"),
    }
