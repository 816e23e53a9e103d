import io
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from PIL import Image
from support.drawn import draw_face, paste, room

from synctva.errors import InputError
from synctva.features.extractors.faces import (
    CENTERFACE,
    CENTERFACE_SCORE,
    CENTERFACE_SHIPPED,
    CenterFaceDetector,
    Face,
    YuNetDetector,
    crop,
    detector_named,
    grey,
    resize,
)
from synctva.files import file_sha256

FRONTAL = (120.0, 100.0, 160.0, 100.0, 140.0, 120.0, 125.0, 144.0, 155.0, 144.0)
"""YuNet's points of an upright face: eyes, nose, corners of the mouth."""


class StandIn:
    """YuNet's interface in OpenCV, with one face that is always there."""

    def __init__(self, points: tuple[float, ...] = FRONTAL) -> None:
        self.points, self.size, self.blue = points, (0, 0), -1

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802
        self.size = size

    def detect(self, picture: np.ndarray) -> tuple[int, np.ndarray | None]:
        self.blue = int(picture[0, 0, 0])
        if not picture.any():
            return 0, None
        return 1, np.array([[90, 60, 100, 120, *self.points, 0.9]], dtype=np.float32)


@pytest.fixture
def yunet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[YuNetDetector, StandIn]:
    network, file = StandIn(), tmp_path / "yunet.onnx"
    file.write_bytes(b"weights")
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *arguments: network)
    return YuNetDetector(file, 40), network


@pytest.mark.parametrize("side_px", [60, 90, 130, 180])
@pytest.mark.parametrize("mouth", [0.0, 0.5, 1.0])
def test_a_drawn_face_is_found_where_it_is(side_px: int, mouth: float):
    picture = paste(room(side_px), draw_face(side_px, mouth), (330, 170))
    (face,) = CenterFaceDetector(40).find(picture)
    assert_allclose([face.x_px, face.y_px], [330, 170], atol=0.05 * side_px)
    assert face.side_px == pytest.approx(side_px, rel=0.1)
    assert face.angle_rad == pytest.approx(0, abs=0.05)
    assert CENTERFACE_SCORE < face.score <= 1


def test_faces_come_from_left_to_right():
    picture = room()
    for x in (520, 130, 320):
        picture = paste(picture, draw_face(100), (x, 180))
    found = CenterFaceDetector(40).find(picture)
    assert_allclose([face.x_px for face in found], [130, 320, 520], atol=10)


def test_a_face_below_the_stated_size_is_ignored():
    picture = paste(paste(room(), draw_face(60), (150, 180)), draw_face(150), (450, 180))
    assert len(CenterFaceDetector(40).find(picture)) == 2
    (large,) = CenterFaceDetector(120).find(picture)
    assert large.x_px == pytest.approx(450, abs=20)


def test_a_turned_face_is_leveled():
    picture = Image.fromarray(paste(room(), draw_face(120), (320, 180)))
    for degrees in (-25, 20):
        turned = np.asarray(picture.rotate(-degrees, Image.Resampling.BICUBIC))
        (face,) = CenterFaceDetector(40).find(turned)
        assert np.degrees(face.angle_rad) == pytest.approx(degrees, abs=8)


def test_pictures_of_other_shapes_in_between_change_nothing():
    detector = CenterFaceDetector(40)
    picture = paste(room(), draw_face(120), (320, 180))
    first = detector.find(picture)
    detector.find(np.ascontiguousarray(picture[:, 100:500]))
    detector.find(np.ascontiguousarray(picture.transpose(1, 0, 2)))
    assert detector.find(picture) == first


def test_the_detectors_weights_are_those_that_were_measured():
    assert file_sha256(CENTERFACE) == CENTERFACE_SHIPPED


