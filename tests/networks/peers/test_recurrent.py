"""Recurrent context of flat rows."""

import pytest
import torch
from support.batches import random_batch
from torch import nn

from synctva.networks.peers.recurrent import RecurrentContext


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU])
def test_each_dialogue_is_read_alone_and_without_padding(cell: type[nn.LSTM] | type[nn.GRU]):
    torch.manual_seed(0)
    batch = random_batch((3, 1, 7))
    context = RecurrentContext(batch.text.shape[1], 8, 2, 0.5, cell).eval()
    found = context(batch.text, batch.dialogue)
    expected = torch.cat([context.cells(rows)[0] for rows in batch.text.split((3, 1, 7))])
    torch.testing.assert_close(found, expected)


def test_both_directions_are_read():
    batch = random_batch((5,), missing=0.0)
    context = RecurrentContext(batch.text.shape[1], 8, 1, 0.0, nn.GRU)
    edited = batch.text.clone()
    edited[2] += 1.0
    felt = (context(batch.text, batch.dialogue) - context(edited, batch.dialogue)).abs() > 0
    assert felt[:3, 4:].any(1).all()
    assert felt[2:, :4].any(1).all()
    assert not felt[:2, :4].any()
    assert not felt[3:, 4:].any()
