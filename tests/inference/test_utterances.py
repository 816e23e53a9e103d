"""Utterances of a recording: from its transcript, else from where somebody speaks."""

import wave
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.models import SAID, film, silence, voice
from support.recordings import Making, of_misstated_length, record

from synctva.errors import InputError
from synctva.inference.utterances import is_transcript, utterances_of
from synctva.listening.voice_activity import (
    LANE_WINDOWS,
    LANES,
    LONGEST_S,
    RUN_UP_WINDOWS,
    WINDOW,
    speech_probabilities,
)


@pytest.fixture
def srt(tmp_path: Path) -> Path:
    path = tmp_path / "talk.srt"
    path.write_text(SAID)
    return path


def test_a_transcript_says_who_says_what_when(tmp_path: Path, srt: Path):
    talk = record(tmp_path / "talk.wav", Making(length_s=2.5))
    found = utterances_of(talk, srt)
    assert (found.media, found.note) == (str(talk), "")
    assert found.duration_s == pytest.approx(2.5, abs=0.05)
    assert found.dialogue is not None
    told = [(u.speaker, u.text, u.start_s, u.end_s) for u in found.dialogue.utterances]
    assert told == [("Ada", "Oh no!", 0.2, 1.0), ("Bob", "Yes.", 1.0, 2.0)]
    assert {utterance.media for utterance in found.dialogue.utterances} == {str(talk)}


def test_what_begins_after_the_end_is_left_out_and_said(tmp_path: Path, srt: Path):
    talk = record(tmp_path / "talk.wav", Making(length_s=0.9))
    found = utterances_of(talk, srt)
    assert found.dialogue is not None
    assert len(found.dialogue.utterances) == 1
    assert "left out" in found.note


@pytest.mark.parametrize("ending", ["mp3", "mkv", "webm"])
def test_what_lies_in_a_recording_of_misstated_length_is_kept_and_no_more(
    tmp_path: Path, ending: str
):
    talk = of_misstated_length(tmp_path / f"talk.{ending}", 6.0)
    lines = [f"SPEAKER talk 1 {at_s} 2.5 <NA> <NA> Ada <NA> <NA>" for at_s in (0, 4, 5, 9)]
    (tmp_path / "talk.rttm").write_text("\n".join(lines))
    found = utterances_of(talk, tmp_path / "talk.rttm")
    assert found.duration_s == pytest.approx(6.0, abs=0.15)
    assert found.dialogue is not None
    assert [utterance.start_s for utterance in found.dialogue.utterances] == [0, 4, 5]
    assert found.dialogue.utterances[2].end_s == found.duration_s
    assert "1 of 4 left out" in found.note


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["mp3", "mkv", "webm"])
def test_what_was_heard_is_as_long_as_it_is(tmp_path: Path, ending: str):
    talk = of_misstated_length(tmp_path / f"talk.{ending}", 6.0)
    assert utterances_of(talk).duration_s == pytest.approx(6.0, abs=0.15)


def test_a_transcript_alone_is_its_text(srt: Path):
    found = utterances_of(srt)
    assert (found.media, found.duration_s) == (str(srt), 2.0)
    assert found.dialogue is not None
    assert {utterance.media for utterance in found.dialogue.utterances} == {None}


@pytest.mark.parametrize("name", ["a.srt", "a.VTT", "a.TextGrid", "a.eaf", "a.csv", "a.json"])
def test_transcripts_are_known_by_their_names(name: str):
    assert is_transcript(Path(name))
    assert not is_transcript(Path(name).with_suffix(".mp4"))


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_text("words"), "no recording of a format"),
        (lambda path: path.mkdir(), "folder"),
        (lambda path: record(path, sound=False), "no sound"),
    ],
)
def test_what_cannot_be_heard_is_one_line(tmp_path: Path, make, complaint: str):
    make(tmp_path / "talk.mp4")
    with pytest.raises(InputError, match=complaint) as error:
        utterances_of(tmp_path / "talk.mp4")
    assert "talk.mp4" in str(error.value)


