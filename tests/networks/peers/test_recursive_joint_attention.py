"""RJCMA: its convolution reads the past only, its attention equals the paper's equations."""

from dataclasses import replace

import torch
from support.batches import DIMS, EMOTIONS, random_batch

from synctva.networks.peers.layout import padded
from synctva.networks.peers.recursive_joint_attention import (
    CausalConvolution,
    JointAttention,
    RecursiveJointAttention,
    RecursiveJointAttentionSettings,
    temporal_convolution,
)

SMALL = RecursiveJointAttentionSettings(
    text=5, audio=4, visual=3, levels=2, kernel=3, hidden=6, temporal_dropout=0.0, dropout=0.0
)
WIDTHS = {"text": 5, "audio": 4}
LENGTHS = (1, 6, 4)


@torch.no_grad()
def test_a_convolution_equals_a_loop_over_turns():
    torch.manual_seed(0)
    layer = CausalConvolution(3, 4, kernel=3, dilation=2, dropout=0.0)
    turns = torch.randn(1, 3, 6)

    def looped(convolution: torch.nn.Conv1d, rows: torch.Tensor) -> torch.Tensor:
        out = convolution.bias.unsqueeze(1).repeat(1, 6)
        for turn in range(6):
            for tap in range(3):
                place = turn - 2 * (2 - tap)
                if place >= 0:
                    out[:, turn] += convolution.weight[:, :, tap] @ rows[:, place]
        return out.relu()

    state = looped(layer.second, looped(layer.first, turns[0]))
    expected = (state + layer.residual(turns)[0]).relu()
    torch.testing.assert_close(layer(turns)[0], expected)


@torch.no_grad()
def test_the_temporal_convolution_reads_the_past_as_far_as_its_levels_reach():
    torch.manual_seed(0)
    temporal = temporal_convolution(3, 4, SMALL)
    turns = torch.randn(1, 3, 30)
    edited = turns.clone()
    edited[:, :, 10] += 1
    felt = (temporal(turns) != temporal(edited)).any(1)[0].nonzero().flatten()
    reach = 2 * 2 * (1 + 2)  # convolutions of a level, dilated turns of each, dilations
    assert felt.min() >= 10
    assert 10 + reach - 2 <= felt.max() <= 10 + reach


@torch.no_grad()
def test_a_round_equals_the_equations_dialogue_by_dialogue():
    torch.manual_seed(0)
    attention = JointAttention(WIDTHS, dropout=0.0)
    batch = random_batch(LENGTHS)
    rows = {m: torch.randn(len(batch), w) for m, w in WIDTHS.items()}
    states = {m: padded(r, batch.dialogue)[0] for m, r in rows.items()}
    _, there = padded(batch.text, batch.dialogue)
    there_rows = {m: s[there] for m, s in attention(states, there).items()}
    for number, length in enumerate(LENGTHS):
        mine = batch.dialogue == number
        joint = attention.joint(torch.cat([rows["text"][mine], rows["audio"][mine]], dim=1))
        for m, state in ((m, r[mine]) for m, r in rows.items()):
            correlation = torch.zeros(WIDTHS[m], 9)
            for turn in range(length):
                key = attention.key[m].weight @ state[turn]
                correlation += torch.outer(key, joint[turn]) / length
            correlation = torch.tanh(correlation / 9**0.5)
            weighed = torch.relu(state @ attention.value[m].weight.T @ correlation)
            expected = state + attention.leave[m](weighed)
            torch.testing.assert_close(there_rows[m][mine], expected)


@torch.no_grad()
def test_what_stands_where_a_dialogue_has_ended_is_not_felt():
    torch.manual_seed(0)
    attention = JointAttention(WIDTHS, dropout=0.0)
    there = torch.tensor([[True, True, False]])
    states = {m: torch.randn(1, 3, w) for m, w in WIDTHS.items()}
    other = {m: s + 7 * ~there.unsqueeze(-1) for m, s in states.items()}
    before, after = attention(states, there), attention(other, there)
    for m in WIDTHS:
        torch.testing.assert_close(before[m][there], after[m][there])


@torch.no_grad()
def test_more_rounds_refine_what_the_first_made():
    batch = random_batch(LENGTHS)
    logits = []
    for rounds in (1, 2):
        torch.manual_seed(0)
        model = RecursiveJointAttention(EMOTIONS, dict(DIMS), replace(SMALL, rounds=rounds))
        assert len(model.rounds) == rounds
        logits.append(model.eval()(batch).logits)
    assert not torch.allclose(*logits)


@torch.no_grad()
def test_the_last_turn_is_felt_by_the_first():
    """Through the correlation, although the convolution is causal."""
    torch.manual_seed(0)
    model = RecursiveJointAttention(EMOTIONS, dict(DIMS), SMALL).eval()
    batch = random_batch((20,), missing=0.0)
    text = batch.text.clone()
    text[-1] += 3
    before, after = model(batch).logits, model(replace(batch, text=text)).logits
    assert (before[0] - after[0]).abs().max() > 0
