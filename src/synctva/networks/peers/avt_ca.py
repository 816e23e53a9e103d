"""AVT-CA: attention over a visual map, then modalities that attend to each other over the turns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.errors import InputError
from synctva.networks.peers.layout import padded
from synctva.networks.peers.sizes import Count
from synctva.networks.peers.visual_map import VisualMap
from synctva.output import Output

Turns = Float[Tensor, "dialogue turn _"]


@dataclass(frozen=True)
class AvtCaSettings:
    """Sizes of AVT-CA, as its authors' code runs it for RAVDESS.

    Attributes:
        width: Width of the turns at the end; at the fusion visual turns have half of it.
        heads: Attention heads; they share ``width`` and half of it.
        map_width: Channels of the visual map.
        visual_width: Width of the visual turns that the map becomes.
        side: Places along each side of the visual map; even, so that it has quarters.
        reduction: By how much the channels shrink inside the attention over the map.
        network: Its name in recipes.

    Raises:
        InputError: A width that the heads cannot share, or a map without quarters.
    """

    width: Count = 128
    heads: Count = 8
    map_width: Count = 116
    visual_width: Count = 1024
    side: Count = 4
    reduction: Count = 16
    network: Literal["avt-ca"] = "avt-ca"

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise InputError(f"model.width {self.width}: not a multiple of {2 * self.heads}")
        if self.side < 2 or self.side % 2:
            raise InputError(f"model.side {self.side}: not even")


class TurnConvolution(nn.Module):
    """A convolution over three neighbouring turns; beyond a dialogue's ends there is zero.

    Args:
        dim: Width of the turns that come in.
        width: Width of those that go out.
    """

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(dim, width, 3, padding=1)
        self.norm = nn.LayerNorm(width)

    def forward(self, turns: Turns, there: Bool[Tensor, "dialogue turn"]) -> Turns:
        """Returns each turn in the light of its neighbours."""
        turns = turns.masked_fill(~there.unsqueeze(-1), 0.0)
        return self.norm(self.convolution(turns.mT).mT).relu()


class Convolutions(nn.Module):
    """Two convolutions over the turns, one after the other.

    Args:
        dim: Width of the turns that come in.
        inner: Width of those between the two.
        width: Width of those that go out.
    """

    def __init__(self, dim: int, inner: int, width: int) -> None:
        super().__init__()
        self.first = TurnConvolution(dim, inner)
        self.second = TurnConvolution(inner, width)

    def forward(self, turns: Turns, there: Bool[Tensor, "dialogue turn"]) -> Turns:
        """Returns each turn in the light of the two on either side."""
        return self.second(self.first(turns, there), there)


class FusionBlock(nn.Module):
    """What one modality finds in another: attention, then a feed-forward block.

    Args:
        width: Width of the turns that ask, and of what they find.
        other_width: Width of the turns that are asked.
        heads: Attention heads.

    Source: Venkatraman et al. 2024, intermediate transformer fusion; Chumachenko et al. 2022
        (arXiv 2201.11095), whose code theirs is built on: nothing is added around the attention.
    """

    def __init__(self, width: int, other_width: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.other_norm = nn.LayerNorm(other_width)
        self.attention = nn.MultiheadAttention(
            width, heads, bias=False, kdim=other_width, vdim=other_width, batch_first=True
        )
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, turns: Turns, others: Turns, there: Bool[Tensor, "dialogue turn"]) -> Turns:
        """Returns what ``turns`` find in ``others``."""
        key = self.other_norm(others)
        query = self.norm(turns)
        found, _ = self.attention(query, key, key, key_padding_mask=~there, need_weights=False)
        return found + self.feed_forward(found)


class AvtCa(nn.Module):
    """AVT-CA: convolutions along the turns, transformer fusion between them, attention at the end.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Venkatraman et al. 2024 (arXiv 2407.18552), section 3; sizes, the order of the parts
        and a last attention that both modalities share as in the authors' code.
    Departs: the paper decides on one clip by the frames of picture and sound, which are in step.
        Our features are one vector an utterance; what is in step is the turns of a dialogue. So a
        turn takes a frame's place, and each turn has an emotion where the paper pools over the
        frames. Text, which the paper has not, is convolved as audio is; a modality adds what it
        finds in each of the others. With one modality there is no fusion. Layer and group
        normalisation instead of batch normalisation, which would let dialogues of a batch see
        each other. A missing modality has zero features.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: AvtCaSettings
    ) -> None:
        super().__init__()
        width, heads = settings.width, settings.heads
        self.modalities = tuple(dims)
        self.map = None
        if "visual" in dims:
            self.map = VisualMap(
                dims["visual"],
                settings.map_width,
                settings.side,
                settings.reduction,
                settings.visual_width,
            )
        entering = {**dims, "visual": settings.visual_width}
        widths = {m: width // 2 if m == "visual" else width for m in dims}
        inner = {m: width if m == "visual" else 2 * width for m in dims}
        self.before = nn.ModuleDict(
            {m: Convolutions(entering[m], width // 2, widths[m]) for m in dims}
        )
        self.fusion = nn.ModuleDict(
            {
                f"{m}_{n}": FusionBlock(widths[m], widths[n], heads)
                for m in dims
                for n in dims
                if m != n
            }
        )
        self.after = nn.ModuleDict({m: Convolutions(widths[m], inner[m], width) for m in dims})
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.classifier = nn.Linear(len(dims) * width, len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        turns, there = {}, padded(batch.present, batch.dialogue)[1]
        for m in self.modalities:
            rows = batch.features[m]
            if m == "visual" and self.map is not None:
                rows = self.map(rows)
            turns[m] = self.before[m](padded(rows, batch.dialogue)[0], there)
        fused = dict(turns)
        for pair, block in self.fusion.items():
            m, n = pair.split("_")
            fused[m] = fused[m] + block(turns[m], turns[n], there)
        parts = []
        for m in self.modalities:
            state = self.after[m](fused[m], there)
            found, _ = self.attention(
                state, state, state, key_padding_mask=~there, need_weights=False
            )
            parts.append(found[there])
        joined = torch.cat(parts, dim=1)
        return Output(logits=self.classifier(joined), fused=joined)
