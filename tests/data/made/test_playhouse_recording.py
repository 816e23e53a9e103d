"""Scenes as one recording with a transcript."""

import itertools
from pathlib import Path

import pytest

from synctva.data.made.playhouse import Production, render_recording
from synctva.data.made.playhouse.scenes import write_scenes
from synctva.media import read_audio, read_frames
from synctva.transcripts import read_transcript

PRODUCTION = Production(dialogues=(1, 1, 2), seed=5)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "scene.mp4"
    assert render_recording(path, PRODUCTION, scenes=1) == path.with_suffix(".srt")
    return path


def test_the_transcript_says_who_says_what(film: Path):
    scene = next(scene for scene in write_scenes(PRODUCTION) if scene.split == "test")
    spans = read_transcript(film.with_suffix(".srt"))
    assert [(one.speaker, one.text) for one in spans] == [
        (line.speaker.name, line.text) for line in scene.lines
    ]


def test_every_turn_is_heard_and_seen_in_its_span(film: Path):
    spans = read_transcript(film.with_suffix(".srt"))
    for one in spans:
        sound = read_audio(str(film), one.start_s, one.end_s)
        frames = read_frames(str(film), one.start_s, one.end_s, rate_hz=5.0, most=8)
        assert sound is not None
        assert abs(sound).max() > 0.05
        assert frames is not None
        assert len(frames.pixels) > 2
    for before, after in itertools.pairwise(spans):
        assert after.start_s == pytest.approx(before.end_s + 0.25, abs=0.002)


def test_a_recording_that_is_there_is_left(film: Path):
    before = film.stat().st_mtime_ns
    render_recording(film, PRODUCTION, scenes=1)
    assert film.stat().st_mtime_ns == before
