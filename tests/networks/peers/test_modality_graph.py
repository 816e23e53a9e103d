"""The graph of utterances in all modalities: its nodes and what goes along its edges."""

import torch
from support.batches import DIMS, random_batch
from torch import nn

from synctva.networks.peers.layout import speaker_numbers
from synctva.networks.peers.modality_graph import Edges, ModalityNodes, edges_of, flat

THERE = torch.arange(4) < torch.tensor([3, 4, 1]).unsqueeze(1)


def test_what_is_gathered_equals_a_loop_over_edges():
    torch.manual_seed(0)
    nodes = torch.randn(3, 2, 4, 5)
    turn_edges, modality_edges = edges_of(THERE, 2)
    edges = Edges(torch.rand(3, 2, 4, 4) * turn_edges, torch.rand(3, 4, 2, 2) * modality_edges)
    found = edges.gathered(nodes)
    for d in range(3):
        for m in range(2):
            for i in range(int(THERE[d].sum())):
                expected = sum(edges.turns[d, m, i, j] * nodes[d, m, j] for j in range(4))
                other = 1 - m
                expected = expected + edges.modalities[d, i, m, other] * nodes[d, other, i]
                torch.testing.assert_close(found[d, m, i], expected)


def test_edges_join_all_turns_of_a_dialogue_and_all_other_modalities():
    turns, modalities = edges_of(THERE, 3)
    assert turns.sum((1, 2, 3)).tolist() == [9, 16, 1]
    assert modalities[0, 0].tolist() == [[i != j for j in range(3)] for i in range(3)]


def test_text_has_its_context_and_the_speaker_and_the_others_are_projected():
    torch.manual_seed(0)
    batch = random_batch((3, 5))
    nodes = ModalityNodes(DIMS, 8, 4, 0.0, nn.GRU)
    blocks, there = nodes(batch)
    assert blocks.shape == (2, 3, 5, 8)
    assert not blocks.transpose(1, 2)[~there].any()
    text, audio, visual = flat(blocks, there).split(8, dim=1)
    text = text - nodes.speaker(speaker_numbers(batch, 4))
    context = nodes.context["text"]
    torch.testing.assert_close(text, context(nodes.project["text"](batch.text), batch.dialogue))
    torch.testing.assert_close(audio, nodes.project["audio"](batch.audio))
    torch.testing.assert_close(visual, nodes.project["visual"](batch.visual))


def test_without_text_the_first_modality_has_the_speaker():
    batch = random_batch((3, 5))
    nodes = ModalityNodes({"audio": DIMS["audio"], "visual": DIMS["visual"]}, 8, 4, 0.0, nn.LSTM)
    audio, visual = flat(*nodes(batch)).split(8, dim=1)
    speaker = nodes.speaker(speaker_numbers(batch, 4))
    torch.testing.assert_close(audio, nodes.project["audio"](batch.audio) + speaker)
    torch.testing.assert_close(visual, nodes.project["visual"](batch.visual))
