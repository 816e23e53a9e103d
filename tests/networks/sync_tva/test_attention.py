import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.batches import random_batch
from support.oracle import relation, rows_seen

from synctva.batch import Batch
from synctva.networks.sync_tva import attention
from synctva.networks.sync_tva.architecture import Architecture, Reach
from synctva.networks.sync_tva.attention import (
    Blocks,
    NoBias,
    RelationBias,
    attend,
    blocks_of,
    relation_bias,
)

LENGTHS = st.lists(st.integers(1, 70), min_size=1, max_size=6)
REACHES = st.integers(0, 20) | st.just("all")
HEADS, DIM = 2, 3


def dense(batch: Batch, past: Reach, future: Reach) -> Blocks:
    lengths = torch.bincount(batch.dialogue)
    return attention._layout(batch, lengths, int(lengths.max()), (0, 0), (past, future))


def shaken_bias() -> RelationBias:
    bias = RelationBias(HEADS)
    for weight in bias.parameters():
        torch.nn.init.normal_(weight)
    return bias


def seen_rows(blocks: Blocks, sends: torch.Tensor) -> list[list[int]]:
    """Returns the numbers of the utterances that each utterance sees."""
    number = blocks.keys(blocks.queries(torch.arange(len(sends)) + 1)) - 1
    visible = blocks.sees(sends)
    keys = number.unsqueeze(1).expand(visible.shape)
    pairs = zip(blocks.flat(visible), blocks.flat(keys), strict=True)
    return [key[row].tolist() for row, key in pairs]


@settings(deadline=None, max_examples=30)
@given(LENGTHS, REACHES, REACHES)
def test_an_utterance_sees_its_dialogue_within_the_window_and_nothing_else(
    lengths: list[int], past: Reach, future: Reach
):
    batch = random_batch(lengths)
    sends = batch.present[:, 0]
    expected = [
        [key for key in rows_seen(batch, row, past, future) if sends[key]]
        for row in range(len(batch))
    ]
    assert seen_rows(dense(batch, past, future), sends) == expected
    assert seen_rows(blocks_of(batch, past, future), sends) == expected


@settings(deadline=None, max_examples=30)
@given(LENGTHS, st.integers(0, 9), st.integers(0, 9))
def test_the_banded_layout_gives_the_same_as_the_dense_one(
    lengths: list[int], past: int, future: int
):
    torch.manual_seed(0)
    batch = random_batch(lengths)
    rows = torch.randn(3, len(batch), HEADS, DIM)
    bias = shaken_bias()

    def attended(blocks: Blocks) -> torch.Tensor:
        query, key, value = (blocks.queries(part) for part in rows)
        visible = blocks.sees(batch.present[:, 0])
        mixed = attend(query, blocks.keys(key), blocks.keys(value), visible, bias(blocks))
        return blocks.flat(mixed)

    banded = attended(blocks_of(batch, past, future))
    torch.testing.assert_close(banded, attended(dense(batch, past, future)), rtol=1e-4, atol=1e-5)


def test_only_a_short_window_in_a_long_dialogue_is_banded():
    batch = random_batch([90, 2])
    assert blocks_of(batch, 2, 1).shape == (7, 16)
    assert blocks_of(batch, 2, "all").shape == (2, 90)
    assert blocks_of(batch, 60, 30).shape == (2, 90)


def test_banded_blocks_grow_linearly_with_the_dialogue():
    cells = [blocks_of(random_batch([n]), 8, 8).visible.numel() for n in (200, 2000)]
    assert cells[1] < 11 * cells[0]


@settings(deadline=None, max_examples=30)
@given(LENGTHS, REACHES, REACHES)
def test_laying_out_and_laying_flat_again_changes_nothing(
    lengths: list[int], past: Reach, future: Reach
):
    batch = random_batch(lengths)
    blocks = blocks_of(batch, past, future)
    for rows in (batch.text, batch.present, batch.turn, torch.randn(len(batch), 2, 3)):
        laid = blocks.queries(rows)
        assert laid.shape[:2] == blocks.shape
        assert torch.equal(blocks.flat(laid), rows)
    assert int(blocks.queries(torch.ones(len(batch))).sum()) == len(batch)


