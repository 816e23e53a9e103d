from pathlib import Path

import numpy as np
import pytest
from support.recordings import Making, record

from synctva.data.made.playhouse.expressions import EXPRESSIONS
from synctva.data.made.playhouse.people import cast
from synctva.data.made.playhouse.stage import film, paint_room
from synctva.errors import InputError
from synctva.features.extractors.faces import CenterFaceDetector, Face
from synctva.inference import preview
from synctva.inference.preview import blurred, make_preview
from synctva.media import browser_type, probe, read_frames, write_movie


class Detector:
    """Finds one face in pictures whose first pixel says so."""

    def __init__(self, smallest_px: float) -> None:
        pass

    def find(self, pixels: np.ndarray) -> list[Face]:
        return [Face(50.0, 40.0, 20.0)] if pixels[0, 0, 0] else []


def noisy(count: int, seen: set[int]) -> list[np.ndarray]:
    """Returns pictures of noise; in those of ``seen`` a face is found."""
    pictures = np.random.default_rng(0).integers(0, 256, (count, 80, 100, 3)).astype(np.uint8)
    for number, picture in enumerate(pictures):
        picture[0, 0, 0] = 255 * (number in seen)
    return list(pictures)


def changed(before: np.ndarray, after: np.ndarray) -> bool:
    return not np.array_equal(before, after)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preview, "CenterFaceDetector", Detector)


def test_a_face_is_covered_before_and_after_it_is_found(found: None):
    pictures = noisy(60, {30})
    after = list(blurred(iter(pictures), 15.0))
    hold = round(preview.HOLD_S * 15)
    covered = [n for n in range(60) if changed(pictures[n], after[n])]
    assert covered == list(range(30 - hold, 30 + hold + 1))


def test_all_of_the_face_is_covered_and_no_more_than_around_it(found: None):
    (picture,) = noisy(1, {0})
    (after,) = blurred(iter([picture]), 15.0)
    rows, columns = np.nonzero((picture != after).any(axis=2))
    assert rows.min() <= 30 < 50 <= rows.max() + 1
    assert columns.min() <= 40 < 60 <= columns.max() + 1
    assert rows.max() - rows.min() < 40
    assert len(np.unique(after[32:48, 42:58].reshape(-1, 3), axis=0)) <= preview.MOSAIC**2


def test_a_face_at_the_edge_is_covered(monkeypatch: pytest.MonkeyPatch):
    class Corner(Detector):
        def find(self, pixels: np.ndarray) -> list[Face]:
            return [Face(99.0, 1.0, 30.0), Face(-200.0, 40.0, 10.0)]

    monkeypatch.setattr(preview, "CenterFaceDetector", Corner)
    (picture,) = noisy(1, set())
    (after,) = blurred(iter([picture]), 15.0)
    assert changed(picture[:10, 90:], after[:10, 90:])


def test_pictures_are_held_no_longer_than_they_must(found: None):
    asked = []

    def pictures():
        for number, picture in enumerate(noisy(200, set())):
            asked.append(number)
            yield picture

    for number, _ in enumerate(blurred(pictures(), 15.0)):
        assert len(asked) - number <= round(preview.HOLD_S * 15) + 1


def test_without_a_face_nothing_is_changed_and_nothing_is_lost():
    pictures = [np.full((80, 100, 3), n, np.uint8) for n in range(40)]
    after = list(blurred(iter(pictures), 15.0))
    assert all(np.array_equal(a, b) for a, b in zip(pictures, after, strict=True))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person of the playhouse who speaks for two seconds."""
    (person, *_), rng = cast(0, "test"), np.random.default_rng(0)
    mouth = np.abs(np.sin(np.arange(50) / 2)).astype(np.float32)
    pictures = film(
        person.look, EXPRESSIONS["neutral"].at(1.0), mouth, paint_room(rng), None, 0.0, rng
    )
    path = tmp_path_factory.mktemp("scene") / "scene.mp4"
    sound = (0.3 * np.sin(np.arange(32_000) / 8)).astype(np.float32)
    write_movie(path, pictures, 25, sound, 16_000)
    return path


def faces_in(path: Path) -> int:
    frames = read_frames(path, rate_hz=5)
    assert frames is not None
    return sum(len(CenterFaceDetector(20.0).find(pixels)) for pixels in frames.pixels)


@pytest.mark.slow
def test_drawn_faces_are_no_longer_found(scene: Path, tmp_path: Path):
    make_preview(scene, tmp_path / "plain.mp4")
    make_preview(scene, tmp_path / "blurred.mp4", blur=True)
    assert faces_in(tmp_path / "plain.mp4") >= 9
    assert faces_in(tmp_path / "blurred.mp4") == 0
    for name in ("plain.mp4", "blurred.mp4"):
        facts = probe(tmp_path / name)
        assert facts.has_audio
        assert facts.duration_s == pytest.approx(2.0, abs=0.1)
        assert browser_type(tmp_path / name) == "video/mp4"


@pytest.mark.slow
def test_sound_alone_can_be_asked_to_be_blurred(tmp_path: Path):
    sound = record(tmp_path / "a.flac", Making(length_s=2.0))
    make_preview(sound, tmp_path / "small.mp4", blur=True)
    assert not probe(tmp_path / "small.mp4").has_video


@pytest.mark.slow
def test_what_is_no_recording_is_told_and_leaves_nothing(tmp_path: Path):
    path = tmp_path / "a.mp4"
    path.write_text("no film at all")
    with pytest.raises(InputError, match=r"a\.mp4.*no recording"):
        make_preview(path, tmp_path / "small.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_how_far_it_is_is_told_to_the_last_second(tmp_path: Path):
    recording = record(tmp_path / "talk.avi", Making(length_s=3.2))
    told: list[int] = []
    make_preview(recording, tmp_path / "copy.mp4", advance=told.append)
    assert min(told) >= 0
    assert sum(told) == 3


def test_of_sound_alone_nothing_is_told_and_the_copy_is_made(tmp_path: Path):
    told: list[int] = []
    make_preview(record(tmp_path / "talk.wav"), tmp_path / "copy.mp4", advance=told.append)
    assert sum(told) == 0
    assert probe(tmp_path / "copy.mp4").has_audio
