from dataclasses import replace

import pytest
import torch
from support.batches import random_batch
from support.oracle import Edge, listen, relation, rows_seen, split
from support.variants import shaken
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.networks.sync_tva.architecture import Architecture
from synctva.networks.sync_tva.attention import blocks_of
from synctva.networks.sync_tva.graph import EdgeBias, GraphLayer, SemanticEdges

PAIR = ("text", "visual")
GRAPH = Architecture(width=8, heads=2, past="all", future="all", semantic_k=3)
GRAPHS = {
    "whole": GRAPH,
    "windowed": replace(GRAPH, past=3, future=1),
    "causal": replace(GRAPH, future=0),
    "one_semantic_edge": replace(GRAPH, semantic_k=1),
    "all_edges_semantic": replace(GRAPH, semantic_k=1000),
    "no_semantic_edges": replace(GRAPH, semantic_k=0),
    "no_enforced_edges": replace(GRAPH, enforced=False),
    "homogeneous": replace(GRAPH, heterogeneous=False),
    "no_relations": replace(GRAPH, relations=False),
    "one_head": replace(GRAPH, heads=1, past=2, future=2, enforced=False),
}
LENGTHS = (1, 6, 25)


def graph_of(architecture: Architecture) -> GraphLayer:
    return GraphLayer(
        PAIR,
        architecture.sizes,
        semantic_k=architecture.semantic_k,
        enforced=architecture.enforced,
        heterogeneous=architecture.heterogeneous,
    )


def inputs(batch: Batch, width: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    states = {m: torch.randn(len(batch), width) for m in PAIR}
    return states, {m: batch.present[:, MODALITIES.index(m)] for m in PAIR}


@torch.no_grad()
def by_loops(
    layer: GraphLayer,
    architecture: Architecture,
    states: dict[str, Tensor],
    present: dict[str, Tensor],
    batch: Batch,
) -> dict[str, Tensor]:
    """Returns the layer's sum node by node and edge by edge, with the layer's own weights."""
    updated: dict[str, list[Tensor]] = {m: [] for m in PAIR}
    for target in PAIR:
        kind = target if architecture.heterogeneous else "node"
        for row in range(len(batch)):
            query, _, _ = split(layer.project[kind](states[target][row]), 3, architecture)
            sources = [
                (source, other)
                for source in PAIR
                for other in rows_seen(batch, row, architecture.past, architecture.future)
                if present[source][other]
                and (source == target or other != row or architecture.enforced)
            ]
            alike = {
                (source, other): float(
                    functional.cosine_similarity(states[target][row], states[source][other], dim=0)
                )
                for source, other in sources
            }
            others = [node for node in sources if node != (target, row)]
            nearest = sorted(others, key=lambda node: -alike[node])[: architecture.semantic_k]
            edges = []
            for source, other in sources:
                own = source if architecture.heterogeneous else "node"
                _, key, value = split(layer.project[own](states[source][other]), 3, architecture)
                edge_bias = layer.edges[f"{source}_to_{target}"]
                assert isinstance(edge_bias, EdgeBias)
                bias = edge_bias.edge_type + relation(edge_bias.relation, batch, row, other)
                if (source, other) in nearest:
                    assert layer.semantic is not None
                    bias = bias + layer.semantic.bias
                    bias = bias + layer.semantic.slope * alike[source, other]
                edges.append(Edge(other, key, value, bias))
            message = layer.out[kind](listen(query, edges))
            state = layer.norm[kind](states[target][row] + message)
            updated[target].append(layer.feed_forward[kind](state))
    return {m: torch.stack(rows) for m, rows in updated.items()}


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("name", GRAPHS)
def test_graph_attention_equals_a_loop_over_edges(name: str, missing: float):
    architecture = GRAPHS[name]
    batch = random_batch(LENGTHS, missing=missing)
    layer = shaken(graph_of(architecture), 0.5)
    states, present = inputs(batch, architecture.width)
    blocks = blocks_of(batch, architecture.past, architecture.future)
    expected = by_loops(layer, architecture, states, present, batch)
    found = layer(states, present, blocks)
    for m in PAIR:
        torch.testing.assert_close(found[m], expected[m], rtol=1e-4, atol=1e-4)


def test_messages_differ_in_the_two_directions():
    layer = shaken(graph_of(GRAPH), 0.5)
    states, present = inputs(batch := random_batch([6], missing=0.0), GRAPH.width)
    blocks = blocks_of(batch, "all", "all")
    swapped = layer({"text": states["visual"], "visual": states["text"]}, present, blocks)
    found = layer(states, present, blocks)
    assert not torch.allclose(found["text"], swapped["visual"])


def test_in_a_homogeneous_graph_without_edge_types_the_modalities_are_alike():
    layer = shaken(graph_of(replace(GRAPH, heterogeneous=False)), 0.5)
    for edge_bias in layer.edges.children():
        nn.init.zeros_(edge_bias.get_parameter("edge_type"))
        for name in ("relation.kind", "relation.distance"):
            nn.init.zeros_(edge_bias.get_parameter(name))
    states, present = inputs(batch := random_batch([6], missing=0.0), GRAPH.width)
    blocks = blocks_of(batch, "all", "all")
    swapped = layer({"text": states["visual"], "visual": states["text"]}, present, blocks)
    found = layer(states, present, blocks)
    torch.testing.assert_close(found["text"], swapped["visual"])


def test_semantic_edges_go_to_the_most_similar_nodes_in_sight():
    semantic = SemanticEdges(heads=1, k=2)
    nn.init.ones_(semantic.bias)
    query = torch.tensor([[[1.0, 0.0]]])
    key = torch.tensor([[[2.0, 0.0], [0.0, 1.0], [3.0, 4.0], [-1.0, 0.0], [4.0, 3.0]]])
    visible = torch.tensor([[[False, True, True, True, True]]])
    bias = semantic(query, key, visible)[0, 0, 0]
    torch.testing.assert_close(bias, torch.tensor([0.0, 0.0, 1 + 0.6, 0.0, 1 + 0.8]))


def test_nodes_that_say_the_same_are_chosen_together():
    """Else rounding would choose among them, and differently in another batch."""
    semantic = SemanticEdges(heads=1, k=1)
    nn.init.ones_(semantic.bias)
    same = torch.randn(1, 6)
    key = torch.cat([same * (1 + 1e-7), same, same * 3, -same]).unsqueeze(0)
    bias = semantic(torch.randn(1, 4, 6) + same, key, torch.ones(1, 4, 4, dtype=torch.bool))
    assert (bias[0, 0, :, :3] != 0).all()
    assert (bias[0, 0, :, 3] == 0).all()


def test_fewer_nodes_in_sight_than_semantic_edges_are_all_chosen():
    semantic = SemanticEdges(heads=2, k=9)
    key = torch.randn(1, 4, 3)
    visible = torch.tensor([[[True, False, False, True]]])
    bias = semantic(key[:, :1], key, visible)
    assert (bias != 0).tolist() == [[[[True, False, False, True]]] * 2]


def test_a_node_without_a_neighbour_keeps_to_itself():
    layer = shaken(graph_of(GRAPH), 0.5)
    states, present = inputs(batch := random_batch([1, 5], missing=0.0), GRAPH.width)
    alone = {m: there & (batch.dialogue > 0) for m, there in present.items()}
    blocks = blocks_of(batch, "all", "all")
    found = layer(states, alone, blocks)
    other = layer({m: torch.cat([s[:1], -s[1:]]) for m, s in states.items()}, alone, blocks)
    for m in PAIR:
        assert found[m][0].isfinite().all()
        assert torch.equal(found[m][0], other[m][0])