@settings(deadline=None, max_examples=15)
@given(LENGTHS, st.integers(0, 40), REACHES)
def test_relations_are_told_by_speaker_direction_and_distance(
    lengths: list[int], past: int, future: Reach
):
    torch.manual_seed(0)
    batch = random_batch(lengths)
    blocks, bias = blocks_of(batch, past, future), shaken_bias()
    told = blocks.flat(bias(blocks).movedim(1, -1))
    number = blocks.keys(blocks.queries(torch.arange(len(batch)) + 1)) - 1
    number = blocks.flat(number.unsqueeze(1).expand(blocks.visible.shape))
    for query in range(0, len(batch), 7):
        seen = blocks.flat(blocks.visible)[query]
        expected = [relation(bias, batch, query, key) for key in number[query, seen].tolist()]
        torch.testing.assert_close(told[query, seen], torch.stack(expected))


def test_every_other_head_begins_with_the_same_speaker_and_the_rest_with_others():
    blocks = dense(random_batch([12]), "all", "all")
    told, same = RelationBias(4)(blocks)[0], blocks.same_speaker[0].bool()
    assert 0 < same.float().mean() < 1
    for head, own in enumerate(told):
        alike = own + torch.log2(blocks.ahead.abs().clamp(min=1).float()).ceil() * head / 3
        alike = alike + (blocks.ahead != 0) * head / 3
        leans = same if head % 2 == 0 else ~same
        torch.testing.assert_close(alike, torch.where(leans, 0.0, -1.0))


def test_distances_share_a_bucket_as_the_documentation_says():
    bias = RelationBias(1)
    with torch.no_grad():
        bias.kind.zero_()
        bias.distance.copy_(torch.arange(8.0).reshape(1, 1, 8, 1).expand_as(bias.distance))
    told = bias(dense(random_batch([200]), "all", "all"))[0, 0, 0].int().tolist()
    expected = [0, 1, 2, *[3] * 2, *[4] * 4, *[5] * 8, *[6] * 16, *[7] * 167]
    assert told == expected


def test_no_relations_are_no_bias():
    blocks = dense(random_batch([5, 3]), "all", "all")
    bias = relation_bias(Architecture(relations=False).sizes)
    assert isinstance(bias, NoBias)
    assert not bias(blocks).any()


def test_attention_over_visible_keys_is_softmax_attention():
    query, key, value = torch.randn(3, 1, 4, HEADS, DIM)
    bias = torch.randn(1, HEADS, 4, 4)
    visible = torch.tensor([[1, 1, 0, 1]], dtype=torch.bool).unsqueeze(1).expand(1, 4, 4)
    scores = torch.einsum("bqhd,bkhd->bhqk", query, key) / DIM**0.5 + bias
    weights = scores[..., [0, 1, 3]].softmax(-1)
    expected = torch.einsum("bhqk,bkhd->bqhd", weights, value[:, [0, 1, 3]])
    torch.testing.assert_close(attend(query, key, value, visible, bias), expected)


def test_where_no_key_is_visible_nothing_is_heard():
    query, key, value = torch.randn(3, 1, 4, HEADS, DIM)
    visible = torch.ones(1, 4, 4, dtype=torch.bool)
    visible[0, 2] = False
    rows = attend(query, key, value, visible, torch.randn(1, HEADS, 4, 4))
    assert not rows[0, 2].any()
    assert rows[0, [0, 1, 3]].abs().min() > 0


def test_where_no_key_is_visible_gradients_stay_finite():
    rows = torch.randn(3, 1, 4, HEADS, DIM, requires_grad=True)
    bias = torch.randn(1, HEADS, 4, 4, requires_grad=True)
    visible = torch.zeros(1, 4, 4, dtype=torch.bool)
    attend(rows[0], rows[1], rows[2], visible, bias).sum().backward()
    assert rows.grad is not None
    assert bias.grad is not None
    assert rows.grad.isfinite().all()
    assert bias.grad.isfinite().all()


def test_one_visible_key_is_heard_whatever_it_scores():
    query = torch.full((1, 1, 1, DIM), 30.0)
    key = torch.stack([-query, query], dim=1).flatten(1, 2)
    value = torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1).expand(1, 2, 1, DIM)
    visible = torch.tensor([True, False]).reshape(1, 1, 2)
    assert torch.equal(attend(query, key, value, visible, torch.zeros(1, 1, 1, 2)), value[:, :1])
