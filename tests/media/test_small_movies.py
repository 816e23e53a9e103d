"""Whether a recording plays in browsers, and the small movie of one that does not."""

from pathlib import Path

import numpy as np
import pytest
from support.recordings import (
    MOVING,
    SOUNDING,
    Making,
    number_in,
    of_100_hours,
    of_unknown_codec,
    record,
    step_in,
)

from synctva.errors import InputError
from synctva.media import browser_type, probe, read_audio, read_frames, write_small

PLAYS = {
    "mp4": "video/mp4", "m4a": "audio/mp4", "webm": "video/webm", "wav": "audio/wav",
    "flac": "audio/flac", "ogg": "audio/ogg",
}  # fmt: skip


@pytest.mark.parametrize("ending", SOUNDING)
def test_what_every_browser_plays_is_known_by_its_content(tmp_path: Path, ending: str):
    path = record(tmp_path / f"a.{ending}").rename(tmp_path / "a.anything")
    assert browser_type(path) == PLAYS.get(ending)


def test_sound_that_browsers_do_not_know_is_not_played(tmp_path: Path):
    assert browser_type(record(tmp_path / "a.wav", Making(codec="pcm_f32le"))) is None
    assert browser_type(record(tmp_path / "a.mp4", Making(codec="ac3"))) is None


@pytest.mark.parametrize("ending", SOUNDING)
def test_the_small_movie_plays_everywhere_on_the_same_clock(tmp_path: Path, ending: str):
    path = record(tmp_path / f"a.{ending}", Making(length_s=2.0, step_s=0.8))
    out = tmp_path / "small.mp4"
    write_small(path, out)
    facts = probe(out)
    assert browser_type(out) == ("video/mp4" if ending in MOVING else "audio/mp4")
    assert facts.duration_s == pytest.approx(2.0, abs=0.12)
    sound = read_audio(out)
    assert sound is not None
    assert step_in(sound) == pytest.approx(0.8, abs=0.06)
    if ending in MOVING:
        frames = read_frames(out, rate_hz=5)
        assert frames is not None
        for pixels, time_s in zip(frames.pixels, frames.times_s, strict=True):
            assert number_in(pixels) == pytest.approx(25 * time_s, abs=3)


def test_a_variable_frame_rate_becomes_even(tmp_path: Path):
    times_s = [0.0, 0.1, 1.0, 1.05, 1.9]
    path = record(tmp_path / "a.mkv", Making(length_s=2.0, times_s=times_s))
    write_small(path, tmp_path / "small.mp4")
    frames = read_frames(tmp_path / "small.mp4", rate_hz=10)
    assert frames is not None
    ticks_s = [np.floor(15 * s + 1e-6) / 15 for s in frames.times_s]
    shown = [sum(t <= tick_s + 1e-6 for t in times_s) - 1 for tick_s in ticks_s]
    assert [number_in(pixels) for pixels in frames.pixels][1:-1] == shown[1:-1]


def test_a_hole_in_the_sound_is_silence(tmp_path: Path):
    making = Making(length_s=3.0, step_s=0.2, hole_s=(1.0, 2.0))
    write_small(record(tmp_path / "a.mkv", making), tmp_path / "small.mp4")
    sound = read_audio(tmp_path / "small.mp4")
    assert sound is not None
    loud = [float(np.abs(sound[round(s * 16_000) :][:1600]).max()) for s in (0.5, 1.4, 2.5)]
    assert loud[0] > 0.3 < loud[2]
    assert loud[1] < 0.05


def test_pictures_are_changed_on_the_way(tmp_path: Path):
    rates = []

    def black(pictures, rate_hz):
        rates.append(rate_hz)
        return (np.zeros_like(picture) for picture in pictures)

    write_small(record(tmp_path / "a.mp4"), tmp_path / "small.mp4", black)
    frames = read_frames(tmp_path / "small.mp4")
    assert frames is not None
    assert frames.pixels.max() < 8
    assert rates == [15.0]


def test_what_is_of_an_unknown_codec_is_left_out_and_the_rest_is_there(tmp_path: Path):
    for kind, has in (("V", (True, False)), ("A", (False, True))):
        path = of_unknown_codec(tmp_path / f"{kind}.mkv", Making(length_s=2.0), kind)
        write_small(path, tmp_path / "small.mp4")
        for facts in (probe(path), probe(tmp_path / "small.mp4")):
            assert (facts.has_audio, facts.has_video) == has
            assert facts.duration_s == pytest.approx(2.0, abs=0.12)
        assert browser_type(path) is None
        with pytest.raises(InputError, match="of an unknown codec; convert it"):
            (read_frames if kind == "V" else read_audio)(path)


@pytest.mark.parametrize(
    "content", [b"", b"no film at all, sorry", b"\x1a\x45\xdf\xa3 and no more"]
)
def test_what_is_no_recording_leaves_nothing(tmp_path: Path, content: bytes):
    path = tmp_path / "a.mkv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.mkv"):
        write_small(path, tmp_path / "small.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mkv"]


def test_a_header_that_lies_about_the_length_costs_nothing(tmp_path: Path):
    write_small(of_100_hours(tmp_path / "a.mp4"), tmp_path / "small.mp4")
    assert (probe(tmp_path / "small.mp4").duration_s or 0) < 3


def test_a_film_that_was_cut_off_is_copied_as_far_as_it_goes(tmp_path: Path):
    path = record(tmp_path / "a.mkv", Making(length_s=4.0))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    write_small(path, tmp_path / "small.mp4")
    assert 0.5 < (probe(tmp_path / "small.mp4").duration_s or 0) < 3.5
