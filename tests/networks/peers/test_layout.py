"""Laying flat rows out and back."""

from dataclasses import replace

import torch
from support.batches import random_batch

from synctva.networks.peers.layout import concatenated, padded, speaker_numbers


def test_padded_rows_come_back_flat():
    batch = random_batch((3, 1, 7))
    blocks, there = padded(batch.text, batch.dialogue)
    assert blocks.shape == (3, 7, batch.text.shape[1])
    assert torch.equal(blocks[there], batch.text)
    assert not blocks[~there].any()


def test_speakers_are_numbered_by_their_first_turns():
    batch = random_batch((6, 2))
    speaker = torch.tensor([7, 7, 2, 9, 2, 7, 9, 2])
    found = speaker_numbers(replace(batch, speaker=speaker), 5)
    assert found.tolist() == [0, 0, 1, 2, 1, 0, 0, 1]
    assert speaker_numbers(replace(batch, speaker=speaker), 2).tolist() == [0, 0, 1, 1, 1, 0, 0, 1]


def test_concatenation_keeps_the_order_of_the_modalities():
    batch = random_batch((2,))
    both = concatenated(batch, ("visual", "text"))
    assert torch.equal(both, torch.cat([batch.text, batch.visual], dim=1))
