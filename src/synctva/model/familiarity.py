"""How far inputs are from those that a model was trained on, and so how far they are trusted."""

from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.errors import InputError

LEAST_TRUST = 0.05
"""A modality that is trusted less does not count at all, not even as context of other turns."""


VOICE = "voice"
"""What a checkpoint calls the density of voices as they were extracted."""


def names_of(modalities: Iterable[str], is_by_speaker: bool) -> tuple[str, ...]:
    """Returns what densities are of, as a checkpoint says it; voices may be by speaker."""
    return tuple(VOICE if m == "audio" and is_by_speaker else m for m in modalities)


def modalities_of(names: Iterable[str], is_by_speaker: bool, place: str) -> tuple[str, ...]:
    """Returns the modalities with a density, of what ``names_of`` returned.

    Raises:
        InputError: The density of voices is of normalised ones, as until 30 November 2026.
    """
    if is_by_speaker and "audio" in names:
        raise InputError(
            f"{place}: a synctva of before 30 November 2026 saved it, which asked voices for their"
            " room after they were normalised; train it again with `synctva train --from lite`"
        )
    return tuple("audio" if name == VOICE else name for name in names)


class Familiarity(nn.Module):
    """A density of one modality's features, which is part of the model.

    Normalised features, or voices as they were extracted: ``evaluation.confidence.known_by``.

    A Gaussian, as one for all emotions: the distance is Mahalanobis', over the root of the width,
    so that it is about 1 in training.

    Args:
        dim: Width of the features.

    Attributes:
        mean: Of each feature.
        whitening: Makes the features' covariance the identity.
        far: The distance at which the modality counts half.
        width: How fast trust falls there.
        usual: Of 100 inputs like the training's, 99 are nearer; what is farther is flagged.

    Source: Lee et al. 2018, section 2, without classes; the covariance is shrunk.
    """

    mean: Tensor
    whitening: Tensor
    far: Tensor
    width: Tensor
    usual: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("whitening", torch.eye(dim))
        self.register_buffer("far", torch.tensor(2.0))
        self.register_buffer("width", torch.tensor(0.5))
        self.register_buffer("usual", torch.tensor(2.0))

    def fit(self, mean: Float[Tensor, " dim"], covariance: Float[Tensor, "dim dim"]) -> None:
        """Takes the mean and the covariance of the training's features."""
        self.mean.copy_(mean)
        self.whitening.copy_(torch.linalg.cholesky(torch.linalg.inv(covariance.double())))

    def distance(self, features: Float[Tensor, "utterance dim"]) -> Float[Tensor, " utterance"]:
        """Returns how far features are from the training's."""
        return ((features - self.mean) @ self.whitening).square().mean(1).sqrt()

    def trust(
        self, distance: Float[Tensor, " utterance"], present: Bool[Tensor, " utterance"]
    ) -> Float[Tensor, " utterance"]:
        """Returns the trust in [0, 1]: a half at the distance ``far``, and 0 where absent."""
        trust = torch.sigmoid((self.far - distance) / self.width)
        return trust.masked_fill(~present | (trust < LEAST_TRUST), 0.0)
