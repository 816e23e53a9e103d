"""SDT: transformers inside and between modalities, gates, and self-distillation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.errors import InputError
from synctva.networks.peers.layout import padded, speaker_numbers
from synctva.networks.peers.sizes import Count, Rate
from synctva.networks.peers.transformer import places
from synctva.output import Output


@dataclass(frozen=True)
class SdtSettings:
    """Sizes of SDT, as published for IEMOCAP and MELD alike.

    Attributes:
        width: Width of all states; a multiple of ``heads``, and even.
        heads: Attention heads.
        speakers: Speakers told apart (MELD's 9); all later ones of a dialogue count as the last.
        dropout: Rate everywhere.
        network: Its name in recipes.

    Raises:
        InputError: A width that the heads or the positions cannot share.
    """

    width: Count = 1024
    heads: Count = 8
    speakers: Count = 9
    dropout: Rate = 0.5
    network: Literal["sdt"] = "sdt"

    def __post_init__(self) -> None:
        if self.width % self.heads or self.width % 2:
            raise InputError(f"model.width {self.width}: not even and a multiple of {self.heads}")


class CrossTransformer(nn.Module):
    """One layer in which a modality asks (another, or itself), then a gate on what it heard.

    Source: Ma et al. 2023, the intra- and inter-modal transformers, and the unimodal level of the
        hierarchical gated fusion: sigmoid(W h) * h.
    Departs: LayerNorm before the feed-forward block alone, as in the authors' code for one layer.
        The gates learn, as in that code for IEMOCAP; for MELD it fixes W to the identity.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width, eps=1e-6),
            nn.Linear(width, width),
            nn.GELU("tanh"),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.Dropout(dropout),
        )
        self.gate = nn.Linear(width, width, bias=False)

    def forward(
        self,
        asking: Float[Tensor, "dialogue turn width"],
        asked: Float[Tensor, "dialogue turn width"],
        there: Bool[Tensor, "dialogue turn"],
    ) -> Float[Tensor, "utterance width"]:
        """Returns flat rows: the asking modality in the light of the asked one."""
        itself, asking = asked is asking, self.dropout(asking)
        asked = asking if itself else self.dropout(asked)
        heard, _ = self.attention(asking, asked, asked, ~there, need_weights=False)
        state = (asking + self.dropout(heard))[there]
        state = state + self.feed_forward(state)
        return self.gate(state).sigmoid() * state


class GateOverModalities(nn.Module):
    """Feature by feature, a softmax over the modalities decides how much of each enters.

    Source: Ma et al. 2023, the multimodal level of the hierarchical gated fusion.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, width, bias=False)

    def forward(
        self, states: Float[Tensor, "utterance modality width"]
    ) -> Float[Tensor, "utterance width"]:
        """Returns the weighted sum over the modalities."""
        return (self.score(states).softmax(1) * states).sum(1)


class Sdt(nn.Module):
    """A transformer for every ordered pair of modalities, itself included; gates; own heads.

    The heads of single modalities learn from the emotions and from the fused prediction; both terms
    are the recipe's (``loss.unimodal`` and ``loss.distillation``).

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Ma et al. 2023 (IEEE Transactions on Multimedia), and the authors' code
        where it says more.
    Departs: n modalities have n * n transformers (the paper: nine of three); one alone has neither
        a gate over modalities nor a head beside the classifier. Speakers are numbered in the order
        of their first turns. The teacher is not taught by the distillation (in the authors' code
        its gradient reaches the fused prediction too), and the temperature is 1, as for IEMOCAP
        (MELD: 8). A missing modality is a zero among the features.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: SdtSettings
    ) -> None:
        super().__init__()
        width, dropout = settings.width, settings.dropout
        self.settings = settings
        self.projection = nn.ModuleDict(
            {m: nn.Linear(d, width, bias=False) for m, d in dims.items()}
        )
        self.speaker = nn.Embedding(settings.speakers, width)
        self.between = nn.ModuleDict(
            {
                m: nn.ModuleDict(
                    {o: CrossTransformer(width, settings.heads, dropout) for o in dims}
                )
                for m in dims
            }
        )
        self.reduction = nn.ModuleDict({m: nn.Linear(len(dims) * width, width) for m in dims})
        self.gate = GateOverModalities(width) if len(dims) > 1 else None
        self.unimodal = nn.ModuleDict(
            {
                m: nn.Sequential(nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, len(emotions)))
                for m in dims
                if len(dims) > 1
            }
        )
        self.classifier = nn.Linear(width, len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        speaker = self.speaker(speaker_numbers(batch, self.settings.speakers))
        blocks, there = padded(speaker, batch.dialogue)
        where = blocks + places(blocks)
        states = {
            m: padded(projection(batch.features[m]), batch.dialogue)[0] + where
            for m, projection in self.projection.items()
        }
        enhanced = {m: self._enhanced(m, states, there) for m in states}
        stacked = torch.stack(list(enhanced.values()), dim=1)
        fused = stacked.squeeze(1) if self.gate is None else self.gate(stacked)
        return Output(
            logits=self.classifier(fused),
            fused=fused,
            unimodal={m: head(enhanced[m]) for m, head in self.unimodal.items()},
        )

    def _enhanced(
        self, modality: str, states: Mapping[str, Tensor], there: Bool[Tensor, "dialogue turn"]
    ) -> Float[Tensor, "utterance width"]:
        """Returns a modality in the light of itself and of each other one."""
        between = cast(nn.ModuleDict, self.between[modality])
        heard = [layer(states[modality], states[o], there) for o, layer in between.items()]
        return self.reduction[modality](torch.cat(heard, dim=1))
