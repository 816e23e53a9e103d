"""The server's pages in a real browser, with a microphone and a camera that play a recording."""

import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from support.browser import CHROMIUM, Page, browser
from support.drawn import draw_face, paste, room
from support.models import film, silence, voice
from support.servers import Running

from synctva import Recogniser
from synctva.serving import corrections

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

RATE_HZ = 22_050


def write_microphone(path: Path) -> None:
    heard = np.concatenate([silence(1.0), voice(2.0), silence(1.5)])
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.rint(heard * 32_767).astype("<i2").tobytes())


def write_camera(path: Path) -> None:
    picture = paste(room(), draw_face(240), (300, 180))
    frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
    planes = [
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    ]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{frame.width} H{frame.height} F10:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(20):
            file.write(b"FRAME\n" + b"".join(plane.tobytes() for plane in planes))


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    causal = Recogniser.load("lite", is_causal=True, workers=1)
    with Recogniser.load("lite", workers=1) as recogniser:
        found = Running(recogniser, causal)
        yield found
        found.stop()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("chromium")
    write_microphone(folder / "microphone.wav")
    write_camera(folder / "camera.y4m")
    devices = (
        *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
        f"--use-file-for-fake-audio-capture={folder / 'microphone.wav'}",
        f"--use-file-for-fake-video-capture={folder / 'camera.y4m'}",
    )
    with browser(folder, *devices) as page:
        yield page


def fits(page: Page) -> bool:
    return page.ask("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_talk_in_the_browser_is_recognised_and_kept(page: Page, running: Running, width: int):
    page.complaints.clear()
    page.open(f"http://{running.host}/live", width)
    assert fits(page)
    page.click("#begin")
    page.wait_for("byId('now-emotion').textContent.includes('%')")
    page.wait_for("byId('said').children.length > 0")
    assert fits(page)
    page.click("#end")
    page.wait_for("!byId('kept').hidden")
    finals = page.ask("[...turns.values()].filter((turn) => turn.is_final).length")
    assert page.ask("byId('said').children.length") == finals
    seen = page.ask("[...turns.values()].some((turn) => 'visual' in turn.contributions)")
    assert seen
    assert page.complaints == []
    page.open(f"http://{running.host}{page.ask('byId(`kept`).firstChild.pathname')}", width)
    assert page.ask("utterances.length") == finals
    assert page.complaints == []


def test_a_recording_that_is_dropped_is_recognised_and_deleted(
    page: Page, running: Running, tmp_path: Path
):
    talk = film(tmp_path / "talk.mp4", silence(0.5), voice(1.2), silence(0.5))
    page.complaints.clear()
    page.open(f"http://{running.host}/", 390)
    node = page.call("DOM.getDocument")["root"]["nodeId"]
    field = page.call("DOM.querySelector", nodeId=node, selector="#files")["nodeId"]
    page.call("DOM.setFileInputFiles", nodeId=field, files=[str(talk)])
    page.wait_for("document.querySelector('#jobs li bdi')?.textContent === 'talk.mp4'")
    page.wait_for("!!document.querySelector('#jobs li:first-child a')")
    assert fits(page)
    assert page.ask("document.querySelector('#jobs li:first-child bdi').textContent") == "talk.mp4"
    place = page.ask("document.querySelector('#jobs li:first-child a').pathname")
    page.ask("document.querySelector('#jobs li:first-child button').click()")
    page.wait_for("!byId('jobs').textContent.includes('talk.mp4')")
    assert running.ask(place)[0] == 404
    assert page.complaints == []


def test_a_recording_on_its_way_stays_in_the_list_while_the_list_is_asked_for(
    page: Page, running: Running
):
    page.open(f"http://{running.host}/", 390)
    stays = "const row = waitingRow('talk.mp4'); await refresh(); return row.isConnected"
    assert page.ask(f"(async () => {{ {stays} }})()")
    gone = "const [row] = sending; sending.delete(row); await refresh(); return !row.isConnected"
    assert page.ask(f"(async () => {{ {gone} }})()")


def test_corrections_are_saved_and_learnt_from_by_clicks(
    page: Page, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = '{"utterances": 9, "right_before": 4, "right_after": 6, "note": "that may be chance"}'
    monkeypatch.setattr(corrections, "ADAPT", (sys.executable, "-c", f"print('{found}')"))
    talk = film(tmp_path / "talk.mp4", silence(0.6), voice(1.6), silence(0.8))
    told = running.done(running.post(recording=("talk.mp4", talk.read_bytes()))[1]["id"])
    page.complaints.clear()
    page.open(f"http://{running.host}/recognitions/{told['id']}/page", 1280)
    page.click("#correct")
    page.ask("correct(0, 'emotion', corrected(0).emotion === 'joy' ? 'anger' : 'joy')")
    page.click("#save")
    page.wait_for("byId('corrected-note').textContent.includes('Saved: 1 of 1')")
    page.click("#adapt")
    page.wait_for("byId('corrected-note').textContent.includes('4 of 9 before, 6 after')")
    assert page.ask("byId('corrected-note').querySelector('a').pathname") == "/adaptation/model"
    assert fits(page)
    assert not page.complaints
