"""A bidirectional GRU along the dialogue, on concatenated features."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn

from synctva.batch import Batch
from synctva.networks.peers.layout import concatenated
from synctva.networks.peers.recurrent import RecurrentContext
from synctva.networks.peers.sizes import Count, Rate
from synctva.output import Output


@dataclass(frozen=True)
class BigruSettings:
    """Sizes of the bidirectional GRU; there is no paper, so they are ours.

    Attributes:
        width: Width of each of the two directions.
        layers: How many layers.
        dropout: Rate between the layers and before the classifier.
        feature_dropout: Rate on the features.
        network: Its name in recipes.
    """

    width: Count = 128
    layers: Count = 1
    dropout: Rate = 0.5
    feature_dropout: Rate = 0.2
    network: Literal["bigru"] = "bigru"


class Bigru(nn.Module):
    """Every utterance in the light of those before and after it, through gated recurrence.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: GRU, Cho et al. 2014, section 2.3; both directions, Schuster & Paliwal 1997.
    Departs: the reset gate acts after the matrix, not before it, as PyTorch has it. A missing
        modality is a zero among the features. Speakers are not told apart.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: BigruSettings
    ) -> None:
        super().__init__()
        self.modalities = tuple(dims)
        self.features = nn.Dropout(settings.feature_dropout)
        self.context = RecurrentContext(
            sum(dims.values()), 2 * settings.width, settings.layers, settings.dropout, nn.GRU
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear(2 * settings.width, len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        rows = self.features(concatenated(batch, self.modalities))
        fused = self.context(rows, batch.dialogue)
        return Output(logits=self.classifier(self.dropout(fused)), fused=fused)
