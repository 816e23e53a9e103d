"""A movie that is written is read back, is the same for the same input, and is never half there."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.recordings import drawn, number_in, step_in

from synctva.errors import InputError
from synctva.media import probe, read_audio, read_frames, write_movie

SECOND = np.float32(0.5 * np.sin(np.arange(16_000) * 0.3) * (np.arange(16_000) >= 8_000))


def pictures(count: int = 25) -> Iterator[np.ndarray]:
    return (drawn(number) for number in range(count))


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 48_000])
def test_what_is_written_is_read_back(tmp_path: Path, rate_hz: int):
    audio = np.interp(np.arange(rate_hz) / rate_hz * 16_000, np.arange(16_000), SECOND)
    write_movie(tmp_path / "a.mp4", pictures(), 25, audio.astype(np.float32), rate_hz)
    facts = probe(tmp_path / "a.mp4")
    assert (facts.has_audio, facts.has_video, facts.frame_rate_hz) == (True, True, 25.0)
    assert facts.duration_s == pytest.approx(1.0, abs=0.05)
    assert step_in(read_audio(tmp_path / "a.mp4")) == pytest.approx(0.5, abs=0.02)
    frames = read_frames(tmp_path / "a.mp4", 0.0, 1.0, rate_hz=25)
    assert [number_in(pixels) for pixels in frames.pixels] == list(range(25))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        write_movie(tmp_path / f"{name}.mp4", pictures(), 25, SECOND, 16_000)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_pictures_or_sound_alone(tmp_path: Path):
    write_movie(tmp_path / "a.mp4", None, 25, SECOND, 16_000)
    assert read_frames(tmp_path / "a.mp4") is None
    assert step_in(read_audio(tmp_path / "a.mp4")) == pytest.approx(0.5, abs=0.02)
    write_movie(tmp_path / "a.mp4", pictures(10), 12.5, None, 16_000)
    assert read_audio(tmp_path / "a.mp4") is None
    assert probe(tmp_path / "a.mp4").duration_s == pytest.approx(0.8, abs=0.01)


def test_a_movie_that_fails_leaves_what_was_there(tmp_path: Path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def failing() -> Iterator[np.ndarray]:
        yield from pictures(30)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_movie(path, failing(), 25, SECOND, 16_000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("frames", "audio", "reason"),
    [
        (None, None, "neither pictures nor sound"),
        ([], None, "no picture to write"),
        ([np.zeros((47, 64, 3), np.uint8)], None, "picture 1 has 64 x 47 pixels"),
        ([drawn(1), np.zeros((64, 64, 3), np.uint8)], None, "picture 2 has 64 x 64 pixels"),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, frames: list[np.ndarray] | None, audio: None, reason: str
):
    with pytest.raises(InputError, match=reason):
        write_movie(tmp_path / "a.mp4", frames, 25, audio, 16_000)
    assert list(tmp_path.iterdir()) == []
