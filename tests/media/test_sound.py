"""The sound of a span, of every format and form, is what was recorded at that time."""

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.recordings import COARSE, LOUDNESS, MOVING, SOUNDING, Making, record, step_in

from synctva.errors import InputError
from synctva.media import SAMPLE_RATE_HZ, browser_type, length_of, read_audio
from synctva.media.limits import Limits
from synctva.media.sound import stream_audio

NEAR_S = {"flv": 0.03}
"""AAC begins with 21 ms that a flv does not say to skip; all others are exact to 20 ms."""

FEW = settings(max_examples=6, deadline=None)


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(2 * np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("ending", SOUNDING)
def test_a_tone_is_heard_when_it_was_played(tmp_path_factory: pytest.TempPathFactory, ending: str):
    folder = tmp_path_factory.mktemp("tones")

    @FEW
    @given(step_s=st.floats(0.1, 0.9), start_s=st.floats(0.0, 0.08))
    def check(step_s: float, start_s: float) -> None:
        path = record(folder / f"a.{ending}", Making(step_s=step_s), pictures=False)
        whole, part = read_audio(path), read_audio(path, start_s, 1.0)
        assert step_in(whole) == pytest.approx(step_s, abs=NEAR_S.get(ending, 0.02))
        assert step_in(part) == pytest.approx(step_in(whole) - start_s, abs=1e-3)
        assert len(part) == pytest.approx((1.0 - start_s) * SAMPLE_RATE_HZ, abs=2)

    check()


@pytest.mark.parametrize("ending", SOUNDING)
def test_a_late_span_is_what_the_whole_has_there(tmp_path: Path, ending: str):
    making = Making(length_s=8.0, step_s=6.1)
    path = record(tmp_path / f"a.{ending}", making)
    part, whole = read_audio(path, 5.5, 7.0), read_audio(path)
    assert len(part) == 1.5 * SAMPLE_RATE_HZ
    assert step_in(part) == pytest.approx(0.6, abs=NEAR_S.get(ending, 0.02))
    assert step_in(part) == pytest.approx(step_in(whole) - 5.5, abs=2e-3)  # mkv counts milliseconds
    assert loudness(part[-8000:]) == pytest.approx(LOUDNESS, rel=0.1)


@pytest.mark.parametrize("ending", COARSE)
def test_formats_of_a_coarse_clock_are_heard_when_they_were_played(tmp_path: Path, ending: str):
    path = record(tmp_path / f"a.{ending}", Making(length_s=8.0, step_s=6.1))
    part, whole = read_audio(path, 5.5, 7.0), read_audio(path)
    assert length_of(path) == pytest.approx(8.0, abs=0.15)
    assert step_in(whole) == pytest.approx(6.1, abs=0.1)
    assert step_in(part) == pytest.approx(step_in(whole) - 5.5, abs=2e-3)
    assert loudness(part[-8000:]) == pytest.approx(LOUDNESS, rel=0.1)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize(
    "codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"]
)
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_any_form_becomes_16_khz_mono_as_loud(
    tmp_path: Path, codec: str, rate_hz: int, layout: str
):
    making = Making(length_s=0.3, step_s=0.1, codec=codec, rate_hz=rate_hz, layout=layout)
    samples = read_audio(record(tmp_path / "a.wav", making))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(0.3 * SAMPLE_RATE_HZ, abs=1)
    assert step_in(samples) == pytest.approx(0.1, abs=1e-3)
    assert loudness(samples[1700:4700]) == pytest.approx(LOUDNESS, rel=0.02)
    assert np.abs(samples).max() <= 1.0


def test_speech_in_the_centre_of_six_channels_is_heard_and_the_effects_are_not(tmp_path: Path):
    sides = ("FL", "FR", "BL", "BR", "SL", "SR")
    centre = Making(length_s=0.3, step_s=0.0, layout="5.1", silent=(*sides, "LFE"))
    effects = Making(length_s=0.3, step_s=0.0, layout="5.1", silent=(*sides, "FC"))
    assert loudness(read_audio(record(tmp_path / "c.wav", centre))) > 0.2 * LOUDNESS
    assert loudness(read_audio(record(tmp_path / "e.wav", effects))) < 1e-3


@pytest.mark.parametrize("channels", [7, 9, 40, 64])
def test_many_channels_are_heard_as_one(tmp_path: Path, channels: int):
    heard = 0.5 * np.sin(np.arange(16_000) * 0.3)
    samples = np.repeat(np.round(heard * 32_767)[:, None], channels, axis=1)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((channels, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), heard, atol=1e-3)


def test_loud_channels_do_not_clip(tmp_path: Path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.full(32_000, 30_000, "<i2").tobytes())
    samples = read_audio(tmp_path / "a.wav")
    assert samples[1000] == pytest.approx(30_000 / 32_768, abs=1e-3)


