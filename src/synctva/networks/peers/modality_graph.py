"""One graph of all modalities of a dialogue: a node is an utterance in one modality."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.networks.peers.layout import padded, speaker_numbers
from synctva.networks.peers.recurrent import RecurrentContext


@dataclass(frozen=True)
class Edges:
    """Weights of the edges, from the node named last to the one named before.

    Attributes:
        turns: Between the turns of one modality.
        modalities: Between the modalities of one turn; zero from a modality to itself.
    """

    turns: Float[Tensor, "dialogue #modality turn turn"]
    modalities: Float[Tensor, "dialogue #turn modality modality"]

    def gathered(
        self, nodes: Float[Tensor, "dialogue modality turn width"]
    ) -> Float[Tensor, "dialogue modality turn width"]:
        """Returns the weighted sum of what reaches each node."""
        across = self.modalities.to(nodes.dtype) @ nodes.transpose(1, 2)
        return self.turns.to(nodes.dtype) @ nodes + across.transpose(1, 2)


class ModalityNodes(nn.Module):
    """The nodes: features projected to one width, text in its context, with the speaker's vector.

    Args:
        dims: Width of the features of each modality.
        width: Width of the nodes.
        speakers: Speakers told apart; all later ones of a dialogue count as the last.
        dropout: Rate between the layers of the recurrent network.
        cell: The recurrent network over text; two layers.

    Source: Hu et al. 2021, section 3.2; Chen et al. 2023, section 3.2. As in the code of both,
        audio and visual features have no recurrent network, and the speaker is added to text only.
    Departs: without text, the speaker is added to the first modality there is. Speakers are
        numbered in the order of their first turns.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        width: int,
        speakers: int,
        dropout: float,
        cell: type[nn.LSTM] | type[nn.GRU],
    ) -> None:
        super().__init__()
        self.project = nn.ModuleDict({m: nn.Linear(dim, width) for m, dim in dims.items()})
        self.context = nn.ModuleDict(
            {m: RecurrentContext(width, width, 2, dropout, cell) for m in dims if m == "text"}
        )
        self.speaker = nn.Embedding(speakers, width)

    def forward(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "dialogue modality turn width"], Bool[Tensor, "dialogue turn"]]:
        """Returns the nodes, zero where a dialogue has ended, and where it has not."""
        states = {m: project(batch.features[m]) for m, project in self.project.items()}
        for m, context in self.context.items():
            states[m] = context(states[m], batch.dialogue)
        first, *others = states.values()
        speaker = self.speaker(speaker_numbers(batch, self.speaker.num_embeddings))
        rows = torch.stack([(first + speaker).to(first.dtype), *others], dim=1)
        blocks, there = padded(rows, batch.dialogue)
        return blocks.transpose(1, 2), there


def flat(
    nodes: Float[Tensor, "dialogue modality turn width"], there: Bool[Tensor, "dialogue turn"]
) -> Float[Tensor, "utterance all_widths"]:
    """Returns each utterance's nodes side by side."""
    return nodes.transpose(1, 2)[there].flatten(1)


def edges_of(
    there: Bool[Tensor, "dialogue turn"], modalities: int
) -> tuple[Bool[Tensor, "dialogue 1 turn turn"], Bool[Tensor, "1 1 modality modality"]]:
    """Returns where edges are: all turns to all, themselves included; all other modalities."""
    turns = there.unsqueeze(1) & there.unsqueeze(2)
    itself = torch.eye(modalities, dtype=torch.bool, device=there.device)
    return turns.unsqueeze(1), ~itself[None, None]
