"""The bidirectional GRU: what comes before and after an utterance reaches it, step by step."""

from dataclasses import replace

import torch
from support.batches import DIMS, EMOTIONS, random_batch
from torch import Tensor

from synctva.networks.peers.bigru import Bigru, BigruSettings

WIDTH = 5


def make_network() -> Bigru:
    torch.manual_seed(0)
    return Bigru(EMOTIONS, DIMS, BigruSettings(width=WIDTH)).eval()


def test_each_direction_is_the_recurrence_step_by_step():
    network = make_network()
    batch = random_batch((4, 1, 6))
    found = network(batch).fused
    for number in range(3):
        dialogue = batch.select(torch.tensor([number]))
        rows = torch.cat([dialogue.text, dialogue.audio, dialogue.visual], dim=1)
        expected = torch.cat(
            [steps(network, rows, ""), steps(network, rows.flip(0), "_reverse").flip(0)], dim=1
        )
        torch.testing.assert_close(found[batch.dialogue == number], expected)


def steps(network: Bigru, rows: Tensor, direction: str) -> Tensor:
    """Returns the states of a GRU one after another (Cho et al. 2014; PyTorch's reset gate)."""
    weight_in, weight_own, bias_in, bias_own = (
        getattr(network.context.cells, f"{name}_l0{direction}")
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    state, states = torch.zeros(WIDTH), []
    for row in rows:
        reset_in, update_in, new_in = (weight_in @ row + bias_in).split(WIDTH)
        reset_own, update_own, new_own = (weight_own @ state + bias_own).split(WIDTH)
        reset, update = (reset_in + reset_own).sigmoid(), (update_in + update_own).sigmoid()
        new = (new_in + reset * new_own).tanh()
        state = update * state + (1 - update) * new
        states.append(state)
    return torch.stack(states)


def test_the_last_utterance_reaches_the_first_and_no_other_dialogue():
    network = make_network()
    batch = random_batch((6, 3), missing=0.0)
    edited = batch.text.clone()
    edited[5] += 1
    before, after = network(batch).logits, network(replace(batch, text=edited)).logits
    assert (before != after).any(1).tolist() == 6 * [True] + 3 * [False]