def test_what_is_not_finite_is_silence(tmp_path: Path):
    path = record(tmp_path / "a.wav", Making(codec="pcm_f32le", rate_hz=16_000))
    content = bytearray(path.read_bytes())
    for place, value in [(4_000, np.nan), (8_000, np.inf), (9_000, 1e30)]:
        content[-place - 4 : -place] = np.float32(value).tobytes()
    path.write_bytes(content)
    samples = read_audio(path)
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0


def test_silence_is_zero_and_a_clip_of_50_ms_is_read(tmp_path: Path):
    silent = read_audio(record(tmp_path / "s.wav", Making(step_s=9.0)))
    assert len(silent) == SAMPLE_RATE_HZ
    assert not silent.any()
    for ending in SOUNDING:
        short = read_audio(record(tmp_path / f"a.{ending}", Making(length_s=0.05, step_s=0.0)))
        assert 0.045 <= len(short) / SAMPLE_RATE_HZ <= 0.1


@pytest.mark.parametrize("ending", MOVING)
def test_no_sound_track_is_none(tmp_path: Path, ending: str):
    assert read_audio(record(tmp_path / f"a.{ending}", sound=False)) is None


def test_a_hole_is_silence_and_what_follows_stays_in_its_place(tmp_path: Path):
    making = Making(length_s=2.0, step_s=1.5, hole_s=(0.5, 1.0), codec="pcm_s16le")
    samples = read_audio(record(tmp_path / "a.mkv", making))
    assert len(samples) == pytest.approx(2.0 * SAMPLE_RATE_HZ, abs=20)
    assert step_in(samples) == pytest.approx(1.5, abs=2e-3)


@pytest.mark.parametrize("ending", ["mkv", "mp4", "flv"])
def test_the_clock_begins_with_the_first_packet(tmp_path: Path, ending: str):
    path = record(tmp_path / f"a.{ending}", Making(begin_s=100.0))
    assert step_in(read_audio(path)) == pytest.approx(0.5, abs=0.03)
    assert step_in(read_audio(path, 0.4, 0.9)) == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("codec", ["libopus", "flac"])
@pytest.mark.parametrize("links_s", [(1.0, 3.0), (3.0, 1.0, 2.0)])
def test_what_follows_in_an_ogg_file_is_heard_after_what_comes_before(
    tmp_path: Path, codec: str, links_s: tuple[float, ...]
):
    making = [Making(length_s=length_s, codec=codec) for length_s in links_s]
    links = [record(tmp_path / "link.ogg", one).read_bytes() for one in making]
    path = tmp_path / "a.ogg"
    path.write_bytes(b"".join(links))
    whole = read_audio(path)
    begin_s = np.cumsum([0.0, *links_s])
    assert len(whole) / SAMPLE_RATE_HZ == pytest.approx(sum(links_s), abs=0.03)
    assert np.array_equal(np.concatenate(list(stream_audio(path))), whole)
    for start_s, end_s in pairwise(begin_s):
        part = read_audio(path, start_s + 0.1, end_s)
        first = round((start_s + 0.1) * SAMPLE_RATE_HZ)
        assert np.array_equal(part, whole[first : first + len(part)])
        assert step_in(part) == pytest.approx(0.4, abs=0.02)
    assert length_of(path) == pytest.approx(sum(links_s), abs=0.03)
    assert browser_type(path) is None


def test_a_span_that_runs_on_is_clipped_and_one_mostly_outside_is_refused(tmp_path: Path):
    path = record(tmp_path / "a.wav")
    assert len(read_audio(path, 0.5, 1.2)) == 0.5 * SAMPLE_RATE_HZ
    with pytest.raises(InputError, match=r"from 0.5 s to 3 s only 0.50 s of sound"):
        read_audio(path, 0.5, 3.0)
    with pytest.raises(InputError, match=r"starts at 5 s, but the (sound|video) ends at 1 s"):
        read_audio(path, 5.0, 6.0)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(-1.0, 1.0), (0.5, 0.5), (0.8, 0.2), (np.nan, 1.0), (0.0, np.inf)]
)
def test_a_span_that_is_none_is_refused(tmp_path: Path, start_s: float, end_s: float):
    with pytest.raises(InputError, match="there is no span from"):
        read_audio(record(tmp_path / "a.wav"), start_s, end_s)


def test_more_than_the_limit_is_refused_whatever_the_header_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stated = record(tmp_path / "a.wav", Making(length_s=2.0))
    unstated = record(tmp_path / "a.mp3", Making(length_s=2.0))
    late_clock = Making(length_s=2.0, begin_s=9.0, rate_hz=16_000, codec="pcm_s16le")
    to_the_sample = record(tmp_path / "a.mkv", late_clock, pictures=False)
    monkeypatch.setattr("synctva.media.span.LIMITS", Limits(span_s=1.0))
    for path in (stated, unstated, to_the_sample):
        with pytest.raises(InputError, match="asked for at once, 1 s are the most"):
            read_audio(path)
        assert len(read_audio(path, 0.5, 1.5)) == SAMPLE_RATE_HZ
