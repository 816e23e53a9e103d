"""Speech in stretches: no sound twice, and what is not understood as a whole is heard in halves."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import Making, record

from synctva.listening.asr import Sentence
from synctva.listening.stretches import Stretch, sentences_of, stretches
from synctva.listening.voice_activity import Speech
from synctva.media import SAMPLE_RATE_HZ, apart
from synctva.transcripts import Word

SPANS = [(10.0, 12.0), (12.5, 14.0), (15.0, 17.0), (17.2, 19.0)]


def sound_of(spans: list[tuple[float, float]]) -> np.ndarray:
    """Returns a stretch's sound, in which the nth span has the level n."""
    sound = np.zeros(round((spans[-1][1] - spans[0][0]) * SAMPLE_RATE_HZ), np.float32)
    for number, own in enumerate(spans, start=1):
        first, last = (round((at_s - spans[0][0]) * SAMPLE_RATE_HZ) for at_s in own)
        sound[first:last] = number
    return sound


def told(samples: np.ndarray, squeezed: int = 0) -> list[Sentence]:
    """Says each span by its level, at its place; one of them in words without length."""
    found = []
    for level in sorted({*samples.tolist()} - {0.0}):
        at = np.flatnonzero(samples == level) / SAMPLE_RATE_HZ
        times = np.linspace(at[0], at[0] if level == squeezed else at[-1], 4)
        texts = " It", " is", f" {level:g}."
        words = (Word(a, b, text) for (a, b), text in zip(pairwise(times), texts, strict=True))
        found.append(Sentence(tuple(words), -0.1))
    return found


@pytest.mark.parametrize("longest_s", [0.5, 15.0])
def test_no_sound_is_heard_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest_s: float):
    talk = record(tmp_path / "talk.wav", Making(length_s=4.5, step_s=2.5))
    monkeypatch.setattr("synctva.listening.stretches.STRETCH_S", longest_s)
    speech = Speech(((0.0, 1.0), (1.0, 2.0), (2.1, 3.0), (4.0, 4.5)), 4.5)
    with apart() as looking:
        found = list(stretches(talk, speech, looking))
    assert sum(len(own.samples) for own in found) <= round(4.5 * SAMPLE_RATE_HZ) + len(found)
    for own, following in pairwise(found):
        end_s = own.start_s + len(own.samples) / SAMPLE_RATE_HZ
        assert end_s <= following.start_s + 0.001


@given(st.integers(0, 4), st.integers(1, 4))
def test_a_sentence_without_length_has_its_stretch_heard_in_halves(squeezed: int, count: int):
    spans, heard = SPANS[:count], []

    def transcribe(samples: np.ndarray) -> list[Sentence]:
        heard.append(sorted({*samples.tolist()} - {0.0}))
        return told(samples, squeezed if len(heard) == 1 < count else 0)

    found = sentences_of(Stretch(spans, sound_of(spans)), transcribe)
    assert [one.words[-1].text for one in found] == [f" {n}." for n in range(1, count + 1)]
    for one, (start_s, end_s) in zip(found, spans, strict=True):
        assert one.words[0].start_s == pytest.approx(start_s, abs=0.001)
        assert one.words[-1].end_s == pytest.approx(end_s, abs=0.001)
    is_lost = 1 <= squeezed <= count and count > 1
    assert len(heard) == (3 if is_lost else 1)


def test_a_single_span_that_is_not_understood_stays_as_it_was_heard():
    found = sentences_of(Stretch(SPANS[:1], sound_of(SPANS[:1])), lambda own: told(own, 1))
    assert [word.text for word in found[0].words] == [" It", " is", " 1."]
