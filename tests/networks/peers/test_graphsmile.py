"""GraphSmile: its graphs equal loops over edges, its tasks those of a loop over pairs."""

from dataclasses import replace

import torch
from support.batches import DIMS, EMOTIONS, random_batch
from torch.nn import functional

from synctva.networks.peers.graphsmile import (
    GraphSmile,
    GraphSmileSettings,
    PairGraph,
    SentimentDynamics,
    blocks_of_turns,
    shifts,
)
from synctva.networks.peers.layout import padded

SMALL = GraphSmileSettings(width=6, layers=2, past=2, future=1, shift_window=3, dropout=0.0)
LENGTHS = (1, 6, 4)


def test_the_edges_of_a_fresh_graph_are_the_normalised_adjacency():
    """A node has so many neighbours: its own turn in the other modality and those in the window."""
    _, there = padded(torch.zeros(4, 1), torch.zeros(4, dtype=torch.long))
    edges = PairGraph(SMALL).edges(there)
    neighbours = [(0, 1), (0, 1, 2), (0, 1, 2, 3), (1, 2, 3)]
    for i, others in enumerate(neighbours):
        for j in range(4):
            wanted = (len(others) * len(neighbours[j])) ** -0.5 if j in others else 0.0
            torch.testing.assert_close(edges[:, 0, i, j], torch.full((2,), wanted))


@torch.no_grad()
def test_a_graph_equals_a_loop_over_its_edges():
    torch.manual_seed(0)
    graph = PairGraph(SMALL)
    graph.distance += torch.randn_like(graph.distance)
    batch = random_batch(LENGTHS)
    rows = torch.randn(2, len(batch), SMALL.width)
    nodes = torch.stack([padded(r, batch.dialogue)[0] for r in rows])
    _, there = padded(batch.text, batch.dialogue)
    found = graph(nodes, there)[:, there]
    start = 0
    for length in LENGTHS:
        own = rows[:, start : start + length]
        torch.testing.assert_close(found[:, start : start + length], looped(graph, own))
        start += length


def looped(graph: PairGraph, nodes: torch.Tensor) -> torch.Tensor:
    length = nodes.shape[1]
    weights = graph.distance.exp()
    edges = [
        (m, i, j, weights[m, j - i + SMALL.past])
        for m in range(2)
        for i in range(length)
        for j in range(max(0, i - SMALL.past), min(length, i + SMALL.future + 1))
    ]
    degree = torch.zeros(2, length)
    for m, i, _, weight in edges:
        degree[m, i] += weight
    total = nodes
    for layer, leave in zip(graph.layers, graph.leave, strict=True):
        heard = torch.zeros_like(nodes)
        for m, i, j, weight in edges:
            sent = nodes[1 - m, j] @ layer.weight.T
            heard[m, i] += weight / (degree[m, i] * degree[1 - m, j]).sqrt() * sent
        nodes = heard + layer.bias
        total = total + functional.leaky_relu(leave(nodes))
    return total


def test_modalities_enter_by_turns():
    """After one layer a node has heard the other modality only, after two its own again."""
    for layers in (1, 2):
        graph = PairGraph(replace(SMALL, layers=layers))
        nodes = torch.randn(2, 1, 5, SMALL.width, requires_grad=True)
        added = graph(nodes, torch.ones(1, 5, dtype=torch.bool)) - nodes
        (gradient,) = torch.autograd.grad(added[0].sum(), nodes)
        assert bool(gradient[0].any()) == (layers == 2)
        assert gradient[1].any()


def test_blocks_are_turns_of_one_dialogue():
    dialogue = torch.tensor([0, 1, 1, 1, 1, 1, 2, 2])
    assert blocks_of_turns(dialogue, 3).tolist() == [0, 1, 1, 1, 2, 2, 3, 3]


def test_a_shift_is_between_two_known_sentiments():
    sentiment, block = torch.tensor([0, 2, -1, 0, 1]), torch.tensor([0, 0, 0, 0, 1])
    found = shifts(sentiment, block)
    known = [[0, 1, -1, 0], [1, 0, -1, 1], [-1, -1, -1, -1], [0, 1, -1, 0]]
    assert found[0].tolist() == known
    assert found[1, 0].tolist() == [0, -1, -1, -1]
    assert (found[1, 1:] == -1).all()


@torch.no_grad()
def test_the_tasks_equal_a_loop_over_pairs():
    torch.manual_seed(0)
    emotions = ("joy", "surprise", "anger", "neutral")
    dynamics = SentimentDynamics(emotions, SMALL)
    batch = random_batch(LENGTHS, emotions=4)
    batch = replace(batch, emotion=batch.emotion.index_fill(0, torch.tensor([2, 8]), -1))
    fused = torch.randn(len(batch), SMALL.width)
    sentiment = {0: 2, 2: 0, 3: 1}
    known = {i: sentiment[e] for i, e in enumerate(batch.emotion.tolist()) if e in sentiment}
    blocks = [(0,), (1, 2, 3), (4, 5, 6), (7, 8, 9), (10,)]
    pairs = [(i, j) for b in blocks for i in b for j in b if i in known and j in known]
    weight = torch.cat([dynamics.here.weight, dynamics.there.weight], dim=1)
    both = torch.stack([weight @ torch.cat([fused[i], fused[j]]) for i, j in pairs])
    differ = torch.tensor([int(known[i] != known[j]) for i, j in pairs])
    shift = functional.cross_entropy(both + dynamics.here.bias, differ)
    rows = list(known)
    own = functional.cross_entropy(
        dynamics.sentiment(fused[rows]), torch.tensor([known[i] for i in rows])
    )
    torch.testing.assert_close(dynamics(fused, batch), 1.0 * own + 0.7 * shift)


def test_the_tasks_are_for_training_only():
    model = GraphSmile(EMOTIONS, dict(DIMS), SMALL)
    batch = random_batch(LENGTHS)
    assert model.train()(batch).auxiliary is not None
    assert model.eval()(batch).auxiliary is None
    nothing = replace(batch, emotion=torch.full_like(batch.emotion, -1))
    assert model.train()(nothing).auxiliary == 0


def test_there_is_a_graph_for_every_two_modalities():
    found = {n: GraphSmile(EMOTIONS, dict(list(DIMS.items())[:n]), SMALL).pairs for n in (1, 2, 3)}
    assert found[1] == [("text", "text")]
    assert found[2] == [("text", "audio")]
    assert found[3] == [("text", "audio"), ("text", "visual"), ("audio", "visual")]
