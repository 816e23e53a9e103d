"""Which dialogues make a batch, who computes which of them, and what is hidden of them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.batches import random_batch
from support.tiny import tiny_corpus

from synctva.batch import Batch, batch_of
from synctva.emotions import MODALITIES
from synctva.training.batches import batches_of, hide_modalities, share_of, shares_of

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=80)


@given(LENGTHS, st.integers(1, 6))
def test_every_dialogue_has_one_process_and_none_has_much_more_than_another(lengths, ranks):
    shares = shares_of(torch.tensor(lengths), ranks)
    assert sorted(torch.cat(shares).tolist()) == list(range(len(lengths)))
    assert all(share.tolist() == sorted(share.tolist()) for share in shares)
    loads = [sum(lengths[number] for number in share.tolist()) for share in shares]
    assert max(loads) - min(loads) <= max(lengths)


@given(LENGTHS, st.integers(1, 6), st.integers(1, 90), st.integers(0, 3))
def test_shares_of_batches_are_balanced_over_an_epoch(lengths, ranks, size, epoch):
    """No process waits for another for longer than a batch's longest dialogue takes."""
    sizes = torch.tensor(lengths)
    for batch in batches_of(sizes, size, 0, epoch):
        loads = [int(sizes[batch][share].sum()) for share in shares_of(sizes[batch], ranks)]
        assert max(loads) <= int(sizes[batch].sum()) / ranks + int(sizes[batch].max())


def test_one_process_computes_the_very_batch():
    batch = random_batch([3, 1, 4])
    assert share_of(batch, 0, 1) is batch


def test_a_process_without_a_dialogue_has_one_that_does_not_count():
    batch = random_batch([3, 5])
    shares = [share_of(batch, rank, 3) for rank in range(3)]
    assert [len(share) for share in shares] == [5, 3, 3]
    assert (shares[2].emotion == -1).all()
    assert torch.equal(shares[2].text, batch.text[:3])
    labelled = torch.cat([share.emotion[share.emotion >= 0] for share in shares])
    assert sorted(labelled.tolist()) == sorted(batch.emotion.tolist())


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=80),
    size=st.integers(1, 90),
    seed=st.integers(0, 3),
    epoch=st.integers(0, 3),
)
def test_an_epoch_has_every_dialogue_exactly_once(lengths, size, seed, epoch):
    batches = batches_of(torch.tensor(lengths), size, seed, epoch)
    assert sorted(torch.cat(batches).tolist()) == list(range(len(lengths)))
    sizes = [sum(lengths[number] for number in batch.tolist()) for batch in batches]
    assert all(
        total <= size or len(batch) == 1 for total, batch in zip(sizes, batches, strict=True)
    )
    again = batches_of(torch.tensor(lengths), size, seed, epoch)
    assert all(torch.equal(one, other) for one, other in zip(batches, again, strict=True))


def test_epochs_and_seeds_differ_in_their_order():
    lengths = torch.arange(1, 41)
    orders = {
        tuple(torch.cat(batches_of(lengths, 80, seed, epoch)).tolist())
        for seed in (0, 1)
        for epoch in (0, 1, 2)
    }
    assert len(orders) == 6


def test_dialogues_of_like_length_share_a_batch_but_not_always_the_same():
    lengths = torch.randint(1, 60, (400,), generator=torch.Generator().manual_seed(0))
    batches = batches_of(lengths, 240, 0, 0)
    padded = sum(int(lengths[batch].max()) * len(batch) for batch in batches)
    assert padded < 1.25 * int(lengths.sum())  # 1.9 in random order
    longest = [int(lengths[batch].max()) for batch in batches]
    assert longest != sorted(longest)
    mates = {
        frozenset(batch.tolist())
        for epoch in (0, 1)
        for batch in batches_of(lengths, 240, 0, epoch)
    }
    assert len(mates) > 1.8 * len(batches)


@given(
    present=st.lists(st.tuples(*[st.booleans()] * 3), min_size=1, max_size=20),
    rate=st.floats(0, 1, exclude_max=True),
    dialogue_rate=st.floats(0, 1, exclude_max=True),
    seed=st.integers(0, 9),
)
def test_hiding_keeps_at_least_one_modality_and_adds_none(present, rate, dialogue_rate, seed):
    there = torch.tensor(present)
    batch = batch_of(tiny_corpus((len(present), 0, 0))).select(torch.arange(len(present)))
    rows = torch.arange(len(present))
    batch = Batch(**{name: value[rows] for name, value in vars(batch).items()}).with_present(there)
    torch.manual_seed(seed)
    hidden = hide_modalities(batch, rate, dialogue_rate)
    assert not (hidden.present & ~there).any()
    assert torch.equal(hidden.present.any(1), there.any(1))
    for i, m in enumerate(MODALITIES):
        assert (hidden.features[m][~hidden.present[:, i]] == 0).all()
        kept = hidden.present[:, i]
        assert torch.equal(hidden.features[m][kept], batch.features[m][kept])
    if rate == dialogue_rate == 0:
        assert torch.equal(hidden.present, there)


def test_modalities_are_hidden_at_the_rate_asked_for():
    batch = batch_of(tiny_corpus((200, 0, 0), missing=0.0))
    torch.manual_seed(0)
    hidden = ~hide_modalities(batch, 0.3).present
    expected = 0.3 - 0.3**3  # where all three fell, all three are kept
    assert hidden.float().mean(0).tolist() == pytest.approx([expected] * 3, abs=0.03)


def test_what_is_hidden_of_a_dialogue_is_hidden_in_all_of_it():
    batch = batch_of(tiny_corpus((200, 0, 0), missing=0.0))
    torch.manual_seed(0)
    hidden = ~hide_modalities(batch, 0.0, 0.3).present
    for dialogue in range(200):
        rows = hidden[batch.dialogue == dialogue]
        assert (rows == rows[0]).all()
    assert hidden.float().mean(0).tolist() == pytest.approx([0.3 - 0.3**3] * 3, abs=0.08)
