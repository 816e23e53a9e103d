"""MMGCN: its angular edges and its spectral layers."""

import math

import torch
from torch import Tensor

from synctva.networks.peers.mmgcn import SpectralLayer, angular_edges
from synctva.networks.peers.modality_graph import Edges

LENGTHS, MODALITIES = (3, 5, 1), 2
THERE = torch.arange(5) < torch.tensor(LENGTHS).unsqueeze(1)


def random_nodes() -> Tensor:
    torch.manual_seed(0)
    nodes = torch.randn(len(LENGTHS), MODALITIES, max(LENGTHS), 6)
    return nodes * THERE[:, None, :, None]


def laplacian(nodes: Tensor) -> Tensor:
    """The normalised adjacency of one dialogue's nodes (modality turn width), edge by edge."""
    modalities, turns, _ = nodes.shape
    places = [(m, i) for m in range(modalities) for i in range(turns)]
    adjacency = torch.zeros(len(places), len(places))
    for a, (m, i) in enumerate(places):
        for b, (n, j) in enumerate(places):
            if m == n or i == j:
                cosine = torch.cosine_similarity(nodes[m, i], nodes[n, j], dim=0)
                adjacency[a, b] = 1 - math.acos(0.99999 * min(1.0, float(cosine))) / math.pi
    scale = adjacency.sum(1).rsqrt().diag()
    return scale @ adjacency @ scale


def test_edges_are_the_normalised_angles_of_one_big_graph():
    nodes = random_nodes()
    edges = angular_edges(nodes, THERE)
    states = torch.randn(*nodes.shape[:3], 4)
    found = edges.gathered(states)
    for d, length in enumerate(LENGTHS):
        expected = laplacian(nodes[d, :, :length]) @ states[d, :, :length].flatten(0, 1)
        torch.testing.assert_close(
            found[d, :, :length].flatten(0, 1), expected, rtol=1e-3, atol=1e-3
        )


def test_the_same_and_the_opposite_direction_have_finite_gradients():
    nodes = torch.ones(1, 2, 3, 4)
    nodes[0, 0, 1] = -1.0
    nodes[0, 1, 2] = 0.0
    nodes.requires_grad_()
    edges = angular_edges(nodes, torch.ones(1, 3, dtype=torch.bool))
    (edges.turns.square().sum() + edges.modalities.square().sum()).backward()
    assert nodes.grad is not None
    assert nodes.grad.isfinite().all()


def test_a_spectral_layer_mixes_neighbours_the_first_input_and_the_identity():
    torch.manual_seed(0)
    layer = SpectralLayer(4, residual=0.1, identity=0.4)
    nodes, first = torch.randn(2, 1, 2, 3, 4)
    edges = Edges(torch.rand(1, 2, 3, 3), torch.rand(1, 3, 2, 2))
    heard = edges.gathered(nodes)
    matrix = layer.matrix.weight.T
    product = torch.cat([heard, first], -1) @ matrix
    expected = (0.4 * product + 0.6 * (0.9 * heard + 0.1 * first)).relu()
    torch.testing.assert_close(layer(nodes, first, edges), expected)
