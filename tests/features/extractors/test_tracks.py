from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctva.features.extractors.faces import Face
from synctva.features.extractors.tracks import (
    Track,
    follow_faces,
    largest_track,
    link_faces,
    loudness,
    moving_track,
    overlap,
)
from synctva.media import SAMPLE_RATE_HZ, Frames

LEFT, RIGHT = Face(100, 100, 60), Face(400, 100, 80)

squares = st.builds(Face, *[st.floats(1, 300)] * 2, st.floats(5, 200))


def test_two_people_are_two_tracks_however_they_are_listed():
    tracks = link_faces([[LEFT, RIGHT], [RIGHT, LEFT], [LEFT, RIGHT]])
    assert tracks == [Track((0, 1, 2), (LEFT,) * 3), Track((0, 1, 2), (RIGHT,) * 3)]


def test_a_face_that_drifts_is_one_track():
    (track,) = link_faces([[Face(100 + 20 * k, 100, 80 + k)] for k in range(10)])
    assert track.frames == tuple(range(10))


def test_a_face_that_was_lost_for_a_second_is_the_same_and_later_another():
    again = [[LEFT], [], [], [], [], [LEFT]]
    assert [track.frames for track in link_faces(again)] == [(0, 5)]
    later = [[LEFT], [], [], [], [], [], [LEFT]]
    assert [track.frames for track in link_faces(later)] == [(0,), (6,)]


def test_of_two_faces_the_nearer_one_goes_on_with_the_track():
    near, far = Face(103, 100, 60), Face(120, 100, 60)
    tracks = link_faces([[LEFT], [far, near]])
    assert [track.faces for track in tracks] == [(LEFT, near), (far,)]


def test_a_mistake_that_flickers_does_not_win():
    """It is larger than the face, but stands in one or two frames of six, at other places."""
    frames = [[LEFT] for _ in range(6)]
    frames[1].append(Face(400, 200, 150))
    frames[4].append(Face(300, 300, 150))
    track = largest_track(link_faces(frames))
    assert track is not None
    assert set(track.faces) == {LEFT}


def test_the_larger_of_two_who_stay_wins():
    assert largest_track(link_faces([[LEFT, RIGHT]] * 4)) == Track((0, 1, 2, 3), (RIGHT,) * 4)


def test_nobody_has_no_track():
    assert link_faces([[], []]) == []
    assert link_faces([]) == []
    assert largest_track([]) is None


def test_a_face_in_too_few_of_the_frames_is_no_track():
    assert len(link_faces([[LEFT], *[[]] * 9])) == 1
    assert link_faces([[LEFT], *[[]] * 10]) == []


@given(squares, squares)
def test_overlap_is_a_share_that_does_not_depend_on_the_order(one: Face, other: Face):
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert overlap(one, one) == pytest.approx(1)


@pytest.mark.parametrize(
    ("other", "share"),
    [
        (Face(150, 100, 60), 10 / 110),
        (Face(100, 100, 30), 1 / 4),
        (Face(160, 100, 60), 0),
        (Face(100, 500, 60), 0),
    ],
)
def test_overlap_of_known_squares(other: Face, share: float):
    assert overlap(LEFT, other) == pytest.approx(share, abs=1e-9)


