"""Long dialogues are cut, and nothing else changes."""

import torch
from support.tiny import tiny_corpus

from synctva.batch import batch_of
from synctva.training.pieces import in_pieces
from synctva.training.splits import InMemory


def test_long_dialogues_are_cut_and_short_ones_are_not():
    train = InMemory(batch_of(tiny_corpus((6, 1, 1)).split("train")))
    lengths = torch.bincount(train.batch.dialogue)
    whole, cut = in_pieces(train, int(lengths.max())), in_pieces(train, 3)
    assert isinstance(whole, InMemory)
    assert isinstance(cut, InMemory)
    assert torch.equal(whole.batch.dialogue, train.batch.dialogue)
    assert int(torch.bincount(cut.batch.dialogue).max()) == 3
    assert int(cut.batch.dialogue[-1]) + 1 == int((lengths / 3).ceil().sum())
    pairs = set(zip(cut.batch.dialogue.tolist(), train.batch.dialogue.tolist(), strict=True))
    assert len(pairs) == int(cut.batch.dialogue[-1]) + 1  # no piece of two dialogues
    for name in ("text", "audio", "visual", "present", "turn", "speaker", "emotion"):
        assert torch.equal(getattr(cut.batch, name), getattr(train.batch, name))
