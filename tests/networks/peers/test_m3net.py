"""M3NET: its hyperedges and its frequencies."""

import torch
from torch import Tensor
from torch.nn import functional

from synctva.networks.peers.m3net import FrequencyLayer, HypergraphLayer, even_edges

LENGTHS, MODALITIES, WIDTH = (3, 5, 1), 3, 6
THERE = torch.arange(5) < torch.tensor(LENGTHS).unsqueeze(1)


def random_nodes() -> Tensor:
    """Also where a dialogue has ended there is something, which must not be felt."""
    torch.manual_seed(0)
    return torch.randn(len(LENGTHS), MODALITIES, max(LENGTHS), WIDTH)


def test_at_first_a_node_becomes_the_mean_of_its_hyperedges_means():
    nodes = random_nodes()
    found = HypergraphLayer(WIDTH, MODALITIES)(nodes, THERE)
    for d, length in enumerate(LENGTHS):
        for m in range(MODALITIES):
            for i in range(length):
                contextual, multimodal = nodes[d, m, :length].mean(0), nodes[d, :, i].mean(0)
                expected = functional.leaky_relu((contextual + multimodal) / 2)
                torch.testing.assert_close(found[d, m, i], expected)


def test_the_hypergraph_layer_equals_its_incidence_matrices():
    """D^-1 H W B^-1 H'^T V, with H' the incidence weighted by node and hyperedge."""
    layer = HypergraphLayer(WIDTH, MODALITIES)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    nodes = random_nodes()
    found = layer(nodes, THERE)
    for d, length in enumerate(LENGTHS):
        rows = nodes[d, :, :length].flatten(0, 1)
        kinds = (layer.score(rows) / WIDTH**0.5).exp()
        modality = torch.arange(MODALITIES).repeat_interleave(length)
        turn = torch.arange(length).repeat(MODALITIES)
        contextual = functional.one_hot(modality, MODALITIES).float()
        multimodal = functional.one_hot(turn, length).float()
        weighted = torch.cat([contextual * kinds[:, [0]], multimodal * kinds[:, [1]]], dim=1)
        share = layer.share.flatten().sigmoid()[modality].unsqueeze(1)
        of_node = torch.cat([contextual * share, multimodal * (1 - share)], dim=1)
        expected = of_node @ (weighted / weighted.sum(0)).T @ rows
        expected = functional.leaky_relu(expected + layer.bias)
        torch.testing.assert_close(found[d, :, :length].flatten(0, 1), expected)


def test_the_frequency_layer_equals_a_loop_over_edges():
    layer, nodes = FrequencyLayer(WIDTH), random_nodes()
    found = layer(nodes, even_edges(THERE, MODALITIES))
    for d, length in enumerate(LENGTHS):
        places = [(m, i) for m in range(MODALITIES) for i in range(length)]
        for m, i in places:
            near = [p for p in places if p != (m, i) and (p[0] == m or p[1] == i)]
            assert len(near) == length + MODALITIES - 2
            expected = nodes[d, m, i]
            for n, j in near:
                gate = layer.gate(torch.cat([nodes[d, m, i], nodes[d, n, j]])).tanh()
                expected = expected + gate * nodes[d, n, j] / len(near)
            torch.testing.assert_close(found[d, m, i], expected)


def test_a_lone_node_stays_as_it_is():
    layer, nodes = FrequencyLayer(WIDTH), torch.randn(1, 1, 1, WIDTH)
    edges = even_edges(torch.ones(1, 1, dtype=torch.bool), 1)
    assert torch.equal(layer(nodes, edges), nodes)
