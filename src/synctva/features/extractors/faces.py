"""Faces in pictures, and upright crops of them; the one file that knows OpenCV.

A face is a square that frames it as FER2013's pictures frame theirs (forehead to chin, ear to ear):
the expression network was trained on that framing, so detectors differ but crops do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from synctva.errors import InputError
from synctva.files import file_sha256

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

cv2.setNumThreads(1)  # extraction runs a process per core

VERSION = f"opencv {cv2.__version__}, onnxruntime {version('onnxruntime')}"

DETECTION_PX = 320
"""Faces are looked for in a picture whose longer side has at most this many pixels."""

CENTERFACE = Path(__file__).parent / "weights" / "centerface.onnx"
CENTERFACE_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
"""Hash of the file as it is published, which has the same weights: ``weights/README.md``."""
CENTERFACE_SHIPPED = "8f1243aa503e2f83efdcbdcb7184b6b3f7b38cffbf699846f288de8fca4782a5"
"""Hash of the file that ships, which is checked before it is used."""
CENTERFACE_INPUT = "input.1"
CENTERFACE_OUTPUTS = ("537", "538", "539", "540")
"""The network's outputs: scores, sizes, places, landmarks, on a grid of ``CENTERFACE_CELL_PX``."""
CENTERFACE_CELL_PX = 4
CENTERFACE_STEP_PX = 32
"""The sides of its pictures are multiples of this."""
CENTERFACE_SCORE = 0.4
"""Faces with lower scores are none: 98 % of the playhouse's drawn faces have more, 1 % of pictures
without people."""
CENTERFACE_OVERLAP = 0.3
"""From this intersection over union on, two boxes are one face; the lower score is dropped."""
CENTERFACE_SIDE = 0.854
"""The square root of its boxes' areas, as a share of FER2013's side (median)."""
CENTERFACE_DROP = 0.019
"""How far below FER2013's middle the middle of its boxes is, as a share of the side (median)."""

YUNET_SCORE = 0.7
YUNET_OVERLAP = 0.3
EYES_SHARE = 0.375
"""Distance of the eyes in FER2013's pictures, as a share of the side (median)."""
EYES_TO_MOUTH_SHARE = 0.41
EYES_HEIGHT_SHARE = 0.38
"""How far below the upper edge the eyes are."""


@dataclass(frozen=True)
class Face:
    """A square around a face, in pixels of the picture.

    Attributes:
        x_px: Its middle, from the left edge of the picture.
        y_px: Its middle, from the upper edge.
        side_px: Its side.
        angle_rad: How far the face is turned clockwise; 0 where the detector does not see eyes.
        score: How sure the detector is, in 0..1.
    """

    x_px: float
    y_px: float
    side_px: float
    angle_rad: float = 0.0
    score: float = 1.0


class CenterFaceDetector:
    """The CenterFace network that ships with the package: turned faces too, and eyes to level.

    onnxruntime takes a third of the time that OpenCV takes for it.

    Source: Xu et al., CenterFace: Joint Face Detection and Alignment Using Face as Point, 2019
    (arXiv 1911.03599). ``weights/README.md`` tells where the file is from.

    Args:
        smallest_px: Smaller faces are ignored; the side in the picture.
    """

    def __init__(self, smallest_px: float) -> None:
        self.settings = {"detector": f"centerface {CENTERFACE_SHA256[:16]}"}
        self._smallest_px = smallest_px

    def find(self, pixels: UInt8[np.ndarray, "height width 3"]) -> list[Face]:
        """Returns the faces of an RGB picture, from left to right."""
        small, scale = _shrunk(pixels)
        height, width = small.shape[:2]
        below, aside = -height % CENTERFACE_STEP_PX, -width % CENTERFACE_STEP_PX
        whole = cv2.copyMakeBorder(small, 0, below, 0, aside, cv2.BORDER_CONSTANT)
        pictures = {CENTERFACE_INPUT: cv2.dnn.blobFromImage(whole)}
        maps: Any = self._network.run(CENTERFACE_OUTPUTS, pictures)
        found = _centers(*(part[0] for part in maps))
        return _sorted([_scaled(face, scale) for face in found], self._smallest_px)

    @cached_property
    def _network(self) -> "InferenceSession":
        from onnxruntime import InferenceSession, SessionOptions  # pyright: ignore

        if file_sha256(CENTERFACE) != CENTERFACE_SHIPPED:
            raise InputError(f"{CENTERFACE}: not the shipped weights; install synctva again")
        options = SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # it tells of weights that no node uses
        return InferenceSession(str(CENTERFACE), options, providers=["CPUExecutionProvider"])


class YuNetDetector:
    """The YuNet network in an ONNX file of the user's: turned faces too, and eyes to level.

    Args:
        path: Such as ``face_detection_yunet_2023mar.onnx`` of OpenCV's model zoo.
        smallest_px: Smaller faces are ignored; the side in the picture.

    Raises:
        InputError: There is no such file, or it is not YuNet.
    """

    def __init__(self, path: str | Path, smallest_px: float) -> None:
        if not Path(path).is_file():
            raise InputError(
                f"{path}: no such file; give YuNet's ONNX file, or leave the detector out to use"
                " the one that ships"
            )
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(path), "", (DETECTION_PX, DETECTION_PX), YUNET_SCORE, YUNET_OVERLAP
            )
            self._network.detect(np.zeros((DETECTION_PX, DETECTION_PX, 3), dtype=np.uint8))
        except cv2.error as error:
            raise InputError(
                f"{path}: not YuNet's ONNX file; get the one"
                " of OpenCV's model zoo, or leave the detector out to use the one that ships"
            ) from error
        self.settings = {
            "detector": f"yunet {file_sha256(Path(path))[:16]}",
            "eyes_share": EYES_SHARE,
        }
        self._smallest_px = smallest_px

    def find(self, pixels: UInt8[np.ndarray, "height width 3"]) -> list[Face]:
        """Returns the faces of an RGB picture, from left to right."""
        small, scale = _shrunk(pixels)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._network.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        rows = np.zeros((0, 15)) if rows is None else np.asarray(rows, dtype=float)
        found = [replace(_from_landmarks(row[4:14] / scale), score=float(row[14])) for row in rows]
        return _sorted(found, self._smallest_px)


