"""CFN-SR: one modality, after self-attention, guides attention in another; residuals keep both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.errors import InputError
from synctva.networks.peers.sizes import Count, Rate
from synctva.output import Output

GUIDES = ("audio", "text", "visual")
"""The first of these that a corpus has guides; audio does in the paper."""


@dataclass(frozen=True)
class CfnSrSettings:
    """Sizes of CFN-SR, as its authors' code runs it for RAVDESS.

    Attributes:
        width: Width of the tokens, and of the space in which guide and positions meet (k).
        tokens: Tokens that an utterance's features become, of the guide and of what it guides.
        heads: Attention heads; they share ``width``.
        layers: Self-attention layers of the guide.
        embedding_dropout: Rate on the tokens that enter self-attention.
        dropout: Rate inside self-attention.
        guide_dropout: Rate on the guide's own tokens before the classifier.
        network: Its name in recipes.

    Raises:
        InputError: A width that the heads cannot share.
    """

    width: Count = 64
    tokens: Count = 8
    heads: Count = 8
    layers: Count = 5
    embedding_dropout: Rate = 0.3
    dropout: Rate = 0.1
    guide_dropout: Rate = 0.4
    network: Literal["cfn-sr"] = "cfn-sr"

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise InputError(
                f"model.width {self.width}: not a multiple of model.heads {self.heads}"
            )


class Tokens(nn.Module):
    """The features of an utterance as tokens, each a linear map of all features.

    Args:
        dim: Width of the features.
        tokens: How many tokens.
        width: Width of a token.
    """

    def __init__(self, dim: int, tokens: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(dim, tokens * width)
        self.split = nn.Unflatten(1, (tokens, width))
        self.norm = nn.LayerNorm(width)

    def forward(
        self, features: Float[Tensor, "utterance dim"]
    ) -> Float[Tensor, "utterance token width"]:
        """Returns the tokens of each utterance."""
        return self.norm(self.split(self.project(features)).relu())


class CrossModalBlock(nn.Module):
    """Positions of one modality, those brought forward that another modality points to.

    a = softmax over positions of w tanh(W_x x + W_y y); x <- a x + x.

    Args:
        width: Width of the positions x, of the guide y and of the space in which both meet.

    Source: Fu et al. 2021, section 2, cross-modal blocks; the weights as in the authors' code.
    Departs: an utterance's weights are its own; that code adds up those of a whole batch.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.position = nn.Linear(width, width)
        self.guide = nn.Linear(width, width, bias=False)
        self.weight = nn.Linear(width, 1, bias=False)

    def forward(
        self,
        positions: Float[Tensor, "utterance token width"],
        guide: Float[Tensor, "utterance width"],
    ) -> Float[Tensor, "utterance token width"]:
        """Returns the positions, weighed, added to what they were."""
        met = torch.tanh(self.position(positions) + self.guide(guide).unsqueeze(1))
        return positions + self.weight(met).softmax(1) * positions


class CfnSr(nn.Module):
    """CFN-SR: self-attention of audio guides a cross-modal block of each other modality.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Fu et al. 2021 (arXiv 2111.02172), section 2; sizes as in the authors' code.
    Departs: the paper decides on one clip, by its pictures' regions and its sound's moments, and
        knows no dialogue; so does this network, and an utterance's features, which are one vector,
        become tokens by a learned map (statistics have no order that a convolution could read, and
        8 audio features cannot be cut into pieces). Tokens of a learned map need no positions and
        no causal mask: the guide is the mean of the attended tokens, not the last. 8 tokens instead
        of 26 and 98; positions as wide as the guide, not 2048, the width of the picture network.
        Text, which the paper has not, is guided as video is; without audio, text guides; a single
        modality guides itself. Layer instead of batch normalisation. A missing modality is zero
        before its map.
    """

    reach = (0, 0)

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: CfnSrSettings
    ) -> None:
        super().__init__()
        tokens, width = settings.tokens, settings.width
        self.guide = next(m for m in GUIDES if m in dims)
        guided = [m for m in dims if m != self.guide] or [self.guide]
        self.guide_tokens = Tokens(dims[self.guide], tokens, width)
        self.embedding_dropout = nn.Dropout(settings.embedding_dropout)
        layer = nn.TransformerEncoderLayer(
            width,
            settings.heads,
            4 * width,
            settings.dropout,
            batch_first=True,
            norm_first=True,
        )
        self.attention = nn.TransformerEncoder(
            layer, settings.layers, norm=nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.positions = nn.ModuleDict({m: Tokens(dims[m], tokens, width) for m in guided})
        self.blocks = nn.ModuleDict({m: CrossModalBlock(width) for m in guided})
        self.guide_dropout = nn.Dropout(settings.guide_dropout)
        joined = (len(guided) + tokens) * width
        self.classifier = nn.Linear(joined, len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch."""
        own = self.guide_tokens(batch.features[self.guide])
        guide = self.attention(self.embedding_dropout(own)).mean(1)
        parts = [self.guide_dropout(own.flatten(1))]
        for m, block in self.blocks.items():
            parts.append(block(self.positions[m](batch.features[m]), guide).mean(1))
        fused = torch.cat(parts, dim=1)
        return Output(logits=self.classifier(fused), fused=fused)
