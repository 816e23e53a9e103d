"""DialogueGCN: a graph of who speaks to whom, before or after, in a window of the dialogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.networks.peers.layout import concatenated, padded, speaker_numbers
from synctva.networks.peers.recurrent import RecurrentContext
from synctva.networks.peers.sizes import Count, Even, Rate, Reach
from synctva.output import Output


@dataclass(frozen=True)
class DialogueGcnSettings:
    """Sizes of DialogueGCN, as its authors' code runs it for IEMOCAP.

    Attributes:
        width: Width of the sequential context, both directions together.
        layers: Layers of the recurrent network.
        graph_width: Width of the graph's layers and of the classifier.
        past: How many utterances back an edge reaches.
        future: How many ahead.
        speakers: Speakers told apart; all later ones of a dialogue count as the last.
        bases: Matrices that the relations' matrices are sums of.
        dropout: Rate between recurrent layers and before the last layer.
        network: Its name in recipes.
    """

    width: Even = 200
    layers: Count = 2
    graph_width: Count = 100
    past: Reach = 10
    future: Reach = 10
    speakers: Count = 9
    bases: Count = 30
    dropout: Rate = 0.4
    network: Literal["dialogue-gcn"] = "dialogue-gcn"


class EdgeWeights(nn.Module):
    """Attention over the window of each utterance: softmax of g_i W g_j; it sums to 1.

    Source: Ghosal et al. 2019, equation 1.
    Departs: the authors' code has learned scores of the places in a dialogue instead of W, and
        normalises what an utterance sends, not what it receives; we follow the paper.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bilinear = nn.Linear(width, width, bias=False)

    def forward(
        self,
        nodes: Float[Tensor, "dialogue turn width"],
        visible: Bool[Tensor, "dialogue turn turn"],
    ) -> Float[Tensor, "dialogue turn turn"]:
        """Returns the weight of each edge from the second to the first turn, else zero."""
        score = self.bilinear(nodes) @ nodes.mT
        hidden = torch.finfo(score.dtype).min
        return score.masked_fill(~visible, hidden).softmax(-1) * visible


class RelationalConvolution(nn.Module):
    """Messages along weighted edges, a matrix for each relation, plus a matrix for oneself.

    A relation is the receiving speaker, the sending speaker, and whether that was later.

    Source: Ghosal et al. 2019, equation 2 and section 4.3 (relations); sums of shared bases after
        Schlichtkrull et al. 2018, equation 3, as in the authors' code.
    Departs: c_ir is 1 and the matrix for oneself is not weighted by the attention, both as in the
        authors' code: the weights of the edges sum to 1 already.
    """

    def __init__(self, dim: int, width: int, speakers: int, bases: int) -> None:
        super().__init__()
        self.speakers = speakers
        self.share = nn.Parameter(torch.empty(2 * speakers * speakers, bases))
        self.basis = nn.Parameter(torch.empty(dim, bases * width))
        self.itself = nn.Linear(dim, width)
        nn.init.xavier_uniform_(self.share)
        nn.init.uniform_(self.basis, -((6 / (dim + width)) ** 0.5), (6 / (dim + width)) ** 0.5)

    def forward(
        self,
        nodes: Float[Tensor, "dialogue turn dim"],
        speaker: Int[Tensor, "dialogue turn"],
        weight: Float[Tensor, "dialogue turn turn"],
    ) -> Float[Tensor, "dialogue turn width"]:
        """Returns the sum of all messages to each turn."""
        place = torch.arange(nodes.shape[1], device=nodes.device)
        later = (place.unsqueeze(0) > place.unsqueeze(1)).long()
        pair = speaker.unsqueeze(2) * self.speakers + speaker.unsqueeze(1)
        share = functional.embedding(later * self.speakers**2 + pair, self.share)
        weighted = (weight.unsqueeze(-1) * share).flatten(2)
        sent = (nodes @ self.basis).unflatten(-1, (share.shape[-1], -1)).flatten(1, 2)
        return weighted.to(sent.dtype) @ sent + self.itself(nodes)


class DialogueGcn(nn.Module):
    """DialogueGCN: recurrent context, a relational graph layer, a plain one, attentive classifier.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Ghosal et al. 2019 (EMNLP), section 4, equations 1-9.
    Departs: the paper has text alone; all modalities are concatenated here. Two layers of LSTM
        as in the authors' code for IEMOCAP (the paper: a GRU). Speakers are numbered in the order
        of their first turns. A missing modality is a zero among the features.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: DialogueGcnSettings
    ) -> None:
        super().__init__()
        self.settings, self.modalities = settings, tuple(dims)
        width, graph_width = settings.width, settings.graph_width
        self.context = RecurrentContext(
            sum(dims.values()), width, settings.layers, settings.dropout, nn.LSTM
        )
        self.edges = EdgeWeights(width)
        self.relational = RelationalConvolution(
            width, graph_width, settings.speakers, settings.bases
        )
        self.neighbours = nn.Linear(graph_width, graph_width)
        self.itself = nn.Linear(graph_width, graph_width, bias=False)
        self.attention = nn.Linear(width + graph_width, width + graph_width)
        self.hidden = nn.Linear(width + graph_width, graph_width)
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear(graph_width, len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        context = self.context(concatenated(batch, self.modalities), batch.dialogue)
        nodes, there = padded(context, batch.dialogue)
        speaker, _ = padded(speaker_numbers(batch, self.settings.speakers), batch.dialogue)

        visible = in_window(there, self.settings.past, self.settings.future)
        told = self.relational(nodes, speaker, self.edges(nodes, visible)).relu()
        heard = visible.to(told.dtype) @ told
        graph = (self.neighbours(heard) + self.itself(told)).relu()

        state = torch.cat([nodes.to(graph.dtype), graph], dim=-1)
        score = self.attention(state) @ state.mT
        score = score.masked_fill(~there.unsqueeze(1), torch.finfo(score.dtype).min)
        summary = score.softmax(-1).to(state.dtype) @ state
        fused = self.hidden(summary[there]).relu()
        return Output(logits=self.classifier(self.dropout(fused)), fused=fused)


def in_window(
    there: Bool[Tensor, "dialogue turn"], past: int, future: int
) -> Bool[Tensor, "dialogue turn turn"]:
    """Returns where the second turn is an utterance in the window of the first, or itself."""
    place = torch.arange(there.shape[1], device=there.device)
    ahead = place.unsqueeze(0) - place.unsqueeze(1)
    near = (ahead >= -past) & (ahead <= future)
    return near & there.unsqueeze(1) & there.unsqueeze(2)
