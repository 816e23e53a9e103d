"""A talk: fed by one thread, read by another; the verb that prints it."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from support.models import silence, voice

from synctva import Recogniser
from synctva.errors import InputError
from synctva.inference.live import End, Problem, Talk, Turn
from synctva.inference.live.played import played
from synctva.media import read_audio

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load("lite", is_causal=True, workers=1)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two turns of a voice: five seconds."""
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    heard = np.concatenate([silence(0.5), voice(1.5), silence(0.8), voice(1.7), silence(0.5)])
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes(np.rint(heard * 32_767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def sound(recording: Path) -> np.ndarray:
    found = read_audio(recording)
    assert found is not None
    return found


def test_events_come_until_the_end(recogniser: Recogniser, sound: np.ndarray):
    with recogniser.live() as talk:
        for first in range(0, len(sound), 1600):
            talk.feed(sound[first : first + 1600])
        talk.end()
        events = list(talk)
    assert events[-1] == End(len(sound) / RATE_HZ, 2)
    finals = [e for e in events if isinstance(e, Turn) and e.is_final]
    assert [e.id for e in finals] == [0, 1]
    assert [u.probabilities for u in talk.recognition.utterances] == [
        tuple(e.probabilities.values()) for e in finals
    ]
    with pytest.raises(InputError, match="over"):
        talk.feed(sound)


def test_what_is_wrong_with_a_piece_is_told_and_the_talk_goes_on(recogniser: Recogniser):
    with recogniser.live() as talk:
        talk.feed(np.full(9, 7, np.float32))
        talk.feed(np.zeros(RATE_HZ, np.float32))
    problem, end = list(talk)
    assert isinstance(problem, Problem)
    assert "beyond -1 to 1" in problem.message
    assert end == End(1.0, 0)


def test_what_breaks_is_raised_where_events_are_read(
    recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch
):
    with recogniser.live() as talk:
        monkeypatch.setattr(talk._conversation, "feed", lambda *_, **__: 1 / 0)
        talk.feed(np.zeros(9, np.float32))
        with pytest.raises(ZeroDivisionError):
            list(talk)


def test_a_recording_is_played_whole_and_at_its_pace(recording: Path, sound: np.ndarray):
    waited: list[float] = []
    pieces = list(played(recording, 2.0, clock=lambda: 7.0, sleep=waited.append))
    heard = np.concatenate([piece for piece, _, _ in pieces])
    np.testing.assert_allclose(heard, sound, atol=0.02)
    starts = np.cumsum([0, *(len(piece) for piece, _, _ in pieces[:-1])]) / RATE_HZ
    np.testing.assert_allclose([at_s for _, at_s, _ in pieces], starts, atol=0.02)
    ends = np.array([at_s + len(piece) / RATE_HZ for piece, at_s, _ in pieces])
    np.testing.assert_allclose(waited, ends / 2)


def live(*words: str | Path, **given: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "synctva", "live", *map(str, words), "--no-asr"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, **pipes, **given)  # pyright: ignore


def lines(told: bytes) -> list[dict]:
    return [json.loads(line) for line in told.splitlines()]


@pytest.mark.slow
def test_sound_on_standard_input_gives_a_line_for_each_event(sound: np.ndarray, tmp_path: Path):
    piped = np.rint(sound * 32_767).astype("<i2").tobytes()
    process = live("-", "--out", tmp_path / "talk.json", stdin=subprocess.PIPE)
    told, said = process.communicate(piped + b"x")  # the half of a sample is nothing
    assert process.returncode == 0, said
    events = lines(told)
    assert [event["type"] for event in events if event["type"] != "turn"] == ["speech"] * 2 + [
        "end"
    ]
    finals = [event for event in events if event["type"] == "turn" and event["is_final"]]
    kept = json.loads((tmp_path / "talk.json").read_text())["utterances"]
    assert [one["start_s"] for one in kept] == [event["start_s"] for event in finals]


@pytest.mark.slow
def test_ctrl_c_ends_the_talk_and_tells_its_last_turn(sound: np.ndarray):
    process = live("-", stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(np.rint(sound[: 2 * RATE_HZ] * 32_767).astype("<i2").tobytes())
    process.stdin.flush()
    first = process.stdout.readline()  # somebody has begun
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    told, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    events = lines(first + told)
    assert [event["type"] for event in events if event["type"] != "turn"] == ["speech", "end"]
    assert events[-2]["is_final"]
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["missing.mp4"], "no such file"),
        (["-", "--out", "talk.docx"], "unknown ending"),
    ],
)
def test_what_cannot_be_is_one_line(words: list[str], complaint: str, tmp_path: Path):
    process = live(*words, stdin=subprocess.DEVNULL, cwd=tmp_path)
    _, said = process.communicate()
    assert process.returncode == 2
    assert complaint in said.decode()
    assert said.strip().count(b"\n") == 0


def test_a_talk_that_nobody_ends_does_not_keep_its_process(recogniser: Recogniser):
    talk = recogniser.live()
    assert isinstance(talk, Talk)
    assert talk._thread.daemon
    talk.end()
