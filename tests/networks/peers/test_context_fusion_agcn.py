"""Context fusion with an adaptive graph: its relations, edges, messages and attention."""

from dataclasses import replace

import torch
from support.batches import DIMS, EMOTIONS, random_batch
from torch.nn import functional

from synctva.batch import Batch
from synctva.networks.peers.context_fusion_agcn import (
    AdaptiveConvolution,
    AttentionBlock,
    ContextFusionAgcn,
    ContextFusionAgcnSettings,
    relations_of,
)
from synctva.networks.peers.layout import padded

SMALL = ContextFusionAgcnSettings(width=8, heads=2, past=2, future=1, dropout=0.0)
LENGTHS = (1, 6, 4)


def test_a_relation_is_who_speaks_and_whether_before_or_after():
    speaker, there = torch.tensor([[0, 1, 0, 0]]), torch.tensor([[True, True, True, False]])
    found = relations_of(speaker, there, past=2, future=1)[0]
    edges = {(r, i, j) for r, i, j in found.nonzero().tolist()}
    assert edges == {(0, 2, 0), (2, 1, 0), (2, 2, 1), (3, 0, 1), (3, 1, 2)}


@torch.no_grad()
def test_edges_and_messages_equal_loops():
    torch.manual_seed(0)
    layer = AdaptiveConvolution(SMALL)
    layer.learned += torch.randn(4)
    batch = random_batch(LENGTHS)
    rows = torch.randn(len(batch), SMALL.width)
    nodes, there = padded(rows, batch.dialogue)
    speaker, _ = padded(batch.speaker, batch.dialogue)
    found = layer(nodes, relations_of(speaker, there, 2, 1))[there]
    heard = torch.stack([looped(layer, rows, batch, i) for i in range(len(batch))])
    expected = layer.norm(rows + (layer.itself(rows) + heard).relu())
    torch.testing.assert_close(found, expected)


def looped(layer: AdaptiveConvolution, rows: torch.Tensor, batch: Batch, i: int) -> torch.Tensor:
    """What all neighbours of a node tell it."""
    heard = torch.zeros(SMALL.width)
    matrices = layer.tell.weight.unflatten(0, (4, SMALL.width))
    for relation in range(4):
        neighbours = [
            j
            for j in range(len(batch))
            if batch.dialogue[i] == batch.dialogue[j]
            and (-2 <= j - i < 0 if relation % 2 == 0 else 0 < j - i <= 1)
            and (batch.speaker[i] == batch.speaker[j]) == (relation < 2)
        ]
        if neighbours:
            query, keys = layer.query(rows[i]), layer.key(rows[neighbours])
            learned = (keys @ query / SMALL.width**0.5).softmax(0)
            share = layer.learned[relation].sigmoid()
            weight = (1 - share) / len(neighbours) + share * learned
            heard = heard + (weight.unsqueeze(1) * rows[neighbours] @ matrices[relation].T).sum(0)
    return heard


@torch.no_grad()
def test_attention_equals_softmax_over_the_visible_turns():
    torch.manual_seed(0)
    block = AttentionBlock(SMALL)
    states, others = torch.randn(2, 1, 5, SMALL.width)
    visible = torch.tensor([[True, False, True, True, False]])
    query = block.query(states[0])
    key, value = block.pair(others[0]).chunk(2, dim=1)
    heads = []
    for one in (slice(0, 4), slice(4, 8)):
        score = query[:, one] @ key[visible[0]][:, one].T / 4**0.5
        heads.append(score.softmax(1) @ value[visible[0]][:, one])
    asked = block.norms[0](states[0] + block.leave(torch.cat(heads, dim=1)))
    expected = block.norms[1](asked + block.back(block.forth(asked).relu()))
    torch.testing.assert_close(block(states, others, visible)[0], expected)


@torch.no_grad()
def test_a_modality_that_is_never_there_adds_nothing_to_another():
    torch.manual_seed(0)
    block = AttentionBlock(SMALL)
    states, others, garbage = torch.randn(3, 1, 5, SMALL.width)
    nothing = torch.zeros(1, 5, dtype=torch.bool)
    torch.testing.assert_close(block(states, others, nothing), block(states, garbage, nothing))


def test_every_modality_asks_every_other():
    names = {n: dict(list(DIMS.items())[:n]) for n in (1, 2, 3)}
    found = {n: set(ContextFusionAgcn(EMOTIONS, d, SMALL).alignment) for n, d in names.items()}
    assert found[1] == set()
    assert found[2] == {"text_audio", "audio_text"}
    assert len(found[3]) == 6


def test_the_second_task_is_the_sentiment_and_for_training_only():
    torch.manual_seed(0)
    model = ContextFusionAgcn(EMOTIONS, dict(DIMS), SMALL)
    batch = random_batch(LENGTHS)
    batch = replace(batch, emotion=batch.emotion.index_fill(0, torch.tensor([1, 5]), -1))
    assert model.eval()(batch).auxiliary is None
    output = model.train()(batch)
    known = batch.emotion >= 0
    sentiment = (batch.emotion[known] == EMOTIONS.index("joy")).long() * 2
    expected = functional.cross_entropy(model.second(output.fused[known]), sentiment)
    torch.testing.assert_close(output.auxiliary, 0.5 * expected)
