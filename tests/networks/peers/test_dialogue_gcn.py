"""DialogueGCN: its window, its edge weights, its relations."""

import pytest
import torch
from support.batches import DIMS, EMOTIONS, random_batch
from torch import Tensor
from torch.nn import functional

from synctva.networks.peers.dialogue_gcn import (
    DialogueGcn,
    DialogueGcnSettings,
    EdgeWeights,
    RelationalConvolution,
    in_window,
)

LENGTHS = (4, 6, 1)
THERE = torch.arange(6) < torch.tensor(LENGTHS).unsqueeze(1)


@pytest.fixture
def nodes() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(len(LENGTHS), max(LENGTHS), 5) * THERE.unsqueeze(-1)


def neighbours(dialogue: int, turn: int, past: int, future: int) -> list[int]:
    return [j for j in range(LENGTHS[dialogue]) if turn - past <= j <= turn + future]


def test_the_window_holds_the_nearest_utterances_of_the_dialogue_and_oneself():
    visible = in_window(THERE, 2, 1)
    for d, length in enumerate(LENGTHS):
        for i in range(max(LENGTHS)):
            expected = neighbours(d, i, 2, 1) if i < length else []
            assert visible[d, i].nonzero().flatten().tolist() == expected


def test_edge_weights_are_a_softmax_over_the_window(nodes: Tensor):
    edges = EdgeWeights(5)
    weight = edges(nodes, in_window(THERE, 2, 1))
    matrix = edges.bilinear.weight
    for d, length in enumerate(LENGTHS):
        for i in range(length):
            near = neighbours(d, i, 2, 1)
            score = torch.stack([nodes[d, j] @ matrix @ nodes[d, i] for j in near])
            expected = torch.zeros(max(LENGTHS)).scatter(0, torch.tensor(near), score.softmax(0))
            torch.testing.assert_close(weight[d, i], expected)


def test_relational_convolution_equals_a_loop_over_edges(nodes: Tensor):
    speakers, bases, width = 3, 4, 7
    layer = RelationalConvolution(5, width, speakers, bases)
    speaker = torch.randint(speakers, THERE.shape)
    weight = torch.rand(len(LENGTHS), 6, 6) * in_window(THERE, 2, 3)
    found = layer(nodes, speaker, weight)
    basis = layer.basis.unflatten(1, (bases, width))
    share = layer.share.unflatten(0, (2, speakers, speakers))
    for d, length in enumerate(LENGTHS):
        for i in range(length):
            expected = layer.itself(nodes[d, i])
            for j in neighbours(d, i, 2, 3):
                relation = share[int(j > i), speaker[d, i], speaker[d, j]]
                matrix = torch.einsum("b,xby->xy", relation, basis)
                expected = expected + weight[d, i, j] * (nodes[d, j] @ matrix)
            torch.testing.assert_close(found[d, i], expected)


def test_the_classifier_attends_over_the_dialogue():
    """With a graph of zeros the rest is written out here: attention, hidden layer, logits."""
    torch.manual_seed(0)
    settings = DialogueGcnSettings(width=6, graph_width=4, layers=1)
    network = DialogueGcn(EMOTIONS, DIMS, settings).eval()
    for layer in (network.neighbours, network.itself):
        torch.nn.init.zeros_(layer.weight)
    batch = random_batch((5,), missing=0.0)
    context = network.context(torch.cat([batch.text, batch.audio, batch.visual], 1), batch.dialogue)
    bias = network.neighbours.bias.relu().expand(5, -1)
    state = torch.cat([context, bias], dim=1)
    weight = torch.stack([(state @ network.attention(row)).softmax(0) for row in state])
    hidden = functional.relu(network.hidden(weight @ state))
    torch.testing.assert_close(network(batch).logits, network.classifier(hidden))
