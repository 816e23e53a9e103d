"""How loud a recording is over time."""

from pathlib import Path

import numpy as np
import pytest
from support.recordings import Making, record

from synctva.media import WAVEFORM_HZ, waveform


def test_it_rises_where_the_sound_begins_and_its_loudest_is_255(tmp_path: Path):
    path = record(tmp_path / "a.wav", Making(length_s=3.05, step_s=1.2))
    found = waveform(path)
    assert len(found) == 31  # the last one of half a tenth
    begin = round(1.2 * WAVEFORM_HZ)
    assert found[:begin].max() < 5  # the resampler hears it a little before
    assert found[begin:].min() > 230
    assert found.max() == 255


@pytest.mark.parametrize("step_s", [1.0, 9.0])
def test_silence_is_flat_and_a_silent_recording_no_division_by_zero(tmp_path: Path, step_s: float):
    found = waveform(record(tmp_path / "a.flac", Making(length_s=1.0, step_s=step_s)))
    assert np.array_equal(found, np.zeros(10))
