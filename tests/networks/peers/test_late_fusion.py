"""Late fusion: every modality that is there has one vote."""

import torch
from support.batches import DIMS, EMOTIONS, random_batch

from synctva.emotions import MODALITIES
from synctva.networks.peers.late_fusion import LateFusion, LateFusionSettings, mean_over_present


def make_network() -> LateFusion:
    torch.manual_seed(0)
    return LateFusion(EMOTIONS, DIMS, LateFusionSettings(width=8)).eval()


def test_logits_are_the_mean_log_probability_of_what_is_there():
    batch = random_batch((6, 1, 5), missing=0.4)
    output = make_network()(batch)
    seen = set()
    for i in range(len(batch)):
        there = [m for j, m in enumerate(MODALITIES) if batch.present[i, j]] or list(MODALITIES)
        expected = sum(output.unimodal[m][i] for m in there) / len(there)
        torch.testing.assert_close(output.logits[i], expected)
        seen.add(len(there))
    assert seen == {1, 2, 3}


def test_each_head_says_log_probabilities_of_its_modality_alone():
    batch = random_batch((4, 2), missing=0.0)
    network = make_network()
    output = network(batch)
    alone = network(batch.keep(("audio",)))
    assert torch.equal(output.unimodal["audio"], alone.unimodal["audio"])
    torch.testing.assert_close(alone.logits, alone.unimodal["audio"])
    for said in output.unimodal.values():
        torch.testing.assert_close(said.exp().sum(1), torch.ones(len(batch)))


def test_nobody_there_means_all_are_asked():
    rows = torch.randn(2, 3, 4)
    there = torch.tensor([[False, False, False], [False, True, False]])
    mean = mean_over_present(rows, there)
    torch.testing.assert_close(mean[0], rows[0].mean(0))
    torch.testing.assert_close(mean[1], rows[1, 1])
