"""Left and right become one: dead channels count nothing, and what cancels is not silence."""

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from synctva.media import read_audio

RATE_HZ = 16_000
HEARD = 0.4 * np.sin(np.arange(4 * RATE_HZ) * 0.3)


def stereo(path: Path, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns what is heard of two channels."""
    samples = np.round(np.stack([left, right], axis=1) * 32_767)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return read_audio(path)


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("share", [-1.0, -0.9])
def test_channels_that_cancel_are_heard(tmp_path: Path, share: float):
    np.testing.assert_allclose(stereo(tmp_path / "a.wav", HEARD, share * HEARD), HEARD, atol=1e-3)


@pytest.mark.parametrize("is_left", [True, False])
def test_a_dead_channel_takes_nothing_from_the_other(tmp_path: Path, is_left: bool):
    hiss = 1e-4 * np.random.default_rng(0).normal(size=len(HEARD))
    channels = (HEARD, hiss) if is_left else (hiss, HEARD)
    np.testing.assert_allclose(stereo(tmp_path / "a.wav", *channels), HEARD, atol=1e-3)


def test_two_people_on_two_channels_are_both_heard_alike(tmp_path: Path):
    other = 0.4 * np.sin(np.arange(len(HEARD)) * 0.2)
    heard = stereo(tmp_path / "a.wav", HEARD, other)
    np.testing.assert_allclose(heard, (HEARD + other) / 2, atol=1e-3)


def test_a_span_is_mixed_as_the_whole_is(tmp_path: Path):
    """In its last half second alone nothing cancels."""
    right = np.concatenate([-HEARD[: -RATE_HZ // 2], 0.1 * HEARD[-RATE_HZ // 2 :]])
    whole = stereo(tmp_path / "a.wav", HEARD, right)
    part = read_audio(tmp_path / "a.wav", 3.5, 3.9)
    np.testing.assert_array_equal(part, whole[round(3.5 * RATE_HZ) : round(3.9 * RATE_HZ)])
    assert loudness(whole) == pytest.approx(loudness(HEARD), rel=0.02)


@pytest.mark.parametrize("form", ["wav", "mka", "mp4", "ogg", "flac"])
def test_a_long_recording_of_two_channels_is_heard_at_places_all_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
):
    monkeypatch.setattr("synctva.media.mix.FIRST_S", 1.0)
    monkeypatch.setattr("synctva.media.mix.PLACE_S", 0.3)
    codec = {"wav": "pcm_s16le", "mp4": "aac", "ogg": "libopus", "flac": "flac", "mka": "aac"}
    with av.open(str(tmp_path / f"a.{form}"), "w") as container:
        stream = container.add_stream(codec[form], rate=RATE_HZ, layout="stereo")
        samples = np.stack([HEARD, -HEARD]).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.rate = RATE_HZ
        for resampled in av.AudioResampler(stream.format, "stereo", RATE_HZ).resample(frame):
            container.mux(stream.encode(resampled))
        container.mux(stream.encode(None))
    heard = read_audio(tmp_path / f"a.{form}", 1.0, 3.0)
    assert loudness(heard) == pytest.approx(loudness(HEARD), rel=0.05)
