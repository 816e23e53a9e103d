"""The face encoders inside a model: crops of a store in, the extractor's vectors out."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.errors import InputError
from synctva.features.extractors.expression import FACE_PX, load_expression_network
from synctva.features.extractors.hub import load_image_model, weights_sha256
from synctva.features.extractors.visual import RESNETS

BATCH_FACES = 256
"""How many faces at a time."""


class ExpressionEncoder(nn.Module):
    """Our face-expression network over an utterance's grey crops: mean and sd of its vectors.

    A vector is the network's own and its probabilities, as in the features ``expression``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.model = load_expression_network()
        self.weights = weights_sha256(self.model)
        self.dim = 2 * (self.model.dim + self.model.classifier.out_features)

    def forward(self, rows: Float[Tensor, "utterance pixel"]) -> Float[Tensor, "utterance dim"]:
        """Returns a vector per utterance, each of which has a face."""
        faces, there = _faces(rows, (FACE_PX, FACE_PX))
        parts = [self.model.embed(part) for part in faces[there].split(BATCH_FACES)]
        found = torch.cat(parts)
        found = torch.cat([found, self.model.classifier(found).softmax(1)], 1).float()
        mean = _mean(found, there)
        deviation = (found - mean.repeat_interleave(there.sum(1), 0)).square()
        # the root of zero has no gradient: one face alone has no deviation, and sends none
        sd = _mean(deviation, there).clamp(min=1e-12).sqrt()
        return torch.cat([mean, sd], 1)

    def tuned_fully(self) -> list[nn.Module]:
        """Returns the parts that full tuning trains: all."""
        return [self.model]


class ResnetEncoder(nn.Module):
    """A ResNet over an utterance's RGB crops: the mean of its vectors, as in ``resnet50``.

    Args:
        name: ``resnet50``, the hub id of a ResNet, or its folder.

    Raises:
        InputError: There is no such model, or it is damaged.
    """

    mean: Tensor
    sd: Tensor

    def __init__(self, name: str) -> None:
        super().__init__()
        image = load_image_model(name, RESNETS)
        self.model, self.weights, self.dim = image.model, image.weights, image.dim
        self._shape = (image.size, image.size, 3)
        for key in ("mean", "sd"):
            colours = torch.tensor(getattr(image, key)).view(1, 3, 1, 1)
            self.register_buffer(key, colours, persistent=False)

    def forward(self, rows: Float[Tensor, "utterance pixel"]) -> Float[Tensor, "utterance dim"]:
        """Returns a vector per utterance, each of which has a face."""
        faces, there = _faces(rows, self._shape)
        pictures = (faces[there].movedim(-1, 1) / 255 - self.mean) / self.sd
        parts = [self.model(part).pooler_output for part in pictures.split(BATCH_FACES)]
        return _mean(torch.cat(parts).flatten(1).float(), there)

    def tuned_fully(self) -> list[nn.Module]:
        """Returns the parts that full tuning trains: all."""
        return [self.model]


def _faces(
    rows: Float[Tensor, "utterance pixel"], shape: tuple[int, ...]
) -> tuple[Tensor, Bool[Tensor, "utterance face"]]:
    """Returns the faces of each utterance, and which of them are there: the rest is black."""
    pixels = torch.Size(shape).numel()
    if rows.shape[1] % pixels:
        raise InputError(
            f"visual features of {rows.shape[1]} numbers are not crops of {pixels}; extract them"
            " with the same network and `--set visual.crops=N`"
        )
    faces = rows.view(len(rows), -1, *shape)
    there = (faces != 0).flatten(2).any(2)
    there[:, 0] = True  # a face in the dark is black as well
    return faces, there


def _mean(
    values: Float[Tensor, "found dim"], there: Bool[Tensor, "utterance face"]
) -> Float[Tensor, "utterance dim"]:
    """Returns the mean over each utterance's faces."""
    owner = there.nonzero()[:, 0]
    sums = values.new_zeros(len(there), values.shape[1]).index_add(0, owner, values)
    return sums / there.sum(1, keepdim=True)
