"""Faces in the dark or out of focus tell nothing."""

import numpy as np
import pytest
from PIL import Image, ImageFilter
from support.drawn import draw_face

from synctva.features.extractors.clarity import SIDE_PX, are_clear


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return np.asarray(Image.fromarray(draw_face(200)).convert("L").resize((SIDE_PX, SIDE_PX)))


def clear(face: np.ndarray) -> bool:
    return bool(are_clear(face[None])[0])


def test_a_face_in_good_light_is_clear(face: np.ndarray):
    assert clear(face)
    assert clear(face // 4)


def test_a_face_in_the_dark_or_washed_out_is_not(face: np.ndarray):
    assert not clear(face // 40)
    assert not clear(250 + face // 60)


def test_a_face_gets_unclear_as_it_gets_out_of_focus(face: np.ndarray):
    picture = Image.fromarray(face)
    blurred = [
        clear(np.asarray(picture.filter(ImageFilter.GaussianBlur(px)))) for px in (0.5, 1, 4, 6)
    ]
    assert blurred == [True, True, False, False]


def test_each_face_is_judged_by_itself(face: np.ndarray):
    assert are_clear(np.stack([face, face // 40, face])).tolist() == [True, False, True]


def test_a_picture_of_one_colour_is_no_face():
    assert not are_clear(np.full((1, SIDE_PX, SIDE_PX), 128, np.uint8)).any()
