"""Rooms: one conversation is heard alike, as loud, as noisy and as narrow as its room says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synctva.media import SAMPLE_RATE_HZ
from synctva.media.rooms import BACKGROUNDS, Room, draw_room, heard_in

QUIET = Room(level_db=-20.0)


def voice(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    """Returns noise in syllables with pauses."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = rng.standard_normal(len(time_s)) * (np.sin(2 * np.pi * 1.5 * time_s) > 0)
    return (0.05 * sound).astype(np.float32)


def level_db(sound: np.ndarray) -> float:
    return 20 * float(np.log10(np.sqrt((sound.astype(np.float64) ** 2).mean())))


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_whatever_the_room_sound_is_finite_within_bounds_and_as_long(seed: int):
    rng = np.random.default_rng(seed)
    room, sound = draw_room(rng), voice(0.7)
    heard = heard_in(room, sound, rng, [voice(0.5, 1)])
    assert heard.dtype == np.float32
    assert heard.shape == sound.shape
    assert np.isfinite(heard).all()
    assert 0 < np.abs(heard).max() <= 1.1  # codecs overshoot


def test_the_seed_decides_everything():
    one, again = (
        heard_in(draw_room(rng), voice(), rng, [voice(1, 1)])
        for rng in (np.random.default_rng(5), np.random.default_rng(5))
    )
    np.testing.assert_array_equal(one, again)


def test_loud_and_quiet_recordings_come_out_as_loud():
    loud, quiet = (
        heard_in(QUIET, gain * voice(), np.random.default_rng(0)) for gain in (8.0, 0.01)
    )
    np.testing.assert_allclose(loud, quiet, atol=1e-4)
    louder = heard_in(replace(QUIET, level_db=-10.0), voice(), np.random.default_rng(0))
    assert level_db(louder) - level_db(quiet) == pytest.approx(10.0, abs=0.5)


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_background_fills_the_pauses_as_loud_as_stated(background: str):
    pauses = voice() == 0
    noisy = [
        heard_in(
            replace(QUIET, background=background, signal_to_noise_db=db),
            voice(), np.random.default_rng(0), [np.abs(voice(2, 3)) + 0.01],
        )
        for db in (20.0, 10.0)
    ]  # fmt: skip
    few, many = (level_db(one[pauses]) - level_db(one[~pauses]) for one in noisy)
    assert -26 < few < -14
    assert many - few == pytest.approx(10.0, abs=2.5)


def test_reverberation_goes_on_after_the_voice():
    rng = np.random.default_rng(0)
    room = next(r for r in (draw_room(rng) for _ in range(99)) if r.response is not None)
    sound = voice()
    sound[SAMPLE_RATE_HZ:] = 0
    heard = heard_in(replace(QUIET, response=room.response), sound, rng)
    after = heard[SAMPLE_RATE_HZ : SAMPLE_RATE_HZ + 800]
    assert np.abs(after).max() > 0
    assert level_db(after) > level_db(heard[-800:] + 1e-9) + 10


def test_a_band_leaves_nothing_outside_it():
    heard = heard_in(replace(QUIET, band_hz=(300.0, 3_400.0)), voice(), np.random.default_rng(0))
    power = np.abs(np.fft.rfft(heard)) ** 2
    hertz = np.fft.rfftfreq(len(heard), 1 / SAMPLE_RATE_HZ)
    assert power[hertz > 5_000].mean() < 1e-2 * power[(hertz > 500) & (hertz < 3_000)].mean()


def test_silence_stays_silence():
    assert not heard_in(QUIET, np.zeros(800, np.float32), np.random.default_rng(0)).any()