@pytest.mark.parametrize("seed", range(4))
def test_textures_have_no_faces(seed: int):
    """Noise whose power falls with the frequency, as that of clouds, water and bark."""
    random = np.random.default_rng(seed)
    rows, columns = np.fft.fftfreq(240)[:, None], np.fft.fftfreq(320)
    steepness = random.uniform(0.5, 3)
    fall = np.maximum(rows**2 + columns**2, 1e-5) ** (-steepness / 2)
    texture = np.fft.ifft2(np.fft.fft2(random.normal(size=(240, 320))) * fall).real
    grey_values = 255 * (texture - texture.min()) / np.ptp(texture)
    picture = np.repeat(grey_values.astype(np.uint8)[:, :, None], 3, axis=2)
    assert CenterFaceDetector(40).find(picture) == []


def test_a_room_without_people_has_no_faces():
    assert CenterFaceDetector(40).find(room()) == []


@pytest.mark.parametrize("shape", [(1, 1), (2, 600), (19, 19), (700, 3)])
def test_a_picture_too_small_for_a_face_has_none(shape: tuple[int, int]):
    assert CenterFaceDetector(40).find(np.zeros((*shape, 3), np.uint8)) == []


def test_the_same_picture_gives_the_same_faces():
    picture = paste(room(), draw_face(100), (200, 200))
    assert CenterFaceDetector(40).find(picture) == CenterFaceDetector(40).find(picture)


@given(st.integers(0, 40), st.integers(0, 30), st.integers(10, 40))
def test_an_upright_crop_of_its_own_size_is_the_picture(left: int, top: int, side: int):
    picture = np.random.default_rng(0).integers(0, 256, (90, 110, 3), np.uint8)
    face = Face(left + side / 2, top + side / 2, side)
    cut = picture[top : top + side, left : left + side]
    assert np.array_equal(crop(picture, face, side), cut)


def test_a_turned_face_is_cropped_upright():
    picture = np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8)
    clockwise = np.ascontiguousarray(np.rot90(picture, -1))
    expected = crop(picture, Face(40, 30, 24), 24)
    x, y = picture.shape[0] - 30, 40
    assert np.array_equal(crop(clockwise, Face(x, y, 24, np.pi / 2), 24), expected)


def test_beyond_the_edge_the_border_goes_on():
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[:, :5] = (250, 0, 0)
    found = crop(picture, Face(0, 30, 40), 40)
    assert (found[:, :25] == (250, 0, 0)).all()
    assert (found[:, 25:] == 0).all()


def test_crops_are_averages_where_they_shrink():
    stripes = np.tile(np.array([0, 255], np.uint8)[None, :, None], (96, 48, 3))
    assert np.abs(crop(stripes, Face(48, 48, 96), 48).astype(int) - 127).max() <= 1


def test_the_whole_picture_is_squeezed_into_a_square():
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[:, 20:] = 200
    small = resize(picture, 10)
    assert small.shape == (10, 10, 3)
    assert (small[:, :5] == 0).all()
    assert (small[:, 5:] == 200).all()
    assert np.array_equal(resize(small, 10), small)


def test_green_is_brighter_than_red_and_red_than_blue():
    red, green, blue = grey(np.eye(3, dtype=np.uint8)[:, None, None] * 255)[:, 0, 0]
    assert (red, green, blue) == (76, 150, 29)


def test_yunet_turns_the_face_until_the_eyes_are_level(yunet: tuple[YuNetDetector, StandIn]):
    detector, network = yunet
    picture = np.full((240, 320, 3), 9, np.uint8)
    (upright,) = detector.find(picture)
    assert upright.angle_rad == 0
    assert upright.side_px == pytest.approx(max(40 / 0.375, 44 / 0.41))
    assert upright.x_px == 140
    assert upright.y_px == pytest.approx(100 + 0.12 * upright.side_px)

    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    points = np.reshape(FRONTAL, (5, 2)) @ turn.T
    network.points = tuple(points.ravel())
    (turned,) = detector.find(picture)
    assert turned.angle_rad == pytest.approx(0.4, abs=1e-4)
    assert turned.side_px == pytest.approx(upright.side_px, rel=1e-4)
    middle = turn @ [upright.x_px, upright.y_px]
    assert_allclose([turned.x_px, turned.y_px], middle, rtol=1e-4)


