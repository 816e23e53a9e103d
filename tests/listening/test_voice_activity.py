"""Quiet sound is listened to as loud sound is, and told."""

import numpy as np
import pytest

from synctva.listening.voice_activity import (
    GOES_ON,
    MARGIN_S,
    SPEECH_LEVEL,
    WINDOW,
    Speech,
    _spans,
    levelled,
)


def sound(level: float) -> np.ndarray:
    return (level * np.random.default_rng(0).normal(size=16_000 * 4)).astype(np.float32)


@pytest.mark.parametrize("quieter_db", [20, 54, 74])
def test_quiet_sound_is_raised_to_one_level(quieter_db: int):
    own = sound(0.05)
    expected = levelled(own)
    assert np.sqrt((expected**2).mean()) == pytest.approx(SPEECH_LEVEL, rel=0.1)
    np.testing.assert_allclose(levelled(own * 10 ** (-quieter_db / 20)), expected, rtol=1e-4)


def test_loud_sound_stays_as_it_is():
    own = sound(0.2)
    assert levelled(own) is own


def test_silence_stays_silent():
    assert not levelled(np.zeros(16_000, np.float32)).any()


def test_quiet_speech_among_silence_is_raised_as_if_alone():
    own = sound(0.001)
    padded = np.concatenate([own, np.zeros(len(own) * 9, np.float32)])
    np.testing.assert_allclose(levelled(padded)[: len(own)], levelled(own), rtol=0.05, atol=1e-3)


def test_speech_ends_where_its_probability_falls():
    fading = np.repeat([0.0, 0.9, GOES_ON - 0.05, 0.0], [20, 40, 20, 20]).astype(np.float32)
    [(start_s, end_s)] = _spans(fading, len(fading) * WINDOW).spans
    assert start_s == pytest.approx(20 * WINDOW / 16_000 - MARGIN_S)
    assert end_s == pytest.approx(60 * WINDOW / 16_000 + MARGIN_S)


def test_a_recording_that_is_nearly_silent_says_so():
    assert Speech((), 1.0, -74.0).note.startswith(
        "nearly silent: the loudest of its sound is at -74"
    )
    assert Speech((), 1.0, -200.0).note.startswith("silent")
    assert Speech((), 1.0, -20.0).note == ""
