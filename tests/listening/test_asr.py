"""Whisper hears what was said, and little of the silence behind it."""

import numpy as np
import pytest

from synctva.listening.asr import _encoded


@pytest.mark.parametrize(("sound", "encoded"), [(0, 1500), (301, 1500), (1201, 2200), (2600, 3000)])
def test_all_of_the_sound_is_encoded_and_ten_seconds_of_silence(sound: int, encoded: int):
    spectrogram = np.zeros((80, 3000), np.float32)
    spectrogram[:, :sound] = 0.5
    found = _encoded(lambda given: given, spectrogram)
    np.testing.assert_array_equal(found, spectrogram[:, :encoded])