def test_yunet_sees_a_smaller_picture_in_blue_green_red(yunet: tuple[YuNetDetector, StandIn]):
    detector, network = yunet
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:, :, 2] = 200
    (face,) = detector.find(picture)
    assert network.size == (320, 240)
    assert network.blue == 200
    assert face.x_px == 2 * 140


def test_yunet_may_find_nobody(yunet: tuple[YuNetDetector, StandIn]):
    assert yunet[0].find(np.zeros((240, 320, 3), np.uint8)) == []


def test_yunet_ignores_a_face_below_the_stated_size(
    yunet: tuple[YuNetDetector, StandIn], tmp_path: Path
):
    picture = np.full((240, 320, 3), 9, np.uint8)
    sizes = {
        least: len(YuNetDetector(tmp_path / "yunet.onnx", least).find(picture))
        for least in (100, 110)
    }
    assert sizes == {100: 1, 110: 0}


def test_yunets_settings_differ_for_other_weights(
    yunet: tuple[YuNetDetector, StandIn], tmp_path: Path
):
    other = tmp_path / "other.onnx"
    other.write_bytes(b"other weights")
    assert YuNetDetector(other, 40).settings != yunet[0].settings
    assert str(tmp_path) not in str(yunet[0].settings)


def test_a_missing_yunet_file_is_told(tmp_path: Path):
    with pytest.raises(InputError, match=r"gone\.onnx: no such file.*leave the detector out"):
        detector_named(str(tmp_path / "gone.onnx"), 40)


@pytest.mark.parametrize("content", [b"", b"not a network" * 50, b"\x08\x07\x3a\x00"])
def test_a_file_that_is_not_yunet_is_told(tmp_path: Path, content: bytes):
    file = tmp_path / "other.onnx"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.onnx: not YuNet's ONNX file.*leave") as error:
        detector_named(str(file), 40)
    assert "\n" not in str(error.value)


@pytest.mark.corpus
def test_two_of_three_real_faces_are_found_and_hardly_anything_else(corpora: Path):
    """FER2013's pictures end where the faces do, which detectors are not used to."""
    table = pq.read_table(corpora / "fer2013" / "fer2013.parquet", columns=["split", "jpeg"])
    tests = [row["jpeg"] for row in table.to_pylist() if row["split"] == "test"][::24]
    detector, random = CenterFaceDetector(40), np.random.default_rng(0)
    hits, mistakes, sides = 0, 0, []
    for number, jpeg in enumerate(tests):
        side, x, y = random.integers([100, 100, 100], [200, 540, 260]).tolist()
        face = Image.open(io.BytesIO(jpeg)).convert("RGB").resize((side, side))
        found = detector.find(paste(room(number), np.asarray(face), (x, y)))
        right = [
            f
            for f in found
            if max(abs(f.x_px - x), abs(f.y_px - y)) < side / 4 and 0.5 < f.side_px / side < 1.5
        ]
        hits += bool(right)
        mistakes += len(found) - len(right)
        sides += [f.side_px / side for f in right]
    assert hits >= 0.65 * len(tests)
    assert mistakes <= 0.01 * len(tests)
    assert np.median(sides) == pytest.approx(1.0, abs=0.05)  # FER2013's framing


def test_a_detector_whose_bits_have_flipped_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    content = bytearray(CENTERFACE.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "centerface.onnx").write_bytes(content)
    monkeypatch.setattr(
        "synctva.features.extractors.faces.CENTERFACE", tmp_path / "centerface.onnx"
    )
    with pytest.raises(InputError, match="not the shipped weights"):
        CenterFaceDetector(40).find(room())
