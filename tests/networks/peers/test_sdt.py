"""SDT: a transformer for each ordered pair, both gates, and the heads that learn from the whole."""

import math
from dataclasses import replace

import pytest
import torch
from support.batches import DIMS, EMOTIONS, random_batch
from torch import Tensor
from torch.nn import functional

from synctva.batch import Batch
from synctva.errors import InputError
from synctva.networks.peers.layout import padded
from synctva.networks.peers.sdt import CrossTransformer, GateOverModalities, Sdt, SdtSettings

WIDTH, HEADS = 8, 2
SMALL = SdtSettings(width=WIDTH, heads=HEADS)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@torch.no_grad()
def test_a_modality_asks_another_one_utterance_by_utterance():
    layer = CrossTransformer(WIDTH, HEADS, 0.5).eval()
    dialogue = torch.tensor([0, 0, 0, 1, 2, 2])
    asking, asked = torch.randn(6, WIDTH), torch.randn(6, WIDTH)
    blocks, there = padded(asking, dialogue)
    found = layer(blocks, padded(asked, dialogue)[0] + 9 * ~there.unsqueeze(-1), there)
    for i in range(6):
        heard = by_loop(layer, asking[i], asked[dialogue == dialogue[i]])
        torch.testing.assert_close(found[i], heard)


def by_loop(layer: CrossTransformer, asking: Tensor, asked: Tensor) -> Tensor:
    """Returns one utterance's state after attention, feed-forward and gate."""
    weight, bias = layer.attention.in_proj_weight.chunk(3), layer.attention.in_proj_bias.chunk(3)
    query, key, value = (
        rows @ w.T + b for rows, w, b in zip((asking, asked, asked), weight, bias, strict=True)
    )
    half, heads = WIDTH // HEADS, []
    for head in (slice(0, half), slice(half, WIDTH)):
        score = torch.stack([query[head] @ k[head] / math.sqrt(half) for k in key])
        heads.append((score.exp() / score.exp().sum()) @ value[:, head])
    state = asking + layer.attention.out_proj(torch.cat(heads))
    norm, inner, _, _, outer, _ = layer.feed_forward
    state = state + outer(functional.gelu(inner(norm(state)), approximate="tanh"))
    return torch.sigmoid(layer.gate.weight @ state) * state


@torch.no_grad()
def test_the_gate_weighs_the_modalities_feature_by_feature():
    gate = GateOverModalities(4)
    states = torch.randn(5, 3, 4)
    found = gate(states)
    for i in range(5):
        score = torch.stack([gate.score.weight @ states[i, m] for m in range(3)]).exp()
        torch.testing.assert_close(
            found[i], sum(score[m] / score.sum(0) * states[i, m] for m in range(3))
        )


@pytest.mark.parametrize("modalities", [("text",), ("text", "audio"), ("text", "audio", "visual")])
def test_there_is_a_transformer_for_each_ordered_pair(modalities: tuple[str, ...]):
    dims = {m: DIMS[m] for m in modalities}
    network = Sdt(EMOTIONS, dims, SMALL).eval()
    layers = [layer for layer in network.modules() if isinstance(layer, CrossTransformer)]
    assert len(layers) == len(modalities) ** 2
    output = network(random_batch((3, 2), dims))
    assert tuple(output.unimodal) == (modalities if len(modalities) > 1 else ())


def test_heads_of_modalities_see_the_others_only_by_asking_them():
    """Another value of one modality reaches every head; without the asking, its own alone."""
    network = Sdt(EMOTIONS, DIMS, SMALL).eval()
    batch = random_batch((4,), missing=0.0)
    less = batch.keep(("text", "audio"))
    assert changed(network, batch, less) == {"text", "audio", "visual"}
    for m, layers in network.between.items():
        for other, layer in layers.items():
            if m != other:
                torch.nn.init.zeros_(layer.attention.out_proj.weight)
    assert changed(network, batch, less) == {"visual"}


def changed(network: Sdt, one: Batch, other: Batch) -> set[str]:
    before, after = network(one).unimodal, network(other).unimodal
    return {m for m in before if not torch.allclose(before[m], after[m], atol=1e-6)}


def test_another_speaker_changes_something():
    network = Sdt(EMOTIONS, DIMS, SMALL).eval()
    batch = random_batch((6,))
    one_voice = replace(batch, speaker=torch.zeros_like(batch.speaker))
    assert not torch.allclose(network(batch).logits, network(one_voice).logits)


@pytest.mark.parametrize(("width", "heads"), [(9, 3), (10, 4)])
def test_a_width_that_cannot_be_shared_is_refused(width: int, heads: int):
    with pytest.raises(InputError, match=f"model.width {width}"):
        SdtSettings(width=width, heads=heads)
