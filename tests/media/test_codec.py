"""Codecs: sound comes back as long as it was, at its place, changed a little."""

import numpy as np
import pytest

from synctva.errors import InputError
from synctva.media import SAMPLE_RATE_HZ
from synctva.media.codec import ENCODERS, through_codec


def voice(seconds: float = 1.0) -> np.ndarray:
    """Returns a gliding pitch with harmonics, in syllables."""
    time_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * np.cumsum(140 + 40 * np.sin(3 * time_s)) / SAMPLE_RATE_HZ
    sound = sum(np.sin(n * phase) / n for n in range(1, 12)) * (0.6 + 0.4 * np.sin(25 * time_s))
    return (0.1 * sound).astype(np.float32)


@pytest.mark.parametrize("codec", ENCODERS)
def test_sound_keeps_its_length_its_place_and_most_of_itself(codec: str):
    sound = np.concatenate([np.zeros(3_000, np.float32), voice(), np.zeros(5_000, np.float32)])
    coded = through_codec(sound, codec, 32_000)
    assert coded.dtype == np.float32
    assert len(coded) == len(sound)
    assert not np.array_equal(coded, sound)
    likeness = np.correlate(coded, sound[200:-200], "valid")
    assert abs(int(likeness.argmax()) - 200) <= 2
    assert np.corrcoef(coded, sound)[0, 1] > 0.9
    assert np.abs(coded[:2_000]).max() < 0.02


def test_fewer_bits_change_more():
    sound = voice()
    far, near = (
        np.abs(through_codec(sound, "mp3", rate) - sound).mean() for rate in (16_000, 64_000)
    )
    assert far > 1.2 * near


@pytest.mark.parametrize("length", [1, 100, 1_000, 1_700, 4_000])
def test_even_a_moment_comes_back(length: int):
    for codec in ENCODERS:
        assert len(through_codec(voice()[:length], codec, 12_200)) == length


def test_nothing_stays_nothing():
    assert through_codec(np.zeros(0, np.float32), "aac", 32_000).size == 0


def test_an_unknown_codec_is_told():
    with pytest.raises(InputError, match=r"unknown codec 'ac'.*Did you mean 'aac'"):
        through_codec(voice(), "ac", 32_000)
