"""What validates where no split does: every emotion is learnt from or held out, never both."""

import pytest
import torch
from tiny import tiny_corpus

from synctva.batch import batch_of
from synctva.errors import InputError
from synctva.training.held_out import BLOCK, HELD_OUT_SHARE, held_out, in_pieces
from synctva.training.splits import InMemory


@pytest.fixture(scope="module")
def train() -> InMemory:
    return InMemory(batch_of(tiny_corpus((6, 1, 1)).split("train")))


def test_each_emotion_is_learnt_from_or_held_out(train: InMemory):
    kept, out = held_out(train, 0, "store")
    own = train.batch.emotion
    assert torch.equal(torch.maximum(kept.batch.emotion, out.batch.emotion), own)
    assert not ((kept.batch.emotion >= 0) & (out.batch.emotion >= 0)).any()
    share = float((out.batch.emotion >= 0).sum() / (own >= 0).sum())
    assert HELD_OUT_SHARE <= share < HELD_OUT_SHARE + BLOCK / len(own)
    for name in ("text", "audio", "visual", "present", "dialogue", "turn", "speaker"):
        assert torch.equal(getattr(kept.batch, name), getattr(train.batch, name))
        assert torch.equal(getattr(out.batch, name), getattr(train.batch, name))


def test_neighbours_are_held_out_together_and_the_seed_says_which(train: InMemory):
    _, out = held_out(train, 0, "store")
    is_out = (out.batch.emotion >= 0)[train.batch.emotion >= 0].int()
    runs = int((is_out.diff() == 1).sum()) + int(is_out[0])
    assert runs <= int(is_out.sum()) / (BLOCK - 2)
    again, other = held_out(train, 0, "store")[1], held_out(train, 1, "store")[1]
    assert torch.equal(again.batch.emotion, out.batch.emotion)
    assert not torch.equal(other.batch.emotion, out.batch.emotion)


@pytest.mark.parametrize("labelled", [2, 3, 7, 24])
def test_of_few_labels_one_is_held_out_and_one_kept(train: InMemory, labelled: int):
    emotion = train.batch.emotion.clone()
    emotion[labelled:] = -1
    batch = type(train.batch)(**{**vars(train.batch), "emotion": emotion})
    kept, out = held_out(InMemory(batch), 3, "store")
    assert int((kept.batch.emotion >= 0).sum()) >= 1
    assert int((out.batch.emotion >= 0).sum()) >= 1


def test_one_label_is_told(train: InMemory):
    batch = type(train.batch)(
        **{**vars(train.batch), "emotion": torch.full_like(train.batch.emotion, -1)}
    )
    with pytest.raises(InputError, match="stores/own: 0 utterances have an emotion"):
        held_out(InMemory(batch), 0, "stores/own")


def test_long_dialogues_are_cut_and_short_ones_are_not(train: InMemory):
    lengths = torch.bincount(train.batch.dialogue)
    whole = in_pieces(train, int(lengths.max()))
    cut = in_pieces(train, 3)
    assert isinstance(whole, InMemory)
    assert isinstance(cut, InMemory)
    assert torch.equal(whole.batch.dialogue, train.batch.dialogue)
    assert int(torch.bincount(cut.batch.dialogue).max()) == 3
    assert int(cut.batch.dialogue[-1]) + 1 == int((lengths / 3).ceil().sum())
    pairs = set(zip(cut.batch.dialogue.tolist(), train.batch.dialogue.tolist(), strict=True))
    assert len(pairs) == int(cut.batch.dialogue[-1]) + 1  # no piece of two dialogues
    assert torch.equal(cut.batch.emotion, train.batch.emotion)
