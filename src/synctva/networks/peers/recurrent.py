"""Recurrent context: the first part of the networks that begin with an LSTM or a GRU."""

from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from synctva.networks.peers.layout import padded


class RecurrentContext(nn.Module):
    """A bidirectional recurrent network along each dialogue, flat rows in and flat rows out.

    Args:
        dim: Width of the rows that come in.
        width: Width of those that go out, both directions together.
        layers: How many layers.
        dropout: Rate between the layers.
        cell: ``nn.LSTM`` or ``nn.GRU``.
    """

    def __init__(
        self, dim: int, width: int, layers: int, dropout: float, cell: type[nn.LSTM] | type[nn.GRU]
    ) -> None:
        super().__init__()
        self.cells = cell(
            dim,
            width // 2,
            num_layers=layers,
            bidirectional=True,
            batch_first=True,
            dropout=dropout if layers > 1 else 0.0,
        )

    def forward(
        self, rows: Float[Tensor, "utterance dim"], dialogue: Int[Tensor, " utterance"]
    ) -> Float[Tensor, "utterance width"]:
        """Returns each utterance in the light of its dialogue; padding is never read."""
        blocks, there = padded(rows, dialogue)
        packed = pack_padded_sequence(
            blocks, torch.bincount(dialogue).cpu(), batch_first=True, enforce_sorted=False
        )
        context = pad_packed_sequence(self.cells(packed)[0], batch_first=True)[0]
        return cast(Tensor, context)[there]
