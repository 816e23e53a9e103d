"""Visual features: the speaker's face in the frames of an utterance, as one vector."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from synctva.corpus import Description
from synctva.errors import InputError, did_you_mean
from synctva.features.extractors import faces as opencv
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.expression import (
    FACE_PX,
    ExpressionNetwork,
    load_expression_network,
)
from synctva.features.extractors.extractor import Stream
from synctva.features.extractors.face_reader import (
    RATE_HZ,
    SMALLEST_PX,
    FaceReader,
    Faces,
    check_choices,
)
from synctva.features.extractors.faces import grey
from synctva.features.extractors.hub import load_image_model, located, weights_sha256
from synctva.media import Frames

RESNETS = {"resnet50": "microsoft/resnet-50"}
"""Names of ResNets and their hub ids."""

RESNET_BATCH = 16
"""Faces that go through the ResNet at once; it bounds the memory."""


@dataclass(frozen=True)
class FaceEncoder:
    """Turns crops of faces into vectors, and says where the vectors come from.

    Attributes:
        size_px: Side of the crops it takes.
        dim: Width of a face's vector.
        pooling: How an utterance's vectors become one: ``mean``, or ``mean_sd``, both in a row.
        weights: sha256 of the weights.
        version: Of the software that runs it.
        encode: RGB crops -> vectors.
    """

    size_px: int
    dim: int
    pooling: str
    weights: str
    version: str
    encode: Callable[[UInt8[np.ndarray, "face size size 3"]], Float[Tensor, "face dim"]]


class VisualExtractor:
    """Encodes an utterance's frames: faces -> the speaker's -> crops -> network -> pooled vector.

    ``expression`` is our own network: its vector and its seven probabilities, mean and standard
    deviation over the frames unless told otherwise: single pictures have no deviation, and a model
    that learns from them must not see that of a recording. ``resnet50`` is the mean only, so that
    its width is 2048.

    Args:
        name: ``expression``, ``resnet50``, the hub id of a ResNet, or its folder.
        detector: YuNet's ONNX file; None = CenterFace, which ships.
        speaker: Whose face: the ``largest``, or the one whose mouth is ``moving`` with the sound.
        faces: They have to be ``found``; or each ``whole`` picture is a face already.
        no_face: An utterance without a face is ``absent``, or its whole ``frame`` is encoded.
        pooling: Of the faces' vectors: ``mean``, or ``mean_sd``; None = the network's own way.
        smallest_px: Smaller faces are ignored; the side in a picture of at most 640 pixels.
        rate_hz: Frames per second to give to :meth:`encode`.
        crops: Keep this many crops, spread evenly, instead of their vector, for a model that trains
            the network; grey for our own, else RGB. Fewer leave zeros at the end. 0 = encode.
        network: Loads our own network.

    Raises:
        InputError: There is no such network, detector or choice, or it cannot be loaded.
    """

    def __init__(
        self,
        name: str,
        *,
        detector: str | None = None,
        speaker: str = "moving",
        faces: str = "found",
        no_face: str = "absent",
        pooling: str | None = None,
        smallest_px: int = SMALLEST_PX,
        rate_hz: float = RATE_HZ,
        crops: int = 0,
        network: Callable[[], ExpressionNetwork] = load_expression_network,
    ) -> None:
        if crops < 0:
            raise InputError(f"visual features: crops {crops}; give 0 or a number of crops")
        check_choices({} if pooling is None else {"pooling": pooling})
        encoder = _encoder(name, network)
        self._encoder = encoder if pooling is None else replace(encoder, pooling=pooling)
        self.reader = FaceReader(
            encoder.size_px,
            detector=detector,
            speaker=speaker,
            faces=faces,
            no_face=no_face,
            smallest_px=smallest_px,
            rate_hz=rate_hz,
        )
        self._crops, self._is_grey = crops, name == "expression"
        pixels = self._encoder.size_px**2 * (1 if self._is_grey else 3)
        pooled = self._encoder.dim * (2 if self._encoder.pooling == "mean_sd" else 1)
        self.dim: int = crops * pixels if crops else pooled
        self.description = Description(
            "crops" if crops else "faces",
            located(name, ("expression", *RESNETS)),
            version=f"{self._encoder.version}, {opencv.VERSION}",
            weights="" if crops else self._encoder.weights,
            settings={
                **self.reader.settings,
                **(
                    {"grey": self._is_grey, "crops": crops}
                    if crops
                    else {"pooling": self._encoder.pooling}
                ),
            },
            dim=self.dim,
            files={"detector": str(Path(detector).absolute())}
            if detector and self.reader.find
            else {},
        )

    @property
    def reads(self) -> tuple[Stream, ...]:
        """The streams of a recording that the features depend on."""
        return self.reader.reads

    def encode_clip(self, clip: Clip) -> Encoded:
        """Returns the features of an utterance's recording; see ``encode``."""
        return self.pooled(self.reader.read_clip(clip))

    def encode(
        self, frames: Frames, samples: Float32[np.ndarray, " sample"] | None = None
    ) -> Encoded:
        """Returns an utterance's vector; arguments as of ``FaceReader.read``."""
        return self.pooled(self.reader.read(frames, samples))

    def pooled(self, read: Faces | Encoded) -> Encoded:
        """Returns the vector of the faces that were read, or the crops that are kept."""
        if isinstance(read, Encoded):
            return read
        vector = self._kept(read.crops) if self._crops else self._pool(read.crops)
        return Encoded(vector, read.flags)

    def _kept(self, faces: UInt8[np.ndarray, "face size size 3"]) -> Float32[np.ndarray, " dim"]:
        """Returns some faces, evenly spread, as one row of numbers from 0 to 255."""
        count = min(len(faces), self._crops)
        chosen = faces[np.linspace(0, len(faces) - 1, count).round().astype(int)]
        row = np.zeros(self.dim, np.float32)
        pixels = grey(chosen) if self._is_grey else chosen
        row[: pixels.size] = pixels.reshape(-1)
        return row

    @torch.inference_mode()
    def _pool(self, crops: UInt8[np.ndarray, "face size size 3"]) -> Float32[np.ndarray, " dim"]:
        vectors = self._encoder.encode(crops)
        pooled = [vectors.mean(dim=0)]
        if self._encoder.pooling == "mean_sd":
            pooled.append(vectors.std(dim=0, correction=0))
        return torch.cat(pooled).float().numpy()


