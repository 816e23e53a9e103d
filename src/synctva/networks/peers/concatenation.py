"""Early concatenation: the features of the utterance alone, side by side, through an MLP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn

from synctva.batch import Batch
from synctva.networks.peers.layout import concatenated
from synctva.networks.peers.sizes import Count, Rate
from synctva.output import Output


@dataclass(frozen=True)
class ConcatenationSettings:
    """Sizes of early concatenation; there is no paper, so they are ours.

    Attributes:
        width: Width of the hidden layers.
        layers: How many hidden layers.
        dropout: Rate after each hidden layer.
        feature_dropout: Rate on the features.
        network: Its name in recipes.
    """

    width: Count = 128
    layers: Count = 2
    dropout: Rate = 0.5
    feature_dropout: Rate = 0.2
    network: Literal["concatenation"] = "concatenation"


def perceptron(
    dim: int, width: int, layers: int, dropout: float, feature_dropout: float
) -> nn.Sequential:
    """Returns hidden layers with ReLU: rows of ``dim`` in, rows of ``width`` out."""
    steps: list[nn.Module] = [nn.Dropout(feature_dropout)]
    for layer in range(layers):
        steps += [nn.Linear(width if layer else dim, width), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*steps)


class Concatenation(nn.Module):
    """An MLP on the concatenated features; with one modality, the single-modality baseline.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: early fusion, as the field compares with (such as Baltrusaitis et al. 2019, section
        6.1); no paper in particular.
    Departs: a missing modality is a zero among the features.
    """

    reach = (0, 0)

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: ConcatenationSettings
    ) -> None:
        super().__init__()
        self.modalities = tuple(dims)
        self.hidden = perceptron(
            sum(dims.values()),
            settings.width,
            settings.layers,
            settings.dropout,
            settings.feature_dropout,
        )
        self.classifier = nn.Linear(settings.width, len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch."""
        fused = self.hidden(concatenated(batch, self.modalities))
        return Output(logits=self.classifier(fused), fused=fused)
