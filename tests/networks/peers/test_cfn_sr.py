"""CFN-SR: its cross-modal block, and who guides whom."""

from dataclasses import replace

import pytest
import torch
from support.batches import DIMS, EMOTIONS, random_batch

from synctva.errors import InputError
from synctva.networks.peers.cfn_sr import CfnSr, CfnSrSettings, CrossModalBlock

SMALL = CfnSrSettings(width=8, heads=2, layers=1, tokens=3)


def network(*modalities: str) -> CfnSr:
    torch.manual_seed(0)
    return CfnSr(EMOTIONS, {m: DIMS[m] for m in modalities}, SMALL).eval()


def test_a_block_adds_positions_weighed_by_what_guide_and_position_are_together():
    torch.manual_seed(0)
    block = CrossModalBlock(4)
    positions, guide = torch.randn(5, 3, 4), torch.randn(5, 4)
    found = block(positions, guide)
    for u in range(5):
        asked = block.guide.weight @ guide[u]
        met = [torch.tanh(block.position(x) + asked) for x in positions[u]]
        scores = torch.stack([(block.weight.weight[0] * m).sum() for m in met])
        for i, weight in enumerate(scores.exp() / scores.exp().sum()):
            torch.testing.assert_close(found[u, i], weight * positions[u, i] + positions[u, i])


@pytest.mark.parametrize(
    ("modalities", "guide", "guided"),
    [
        (("audio", "visual"), "audio", ["visual"]),
        (("text", "audio"), "audio", ["text"]),
        (("text", "audio", "visual"), "audio", ["text", "visual"]),
        (("text", "visual"), "text", ["visual"]),
        (("visual",), "visual", ["visual"]),
    ],
)
def test_audio_guides_where_there_is_audio(modalities, guide, guided):
    found = network(*modalities)
    assert (found.guide, list(found.blocks)) == (guide, guided)


@torch.no_grad()
def test_the_guide_changes_how_the_other_modality_is_pooled():
    model, batch = network("audio", "visual"), random_batch((4, 3), missing=0.0)
    fused = model(batch).fused
    other = model(replace(batch, audio=batch.audio + 1.0)).fused
    pooled = slice(SMALL.tokens * SMALL.width, None)
    assert not torch.allclose(fused[:, pooled], other[:, pooled])
    seen = model(replace(batch, visual=batch.visual + 1.0)).fused
    assert torch.equal(fused[:, : SMALL.tokens * SMALL.width], seen[:, : pooled.start])


@torch.no_grad()
def test_an_utterance_is_judged_by_itself():
    model, batch = network("text", "audio", "visual"), random_batch((6,))
    changed = replace(batch, text=batch.text + (torch.arange(6) == 2).unsqueeze(1))
    before, after = model(batch).logits, model(changed).logits
    same = torch.isclose(before, after).all(1)
    assert same.tolist() == [True, True, False, True, True, True]
    assert model.reach == (0, 0)


def test_heads_must_share_the_width():
    with pytest.raises(InputError, match=r"model\.width 10: not a multiple of model\.heads 8"):
        CfnSrSettings(width=10)