Detector = CenterFaceDetector | YuNetDetector


def detector_named(path: str | None, smallest_px: float) -> Detector:
    """Returns YuNet of an ONNX file, or CenterFace where there is none.

    Raises:
        InputError: There is no such file, or it is not YuNet.
    """
    return CenterFaceDetector(smallest_px) if path is None else YuNetDetector(path, smallest_px)


def crop(
    pixels: UInt8[np.ndarray, "height width 3"], face: Face, size_px: int
) -> UInt8[np.ndarray, "size size 3"]:
    """Returns a face upright, ``size_px`` wide; beyond the picture's edge its border goes on."""
    side = max(2, round(face.side_px))
    scale, angle = face.side_px / side, face.angle_rad
    across = scale * np.cos(angle), scale * np.sin(angle)
    middle = (side - 1) / 2
    to_picture = np.array(
        [
            [across[0], -across[1], face.x_px - 0.5 - middle * (across[0] - across[1])],
            [across[1], across[0], face.y_px - 0.5 - middle * (across[0] + across[1])],
        ]
    )
    upright = cv2.warpAffine(
        pixels,
        to_picture,
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return resize(upright, size_px)


def resize(
    pixels: UInt8[np.ndarray, "height width 3"], size_px: int
) -> UInt8[np.ndarray, "size size 3"]:
    """Returns the whole picture as a square, squeezed if it is none."""
    shrinks = max(pixels.shape[:2]) > size_px
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (size_px, size_px), interpolation=how), dtype=np.uint8)


def grey(pictures: UInt8[np.ndarray, "n height width 3"]) -> UInt8[np.ndarray, "n height width"]:
    """Returns RGB pictures in grey, weighted as JPEG does."""
    return np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures])


def _shrunk(
    pixels: UInt8[np.ndarray, "height width 3"],
) -> tuple[UInt8[np.ndarray, "h w 3"], float]:
    """Returns a picture scaled down for detection, and by how much."""
    height, width = pixels.shape[:2]
    scale = min(1.0, DETECTION_PX / max(height, width))
    if scale == 1.0:
        return pixels, scale
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _centers(
    scores: Float32[np.ndarray, "1 rows columns"],
    sizes: Float32[np.ndarray, "2 rows columns"],
    offsets: Float32[np.ndarray, "2 rows columns"],
    landmarks: Float32[np.ndarray, "10 rows columns"],
) -> list[Face]:
    """Returns the faces of CenterFace's maps, without those that overlap a surer one.

    A cell holds the logarithm of a box's height and width, how far its middle is from the cell's
    corner, and where five points are in the box; always vertical before horizontal.
    """
    row, column = np.nonzero(scores[0] > CENTERFACE_SCORE)
    score = scores[0, row, column].astype(float)
    height, width = CENTERFACE_CELL_PX * np.exp(sizes[:, row, column].astype(float))
    middle = np.stack([row, column]) + offsets[:, row, column] + 0.5
    y, x = CENTERFACE_CELL_PX * middle
    boxes = np.stack([x - width / 2, y - height / 2, width, height], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), score.tolist(), CENTERFACE_SCORE, CENTERFACE_OVERLAP)
    eyes = landmarks[:4, row, column] * np.stack([height, width, height, width])
    angle = np.arctan2(eyes[2] - eyes[0], eyes[3] - eyes[1])
    side = np.sqrt(height * width) / CENTERFACE_SIDE
    found = np.stack([x, y - CENTERFACE_DROP * side, side, angle, score], axis=1)
    return [Face(*row) for row in found[np.asarray(kept, dtype=int).ravel()].tolist()]


def _scaled(face: Face, scale: float) -> Face:
    return replace(
        face, x_px=face.x_px / scale, y_px=face.y_px / scale, side_px=face.side_px / scale
    )


def _from_landmarks(points: Sequence[float] | np.ndarray) -> Face:
    """Returns the face of YuNet's five points (eyes, nose, corners of the mouth; x and y each)."""
    right_eye, left_eye, _, right_mouth, left_mouth = np.asarray(points).reshape(5, 2)
    eyes, mouth = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2
    across = left_eye - right_eye
    angle = float(np.arctan2(across[1], across[0]))
    side = max(
        np.hypot(*across) / EYES_SHARE,  # less than it is where a face looks aside
        np.hypot(*(mouth - eyes)) / EYES_TO_MOUTH_SHARE,  # less where it looks up or down
    )
    down = np.array([-np.sin(angle), np.cos(angle)])
    x, y = eyes + (0.5 - EYES_HEIGHT_SHARE) * side * down
    return Face(float(x), float(y), float(side), angle)


def _sorted(faces: list[Face], smallest_px: float) -> list[Face]:
    kept = [face for face in faces if face.side_px >= smallest_px]
    return sorted(kept, key=lambda face: (face.x_px, face.y_px, face.side_px))
