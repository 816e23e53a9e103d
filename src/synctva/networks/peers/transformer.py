"""A plain transformer over the dialogue, on concatenated features."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.errors import InputError
from synctva.networks.peers.layout import concatenated, padded
from synctva.networks.peers.sizes import Count, Rate
from synctva.output import Output


@dataclass(frozen=True)
class TransformerSettings:
    """Sizes of the plain transformer: two layers of 128; the rest is what is common.

    Attributes:
        width: Width of the states; a multiple of ``heads``, and even.
        heads: Attention heads.
        layers: Encoder layers.
        inner_width: Width inside the feed-forward blocks.
        dropout: Rate inside the layers and before the classifier.
        feature_dropout: Rate on the features.
        network: Its name in recipes.

    Raises:
        InputError: A width that the heads or the positions cannot share.
    """

    width: Count = 128
    heads: Count = 4
    layers: Count = 2
    inner_width: Count = 256
    dropout: Rate = 0.3
    feature_dropout: Rate = 0.2
    network: Literal["transformer"] = "transformer"

    def __post_init__(self) -> None:
        if self.width % self.heads or self.width % 2:
            raise InputError(f"model.width {self.width}: not even and a multiple of {self.heads}")


class Transformer(nn.Module):
    """Encoder layers in which every utterance attends to its whole dialogue.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Vaswani et al. 2017, sections 3.1-3.5 (the encoder).
    Departs: LayerNorm before each block instead of after it (Xiong et al. 2020), and GELU. An
        utterance's place is among those of its dialogue. Speakers are not told apart. A missing
        modality is a zero among the features.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: TransformerSettings
    ) -> None:
        super().__init__()
        width, dropout = settings.width, settings.dropout
        self.modalities = tuple(dims)
        self.projection = nn.Sequential(
            nn.Dropout(settings.feature_dropout), nn.Linear(sum(dims.values()), width)
        )
        layer = nn.TransformerEncoderLayer(
            width,
            settings.heads,
            settings.inner_width,
            dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer, settings.layers, norm=nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        state = self.projection(concatenated(batch, self.modalities))
        blocks, there = padded(state, batch.dialogue)
        blocks = self.dropout(blocks + places(blocks))
        fused = self.encoder(blocks, src_key_padding_mask=~there)[there]
        return Output(logits=self.classifier(self.dropout(fused)), fused=fused)


def places(blocks: Float[Tensor, "dialogue turn width"]) -> Float[Tensor, "turn width"]:
    """Returns sines and cosines that tell the places in a dialogue apart.

    Source: Vaswani et al. 2017, section 3.5.
    """
    _, turns, width = blocks.shape
    place = torch.arange(turns, device=blocks.device, dtype=torch.float).unsqueeze(1)
    pair = torch.arange(0, width, 2, device=blocks.device, dtype=torch.float)
    angle = place * torch.exp(-math.log(10_000) * pair / width)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).to(blocks.dtype)