def _encoder(name: str, network: Callable[[], ExpressionNetwork]) -> FaceEncoder:
    if name == "expression":
        return _expression(network())
    known = ("expression", *RESNETS)
    if name not in known and "/" not in name and not Path(name).exists():
        raise InputError(
            f"unknown visual features {name!r}: known are {', '.join(known)}; a ResNet's folder or"
            " hub id (owner/name) works too." + did_you_mean(name, known)
        )
    return _resnet(name)


def _expression(network: ExpressionNetwork) -> FaceEncoder:
    """Returns our own network: a face's vector, then the probabilities of the emotions."""

    def encode(crops: UInt8[np.ndarray, "face size size 3"]) -> Float[Tensor, "face dim"]:
        vectors = network.embed(torch.from_numpy(grey(crops)).float())
        return torch.cat([vectors, network.classifier(vectors).softmax(dim=1)], dim=1)

    network.eval()
    return FaceEncoder(
        size_px=FACE_PX,
        dim=network.dim + network.classifier.out_features,
        pooling="mean_sd",
        weights=weights_sha256(network),
        version=f"synctva {version('synctva')}",
        encode=encode,
    )


def _resnet(name: str) -> FaceEncoder:
    """Returns a ResNet of the hub or of a folder: a face's vector before the classifier."""
    image = load_image_model(name, RESNETS)
    mean, sd = (torch.tensor(of).view(1, 3, 1, 1) for of in (image.mean, image.sd))

    def encode(crops: UInt8[np.ndarray, "face size size 3"]) -> Float[Tensor, "face dim"]:
        vectors = [
            image.model((part.permute(0, 3, 1, 2).float() / 255 - mean) / sd).pooler_output
            for part in torch.from_numpy(crops).split(RESNET_BATCH)
        ]
        return torch.cat(vectors).flatten(1)

    return FaceEncoder(image.size, image.dim, "mean", image.weights, image.version, encode)
