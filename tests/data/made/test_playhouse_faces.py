"""Drawn faces: expressions differ, eyes blink, mouths open, and a face detector finds them."""

import numpy as np
import pytest

from synctva.data.made.playhouse.expressions import EXPRESSIONS, Expression
from synctva.data.made.playhouse.faces import paint_head
from synctva.data.made.playhouse.features import MOUTH_BOX, paint_eyes, paint_mouth
from synctva.data.made.playhouse.looks import FINE, HEIGHT, WIDTH
from synctva.data.made.playhouse.people import Person, cast
from synctva.data.made.playhouse.scenes import EMOTIONS
from synctva.data.made.playhouse.stage import FRAME_HEIGHT, FRAME_WIDTH, film, paint_room
from synctva.features.extractors.faces import CenterFaceDetector


@pytest.fixture(scope="module")
def people() -> tuple[Person, ...]:
    return cast(0, "test")


def filmed(person: Person, emotion: str, frames: int = 4, **changes) -> np.ndarray:
    rng = np.random.default_rng(3)
    settings = {"listener": None, "noise": 1.0} | changes
    opening = np.linspace(0, 1, frames)
    face = EXPRESSIONS[emotion]
    room = paint_room(rng)
    listener, noise = settings["listener"], settings["noise"]
    return np.stack(list(film(person.look, face, opening, room, listener, noise, rng)))


def test_every_emotion_has_an_expression_of_its_own():
    assert set(EXPRESSIONS) == set(EMOTIONS)
    assert len(set(EXPRESSIONS.values())) == len(EMOTIONS)
    assert EXPRESSIONS["anger"].at(0) == Expression()
    assert EXPRESSIONS["anger"].at(1) == EXPRESSIONS["anger"]


def test_heads_of_two_emotions_differ_and_of_one_are_the_same(people: tuple[Person, ...]):
    heads = {e: paint_head(people[0].look, x)[0].tobytes() for e, x in EXPRESSIONS.items()}
    assert len(set(heads.values())) >= 6  # surprise and fear may share all but eyes and mouth
    assert paint_head(people[0].look, EXPRESSIONS["joy"])[0].tobytes() == heads["joy"]


def test_a_head_covers_the_middle_of_its_picture_and_leaves_the_corners(people):
    for person in people:
        head, mask = paint_head(person.look, Expression())
        assert head.size == mask.size == (WIDTH * FINE, HEIGHT * FINE)
        assert mask.getpixel((WIDTH * FINE // 2, HEIGHT * FINE // 2)) == 255
        assert mask.getpixel((2, 2)) == 0


def test_a_blink_hides_the_white_of_the_eyes(people: tuple[Person, ...]):
    look = people[0].look
    head, _ = paint_head(look, Expression())
    white = [
        int((np.asarray(paint_eyes(head, look, Expression(), open)).min(axis=2) > 190).sum())
        for open in (0.0, 0.5, 1.0)
    ]
    assert white[0] < white[1] < white[2]


def test_a_speaking_mouth_is_darker_inside(people: tuple[Person, ...]):
    look = people[0].look
    head, _ = paint_head(look, Expression())
    dark = []
    for speaking in (0.0, 0.5, 1.0):
        mouth = paint_mouth(head, look, Expression(), speaking)
        assert mouth.size == (MOUTH_BOX[2] - MOUTH_BOX[0], MOUTH_BOX[3] - MOUTH_BOX[1])
        dark.append(int((np.asarray(mouth).max(axis=2) < 80).sum()))
    assert dark[0] < dark[1] < dark[2]


def test_frames_have_their_size_and_noise_can_be_off(people: tuple[Person, ...]):
    noisy, clean = (filmed(people[0], "joy", noise=noise) for noise in (1.0, 0.0))
    assert noisy.shape == (4, FRAME_HEIGHT, FRAME_WIDTH, 3)
    assert noisy.dtype == np.uint8

    def grain(frames: np.ndarray) -> float:
        corner = frames[:, 210:, :20].astype(float)
        return float(np.abs(corner[:, :, 1:] - corner[:, :, :-1]).mean())

    assert grain(noisy) > 1 + grain(clean)


def test_a_listener_is_seen_at_the_side_and_the_speaker_stays(people: tuple[Person, ...]):
    alone, together = (
        filmed(people[0], "neutral", noise=0.0, listener=listener)
        for listener in (None, people[1].look)
    )
    assert (alone != together).mean() > 0.01


def test_the_default_detector_finds_the_speaker_in_all_emotions(people: tuple[Person, ...]):
    detector = CenterFaceDetector(smallest_px=48)
    found = []
    for emotion in EMOTIONS:
        for person in people[:4]:
            for frame in filmed(person, emotion):
                faces = [(face.x_px, face.y_px) for face in detector.find(frame)]
                found.append(any(abs(x - 160) < 30 and abs(y - 122) < 40 for x, y in faces))
    assert np.mean(found) >= 0.95
