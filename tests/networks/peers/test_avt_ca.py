"""AVT-CA: the convolutions over turns, the fusion, and its parts beyond the contract."""

from dataclasses import replace

import pytest
import torch
from support.batches import DIMS, EMOTIONS, random_batch

from synctva.errors import InputError
from synctva.networks.peers.avt_ca import AvtCa, AvtCaSettings, FusionBlock, TurnConvolution

SMALL = AvtCaSettings(width=16, heads=4, map_width=8, visual_width=12)
LENGTHS = (3, 5, 1)
THERE = torch.arange(5) < torch.tensor(LENGTHS).unsqueeze(1)


def network(*modalities: str) -> AvtCa:
    torch.manual_seed(0)
    return AvtCa(EMOTIONS, {m: DIMS[m] for m in modalities}, SMALL).eval()


def test_a_turn_is_convolved_with_its_neighbours_and_zero_beyond_the_ends():
    torch.manual_seed(0)
    step = TurnConvolution(4, 6)
    turns = torch.randn(3, 5, 4)  # what is beyond the end is not zero
    found = step(turns, THERE)
    for d, length in enumerate(LENGTHS):
        for i in range(length):
            assert step.convolution.bias is not None
            total = step.convolution.bias
            for k, j in enumerate((i - 1, i, i + 1)):
                if 0 <= j < length:
                    total = total + step.convolution.weight[:, :, k] @ turns[d, j]
            torch.testing.assert_close(found[d, i], step.norm(total).relu())


def test_a_turn_finds_in_the_other_modality_what_its_heads_attend_to():
    torch.manual_seed(0)
    block, heads = FusionBlock(8, 6, 2), 2
    turns, others = torch.randn(3, 5, 8), torch.randn(3, 5, 6)
    found = block(turns, others, THERE)
    attention = block.attention
    for d, length in enumerate(LENGTHS):
        asked = block.other_norm(others[d, :length])
        key, value = asked @ attention.k_proj_weight.T, asked @ attention.v_proj_weight.T
        for i in range(length):
            query = attention.q_proj_weight @ block.norm(turns[d, i])
            parts = []
            for h in range(heads):
                own = slice(4 * h, 4 * h + 4)
                scores = (key[:, own] @ query[own]) / 4**0.5
                parts.append(scores.softmax(0) @ value[:, own])
            state = attention.out_proj(torch.cat(parts))
            expected = state + block.feed_forward(state)
            torch.testing.assert_close(found[d, i], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("modalities", "pairs"),
    [
        (("audio", "visual"), {"audio_visual", "visual_audio"}),
        (("text",), set()),
        (
            ("text", "audio", "visual"),
            {f"{m}_{n}" for m in DIMS for n in DIMS if m != n},
        ),
    ],
)
def test_every_modality_asks_every_other(modalities, pairs):
    assert set(network(*modalities).fusion) == pairs


@torch.no_grad()
def test_every_modality_changes_what_the_others_say_at_other_turns():
    model, batch = network("text", "audio", "visual"), random_batch((30,), missing=0.0)
    before = model(batch).fused.split(SMALL.width, dim=1)
    for name in DIMS:
        changed = batch.features[name] + 3.0 * (torch.arange(30) == 0).unsqueeze(1)
        after = model(replace(batch, **{name: changed})).fused.split(SMALL.width, dim=1)
        for one, other in zip(before, after, strict=True):
            assert not torch.allclose(one[20:], other[20:], atol=1e-6)


@torch.no_grad()
def test_the_last_attention_is_shared():
    model, batch = network("text", "audio"), random_batch((7,))
    state = torch.randn(1, 7, SMALL.width)
    model.after = torch.nn.ModuleDict({m: _Always(state) for m in ("text", "audio")})
    one, other = model(batch).fused.split(SMALL.width, dim=1)
    assert torch.equal(one, other)


class _Always(torch.nn.Module):
    def __init__(self, state: torch.Tensor) -> None:
        super().__init__()
        self.state = state

    def forward(self, turns: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        return self.state


@pytest.mark.parametrize(
    ("settings", "problem"),
    [({"width": 24}, r"model\.width 24: not a multiple of 16"), ({"side": 3}, "not even")],
)
def test_sizes_that_do_not_go_together_are_refused(settings, problem):
    with pytest.raises(InputError, match=problem):
        AvtCaSettings(**settings)
