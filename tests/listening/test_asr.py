"""Whisper hears what was said, and little of the silence behind it."""

import numpy as np
import pytest

from synctva.listening.asr import _encoded


@pytest.mark.parametrize(("sound", "encoded"), [(0, 1500), (400, 1500), (401, 3000), (3000, 3000)])
def test_of_short_sound_less_silence_is_encoded(sound: int, encoded: int):
    spectrogram = np.zeros((80, 3000), np.float32)
    spectrogram[:, :sound] = 0.5
    found = _encoded(lambda given: given, spectrogram)
    np.testing.assert_array_equal(found, spectrogram[:, :encoded])
