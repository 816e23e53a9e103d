"""Late fusion: a classifier for each modality, and the mean of what they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.networks.peers.concatenation import perceptron
from synctva.networks.peers.sizes import Count, Rate
from synctva.output import Output


@dataclass(frozen=True)
class LateFusionSettings:
    """Sizes of late fusion; there is no paper, so they are ours.

    Attributes:
        width: Width of the hidden layers of each modality.
        layers: How many hidden layers each has.
        dropout: Rate after each hidden layer.
        feature_dropout: Rate on the features.
        network: Its name in recipes.
    """

    width: Count = 128
    layers: Count = 2
    dropout: Rate = 0.5
    feature_dropout: Rate = 0.2
    network: Literal["late-fusion"] = "late-fusion"


class LateFusion(nn.Module):
    """An MLP for each modality; the mean of the log-probabilities of those that are present.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: late fusion by averaging, as the field compares with (such as Baltrusaitis et al. 2019,
        section 6.1); no paper in particular.
    Departs: the heads are trained by their own losses and by that of the mean, in one run. An
        utterance without any modality gets the mean of all heads on zeros.
    """

    reach = (0, 0)

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: LateFusionSettings
    ) -> None:
        super().__init__()
        self.hidden = nn.ModuleDict(
            {
                m: perceptron(
                    dim,
                    settings.width,
                    settings.layers,
                    settings.dropout,
                    settings.feature_dropout,
                )
                for m, dim in dims.items()
            }
        )
        self.classifier = nn.ModuleDict({m: nn.Linear(settings.width, len(emotions)) for m in dims})

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch."""
        hidden = {m: layers(batch.features[m]) for m, layers in self.hidden.items()}
        said = {m: self.classifier[m](state).log_softmax(-1) for m, state in hidden.items()}
        there = batch.present[:, [MODALITIES.index(m) for m in hidden]]
        return Output(
            logits=mean_over_present(torch.stack(list(said.values()), dim=1), there),
            fused=mean_over_present(torch.stack(list(hidden.values()), dim=1), there),
            unimodal=said,
        )


def mean_over_present(
    rows: Float[Tensor, "utterance modality width"], there: Bool[Tensor, "utterance modality"]
) -> Float[Tensor, "utterance width"]:
    """Returns the mean over the modalities that are there; over all where none is."""
    weight = (there | ~there.any(1, keepdim=True)).to(rows.dtype).unsqueeze(-1)
    return (rows * weight).sum(1) / weight.sum(1)
