"""The plain transformer: its places, and attention against a loop."""

import math
from dataclasses import replace

import pytest
import torch
from support.batches import DIMS, EMOTIONS, random_batch
from torch import Tensor
from torch.nn import functional

from synctva.errors import InputError
from synctva.networks.peers.transformer import Transformer, TransformerSettings, places

WIDTH = 8


def make_network() -> Transformer:
    torch.manual_seed(0)
    settings = TransformerSettings(width=WIDTH, heads=2, layers=1, inner_width=6)
    return Transformer(EMOTIONS, DIMS, settings).eval()


def test_places_are_the_formula():
    found = places(torch.zeros(2, 30, 6))
    for place in (0, 1, 29):
        for pair in range(3):
            angle = place / 10_000 ** (2 * pair / 6)
            assert found[place, 2 * pair] == pytest.approx(math.sin(angle), abs=1e-5)
            assert found[place, 2 * pair + 1] == pytest.approx(math.cos(angle), abs=1e-5)


@torch.no_grad()
def test_a_layer_is_attention_over_the_dialogue_one_by_one():
    network = make_network()
    batch = random_batch((5, 1, 3))
    found = network(batch).fused
    for number in range(3):
        dialogue = batch.select(torch.tensor([number]))
        rows = torch.cat([dialogue.text, dialogue.audio, dialogue.visual], dim=1)
        state = network.projection(rows)
        expected = by_loop(network, state + places(state.unsqueeze(0)))
        torch.testing.assert_close(found[batch.dialogue == number], expected)


def by_loop(network: Transformer, state: Tensor) -> Tensor:
    """Returns what the one layer makes of a dialogue (Vaswani et al. 2017, equations 1 and 2)."""
    (layer,) = network.encoder.layers
    attention, half = layer.self_attn, WIDTH // 2
    projected = layer.norm1(state) @ attention.in_proj_weight.T + attention.in_proj_bias
    query, key, value = projected.split(WIDTH, dim=1)
    context = torch.zeros_like(state)
    for head in (slice(0, half), slice(half, WIDTH)):
        for i in range(len(state)):
            score = torch.stack([query[i, head] @ k[head] / math.sqrt(half) for k in key])
            context[i, head] = (score.exp() / score.exp().sum()) @ value[:, head]
    state = state + attention.out_proj(context)
    state = state + layer.linear2(functional.gelu(layer.linear1(layer.norm2(state))))
    return network.encoder.norm(state)


def test_the_order_of_the_turns_matters():
    network = make_network()
    batch = random_batch((4,), missing=0.0)
    order = torch.tensor([3, 1, 2, 0])
    swapped = replace(batch, **{m: batch.features[m][order] for m in DIMS})
    assert not torch.allclose(network(batch).logits[1], network(swapped).logits[1])


@pytest.mark.parametrize(("width", "heads"), [(9, 3), (10, 4)])
def test_a_width_that_cannot_be_shared_is_refused(width: int, heads: int):
    with pytest.raises(InputError, match=f"model.width {width}"):
        TransformerSettings(width=width, heads=heads)
