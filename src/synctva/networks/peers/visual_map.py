"""A visual map as EfficientFace attends to it: by channels, by places, and by quarters."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEAST = 4
"""Channels that are left inside the attention, however few the map has."""


class MapAttention(nn.Module):
    """A visual map weighed by what its channels and its places are worth.

    x <- sigmoid(channel(x) * place(x)) x

    Args:
        channels: Channels of the map.
        reduced: Channels inside.

    Source: Venkatraman et al. 2024, channel attention and spatial attention; the modulator of
        EfficientFace (Zhao et al. 2021), as in the authors' code.
    Departs: no normalisation inside, and no dilation, for the map is small.
    """

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.channel = nn.Sequential(
            nn.Linear(channels, reduced), nn.ReLU(), nn.Linear(reduced, channels)
        )
        self.place = nn.Sequential(
            nn.Conv2d(channels, reduced, 1),
            nn.ReLU(),
            nn.Conv2d(reduced, reduced, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(reduced, reduced, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(reduced, 1, 1),
        )

    def forward(
        self, places: Float[Tensor, "utterance channel side side"]
    ) -> Float[Tensor, "utterance channel side side"]:
        """Returns the map, weighed."""
        channel = self.channel(places.mean((2, 3)))[:, :, None, None]
        return torch.sigmoid(channel * self.place(places)) * places


class LocalFeatures(nn.Module):
    """Each quarter of a visual map through convolutions of its own, channel by channel.

    Args:
        channels: Channels of the map.

    Source: Venkatraman et al. 2024, local feature extraction; EfficientFace (Zhao et al. 2021).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for _ in range(2):
            convolution = nn.Conv2d(4 * channels, 4 * channels, 3, padding=1, groups=4 * channels)
            steps += [convolution, nn.GroupNorm(4, 4 * channels), nn.ReLU()]
        self.steps = nn.Sequential(*steps)

    def forward(
        self, places: Float[Tensor, "utterance channel side side"]
    ) -> Float[Tensor, "utterance channel side side"]:
        """Returns the quarters, put together again."""
        above, below = places.chunk(2, dim=2)
        quarters = self.steps(torch.cat([*above.chunk(2, dim=3), *below.chunk(2, dim=3)], dim=1))
        one, two, three, four = quarters.chunk(4, dim=1)
        return torch.cat([torch.cat([one, two], dim=3), torch.cat([three, four], dim=3)], dim=2)


class VisualMap(nn.Module):
    """Visual features as a map of channels and places, attended, and pooled over the places.

    Args:
        dim: Width of the features.
        channels: Channels of the map.
        side: Places along each side of the map; even, so that it has quarters.
        reduction: By how much the channels shrink inside the attention.
        width: Width of what the map becomes.

    Source: Venkatraman et al. 2024 (AVT-CA), hierarchical video features: attention over channels
        and places, to which local features are added.
    Departs: the map is a learned one of the features, not a layer of a network on pictures, so
        it is small, and local features are of the same map, not of the layer before.
    """

    def __init__(self, dim: int, channels: int, side: int, reduction: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            nn.Linear(dim, channels * side * side),
            nn.Unflatten(1, (channels, side, side)),
            nn.ReLU(),
        )
        self.attention = MapAttention(channels, max(channels // reduction, LEAST))
        self.local = LocalFeatures(channels)
        self.leave = nn.Sequential(nn.Conv2d(channels, width, 1), nn.GroupNorm(1, width), nn.ReLU())

    def forward(self, features: Float[Tensor, "utterance dim"]) -> Float[Tensor, "utterance width"]:
        """Returns a vector for each utterance."""
        places = self.enter(features)
        return self.leave(self.attention(places) + self.local(places)).mean((2, 3))
