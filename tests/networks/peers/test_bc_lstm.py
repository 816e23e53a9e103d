"""bc-LSTM: the LSTM step by step, and two levels of which the second never teaches the first."""

import pytest
import torch
from support.batches import DIMS, EMOTIONS, random_batch
from torch import Tensor

from synctva.networks.peers.bc_lstm import BcLstm, BcLstmSettings, ContextualLstm

SMALL = BcLstmSettings(width=5, unimodal_width=4, fused_width=6)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@torch.no_grad()
def test_each_direction_is_the_recurrence_step_by_step():
    level = ContextualLstm(3, 4, torch.nn.Tanh(), (0.6, 0.9), 5, 2).eval()
    dialogue = torch.tensor([0, 0, 0, 0, 1, 2, 2])
    rows = torch.randn(7, 3)
    found = level(rows, dialogue)
    for number in range(3):
        own = rows[dialogue == number]
        context = torch.cat(
            [steps(level, own, ""), steps(level, own.flip(0), "_reverse").flip(0)], dim=1
        )
        expected = (context @ level.dense[1].weight.T + level.dense[1].bias).tanh()
        torch.testing.assert_close(found[dialogue == number], expected)


def steps(level: ContextualLstm, rows: Tensor, direction: str) -> Tensor:
    """Returns the states of an LSTM one after another."""
    weight_in, weight_own, bias_in, bias_own = (
        getattr(level.context.cells, f"{name}_l0{direction}")
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    state, memory, states = torch.zeros(5), torch.zeros(5), []
    for row in rows:
        gates = weight_in @ row + bias_in + weight_own @ state + bias_own
        enter, forget, new, leave = gates.split(5)
        memory = forget.sigmoid() * memory + enter.sigmoid() * new.tanh()
        state = leave.sigmoid() * memory.tanh()
        states.append(state)
    return torch.stack(states)


def test_level_2_never_teaches_level_1():
    network = BcLstm(EMOTIONS, DIMS, SMALL)
    output = network(random_batch((4, 3)))
    output.logits.sum().backward()
    assert all(weight.grad is None for weight in network.unimodal.parameters())
    assert all(weight.grad is not None for weight in network.multimodal.parameters())
    sum(said.sum() for said in output.unimodal.values()).backward()
    assert all(weight.grad is not None for weight in network.unimodal.parameters())


def test_level_2_reads_level_1_without_dropout():
    network = BcLstm(EMOTIONS, DIMS, SMALL).train()
    batch = random_batch((4, 3))
    level = network.unimodal["text"]
    found = level.extracted(batch.text, batch.dialogue)
    assert torch.equal(found, level.extracted(batch.text, batch.dialogue))
    assert not torch.equal(found, level(batch.text, batch.dialogue))
    assert all(part.training for part in network.modules())


def test_one_modality_is_level_1_alone():
    network = BcLstm(EMOTIONS, {"text": DIMS["text"]}, SMALL).eval()
    output = network(random_batch((4, 3)))
    assert network.multimodal is None
    assert output.unimodal == {}
    assert output.fused.shape == (7, SMALL.unimodal_width)
