from dataclasses import replace

import pytest
import torch
from support.batches import random_batch
from support.oracle import Edge, listen, relation, rows_seen, split
from support.variants import shaken
from torch import Tensor

from synctva.batch import Batch
from synctva.networks.sync_tva.architecture import Architecture
from synctva.networks.sync_tva.attention import blocks_of
from synctva.networks.sync_tva.enhancement import Enhancement, Gate, Plain

WHOLE = Architecture(width=8, heads=2, past="all", future="all")
LAYERS = {
    "whole": WHOLE,
    "windowed": replace(WHOLE, past=1, future=2),
    "no_gating": replace(WHOLE, gating=False),
    "no_relations": replace(WHOLE, relations=False),
    "no_self_attention": replace(WHOLE, self_attention=False),
}


@torch.no_grad()
def by_loops(
    layer: Enhancement, architecture: Architecture, state: Tensor, present: Tensor, batch: Batch
) -> Tensor:
    """Returns the layer's sum utterance by utterance, with the layer's own weights."""
    rows = []
    for row, own in enumerate(state):
        if (context := layer.context) is not None:
            edges = []
            for other in rows_seen(batch, row, architecture.past, architecture.future):
                if present[other]:
                    _, key, value = split(context.project(state[other]), 3, architecture)
                    bias = relation(context.bias, batch, row, other)
                    edges.append(Edge(other, key, value, bias))
            query, _, _ = split(context.project(own), 3, architecture)
            heard = context.out(listen(query, edges))
            own = context.norm(own + gated(context.gate, own, heard))
        update = layer.feed_forward.update(own)
        rows.append(layer.feed_forward.norm(own + gated(layer.feed_forward.gate, own, update)))
    return torch.stack(rows)


def gated(gate: torch.nn.Module, state: Tensor, update: Tensor) -> Tensor:
    if not isinstance(gate, Gate):
        return update
    weigh = gate.weigh.weight @ torch.cat([state, update]) + gate.weigh.bias
    return update / (1 + torch.exp(-weigh))


@pytest.mark.parametrize("name", LAYERS)
def test_enhancement_equals_a_loop_over_utterances(name: str):
    architecture = LAYERS[name]
    batch = random_batch([1, 5, 22], missing=0.3)
    parts = {"gating": architecture.gating, "self_attention": architecture.self_attention}
    layer = shaken(Enhancement(architecture.sizes, **parts), 0.5)
    state, present = torch.randn(len(batch), 8), batch.present[:, 0]
    found = layer(state, present, blocks_of(batch, architecture.past, architecture.future))
    expected = by_loops(layer, architecture, state, present, batch)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_gate_lets_through_a_part_between_nothing_and_all():
    torch.manual_seed(0)
    gate, state, update = Gate(8), torch.randn(5, 8), torch.randn(5, 8)
    share = gate(state, update) / update
    assert ((share > 0) & (share < 1)).all()
    assert share.std() > 0.01, "each feature of each utterance has a share of its own"


def test_without_gating_the_whole_update_enters():
    state, update = torch.randn(2, 5, 8)
    assert torch.equal(Plain(8)(state, update), update)