def test_one_transcript_is_enough(srt: Path):
    with pytest.raises(InputError, match="another one"):
        utterances_of(srt, srt)


def test_a_transcript_without_words_needs_its_recording(tmp_path: Path):
    (tmp_path / "talk.rttm").write_text("SPEAKER talk 1 0.5 1.0 <NA> <NA> Ada <NA> <NA>\n")
    with pytest.raises(InputError, match="no words"):
        utterances_of(tmp_path / "talk.rttm")


@pytest.mark.slow
def test_speech_is_found_where_it_is_and_cut_where_it_is_long(tmp_path: Path):
    talk = film(tmp_path / "talk.mp4", silence(1.5), voice(2.5), silence(2), voice(20), silence(1))
    found = utterances_of(talk)
    assert found.dialogue is not None
    spans = [(u.start_s or 0.0, u.end_s or 0.0) for u in found.dialogue.utterances]
    assert spans[0] == (pytest.approx(1.5, abs=0.35), pytest.approx(4.0, abs=0.35))
    assert spans[1][0] == pytest.approx(6.0, abs=0.35)
    assert spans[-1][1] == pytest.approx(26.0, abs=0.35)
    assert all(0.25 <= end - start <= LONGEST_S for start, end in spans)
    assert all(end <= start + 0.001 for (_, end), (start, _) in pairwise(spans))
    covered = sum(end - start for start, end in spans)
    assert covered == pytest.approx(22.5, abs=1.5)


@pytest.mark.slow
def test_minutes_of_silence_are_no_speech(tmp_path: Path):
    with wave.open(str(tmp_path / "night.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(4000)
        for _ in range(5):
            file.writeframes(bytes(2 * 4000 * 60))
    found = utterances_of(tmp_path / "night.wav")
    assert found.dialogue is None
    assert found.duration_s == pytest.approx(300)


class LoudnessWithMemory:
    """Stands for silero: how loud a window is, and what it was like in the windows before."""

    def __init__(self, memory: float) -> None:
        self.memory, self.state = memory, None

    def reset_states(self) -> None:
        self.state = None

    def __call__(self, windows: torch.Tensor, rate_hz: int) -> torch.Tensor:
        assert (windows.shape[1], rate_hz) == (WINDOW, 16_000)
        loud = windows.abs().amax(1, keepdim=True)
        before = torch.zeros_like(loud) if self.state is None else self.state
        self.state = self.memory * before + (1 - self.memory) * loud
        return self.state


def probabilities(pieces: Sequence[np.ndarray], memory: float) -> tuple[np.ndarray, int]:
    heard = list(speech_probabilities(pieces, LoudnessWithMemory(memory)))
    return np.concatenate([p for p, _ in heard]), sum(count for _, count in heard)


@settings(max_examples=15, deadline=None)
@given(
    length=st.integers(WINDOW, 3 * LANES * LANE_WINDOWS * WINDOW // 2),
    cuts=st.lists(st.floats(0, 1), max_size=4),
    memory=st.sampled_from([0.0, 0.5]),
)
def test_lanes_and_pieces_hear_what_one_after_the_other_would(
    length: int, cuts: list[float], memory: float
):
    sound = np.random.default_rng(length).random(length, np.float32)
    pieces = np.split(sound, sorted(int(cut * length) for cut in cuts))
    found, count = probabilities(pieces, memory)
    windows = -(-length // WINDOW)
    padded = np.pad(sound, (0, windows * WINDOW - length)).reshape(windows, 1, WINDOW)
    network = LoudnessWithMemory(memory)
    network(torch.zeros(1, WINDOW), 16_000)
    expected = torch.cat([network(torch.from_numpy(w), 16_000) for w in padded]).flatten()
    assert count == length
    np.testing.assert_allclose(found, expected.numpy(), atol=2 * 0.5**RUN_UP_WINDOWS)


def test_silence_is_not_listened_to():
    class Nobody:
        def __call__(self, *_: object) -> None:
            raise AssertionError("listened")

    found = list(speech_probabilities([np.zeros(100_000, np.float32)], Nobody()))
    assert sum(p.sum() for p, _ in found) == 0