def test_loudness_is_that_of_the_sound_between_the_frames_over_its_mean():
    samples = np.repeat(np.float32([9, 1, 3, 9]), SAMPLE_RATE_HZ // 10) / 10
    found = loudness(samples, np.array([0.1, 0.2, 0.3]))
    assert found is not None
    np.testing.assert_allclose(found, [0.5, 1.5], rtol=1e-5)


def test_silence_and_a_single_frame_have_no_loudness():
    sound = np.ones(SAMPLE_RATE_HZ, np.float32)
    assert loudness(0 * sound, np.array([0.1, 0.2])) is None
    assert loudness(sound[:0], np.array([0.1, 0.2])) is None
    assert loudness(sound, np.array([0.1])) is None


def test_frames_after_the_end_of_the_sound_are_silent():
    found = loudness(np.ones(SAMPLE_RATE_HZ // 2, np.float32), np.array([0.0, 0.5, 0.7, 0.9]))
    assert found is not None
    np.testing.assert_allclose(found, [3, 0, 0])


def mouths(*openings: np.ndarray, noise: float = 4.0) -> tuple[list[Track], Frames]:
    """Returns grey people in a row, the mouth of each as bright as told in each frame."""
    count = len(openings[0])
    random = np.random.default_rng(0)
    pixels = random.normal(120, noise, (count, 100, 100 * len(openings), 3))
    for person, opening in enumerate(openings):
        columns = slice(100 * person + 35, 100 * person + 65)
        pixels[:, 70:90, columns] += 60 * opening[:, None, None, None]
    tracks = [
        Track(tuple(range(count)), (Face(100 * person + 50, 50, 100 + person),) * count)
        for person in range(len(openings))
    ]
    times_s = (np.arange(count) + 0.5) / 5
    return tracks, Frames(pixels.clip(0, 255).astype(np.uint8), times_s)


def speech(loud: np.ndarray) -> np.ndarray:
    """Returns sound as loud as told from each frame to the next."""
    half = np.zeros(SAMPLE_RATE_HZ // 10)
    steady = np.repeat(loud, SAMPLE_RATE_HZ // 5) / 10
    return np.concatenate([half, steady, half]).astype(np.float32)


LOUD = np.array([1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1], dtype=float)
STILL = np.zeros(len(LOUD) + 1)
SPEAKS = np.append(0, np.cumsum(LOUD)) % 2
PAUSES = np.append(0, np.cumsum(1 - LOUD)) % 2
ALWAYS = np.arange(len(LOUD) + 1) % 2


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([STILL], id="who is still"),
        pytest.param([PAUSES], id="who moves in the pauses"),
        pytest.param([ALWAYS], id="who moves all the time"),
        pytest.param([PAUSES, STILL, ALWAYS], id="all of them"),
    ],
)
def test_the_mouth_that_moves_with_the_sound_wins_over(others: list[np.ndarray]):
    tracks, frames = mouths(SPEAKS, *others)  # the speaker's face is the smallest
    assert moving_track(tracks, frames, speech(LOUD)) is tracks[0]


def test_steady_sound_is_the_mouths_that_moves():
    tracks, frames = mouths(ALWAYS, STILL)
    assert moving_track(tracks, frames, speech(np.ones(len(LOUD)))) is tracks[0]


def test_a_head_that_moves_as_a_whole_does_not_speak():
    tracks, frames = mouths(0.2 * SPEAKS, STILL)
    nods = frames.pixels + (SPEAKS[:, None, None, None] * 90).astype(np.uint8)
    frames.pixels[:, :, 100:] = nods[:, :, 100:]
    assert moving_track(tracks, frames, speech(LOUD)) is tracks[0]


def test_without_sound_or_motion_to_compare_the_largest_wins():
    tracks, frames = mouths(SPEAKS, STILL)
    for samples in (None, speech(0 * LOUD)):
        assert moving_track(tracks, frames, samples) is tracks[1]
    assert moving_track([], frames, speech(LOUD)) is None
    apart = [Track(t.frames[::2], t.faces[::2]) for t in tracks]
    assert moving_track(apart, frames, speech(LOUD)) is apart[1]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 6, 7])
def test_faces_that_move_straight_on_are_followed_in_every_frame_by_half_the_looks(count: int):
    way = [Face(100 + 3 * k, 90 - 2 * k, 60 + k, 0.02 * k, 0.9) for k in range(count)]
    looks: list[int] = []

    def find(picture: np.ndarray) -> list[Face]:
        looks.append(int(picture[0, 0, 0]))
        return [way[looks[-1]]]

    tracks = follow_faces(numbered(count), find)
    assert looks == sorted({*range(0, count, 2), *([count - 1] if count else [])})
    assert [track.frames for track in tracks] == ([tuple(range(count))] if count else [])
    for track in tracks:
        for face, true in zip(track.faces, way, strict=True):
            assert astuple(face) == pytest.approx(astuple(true))


def test_a_face_that_was_not_found_where_it_was_looked_for_is_not_made_up_around_it():
    faces = {0: [LEFT], 2: [LEFT], 4: [], 6: [LEFT], 7: [LEFT]}
    (track,) = follow_faces(numbered(8), lambda picture: faces[int(picture[0, 0, 0])])
    assert track.frames == (0, 1, 2, 6, 7)


def test_a_face_in_one_look_of_many_is_a_mistake():
    faces = {2: [RIGHT]}
    (track,) = follow_faces(
        numbered(24), lambda picture: [LEFT, *faces.get(int(picture[0, 0, 0]), [])]
    )
    assert set(track.faces) == {LEFT}


def numbered(count: int) -> np.ndarray:
    """Pictures of 2 x 2 that show their number."""
    return np.broadcast_to(
        np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 2, 3)
    ).copy()
