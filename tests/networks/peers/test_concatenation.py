"""Early concatenation: the utterance alone, through the layers its settings ask for."""

import torch
from support.batches import DIMS, EMOTIONS, random_batch
from torch import nn

from synctva.networks.peers.concatenation import Concatenation, ConcatenationSettings, perceptron


def test_each_utterance_is_judged_alone():
    batch = random_batch((4, 1, 3))
    network = Concatenation(EMOTIONS, DIMS, ConcatenationSettings(width=8)).eval()
    together = network(batch).logits
    for i in range(len(batch)):
        torch.testing.assert_close(network(batch.part(i, i + 1)).logits[0], together[i])


def test_the_layers_are_the_formula():
    batch = random_batch((5,), missing=0.5)
    network = Concatenation(EMOTIONS, DIMS, ConcatenationSettings(width=8, layers=1)).eval()
    weight, bias, out, offset = (p.detach() for p in network.parameters())
    for i in range(len(batch)):
        features = torch.cat([batch.text[i], batch.audio[i], batch.visual[i]])
        expected = out @ (weight @ features + bias).clamp(min=0) + offset
        torch.testing.assert_close(network(batch).logits[i].detach(), expected)


def test_one_modality_is_the_single_modality_baseline():
    batch = random_batch((4, 2), missing=0.0)
    network = Concatenation(EMOTIONS, {"audio": DIMS["audio"]}, ConcatenationSettings()).eval()
    assert torch.equal(network(batch).logits, network(batch.keep(("audio",))).logits)


def test_there_are_as_many_hidden_layers_as_asked_for():
    for layers in (1, 3):
        steps = perceptron(6, 4, layers, 0.5, 0.2)
        shapes = [(s.in_features, s.out_features) for s in steps if isinstance(s, nn.Linear)]
        assert shapes == [(6, 4), (4, 4), (4, 4)][:layers]
