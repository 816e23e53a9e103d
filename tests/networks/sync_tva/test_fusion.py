from dataclasses import replace

import pytest
import torch
from support.batches import random_batch
from support.oracle import Edge, listen, relation, rows_seen, split
from support.variants import shaken
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.networks.sync_tva import fusion
from synctva.networks.sync_tva.architecture import Architecture, Reach
from synctva.networks.sync_tva.attention import Blocks, blocks_of
from synctva.networks.sync_tva.fusion import (
    ConcatenationFusion,
    CrossModalAttention,
    CrossModalFusion,
    Interaction,
    MeanOfViews,
    OnlyModality,
)

WHOLE = Architecture(width=8, heads=2, past="all", future="all")


def inputs(batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor], Blocks]:
    states = {m: torch.randn(len(batch), WHOLE.width) for m in MODALITIES}
    present = {m: batch.present[:, i] for i, m in enumerate(MODALITIES)}
    return states, present, blocks_of(batch, "all", "all")


def test_pooling_weighs_only_what_is_present():
    there = torch.tensor([[1, 1, 0], [0, 1, 0], [1, 1, 1]], dtype=torch.bool)
    present = {str(m): there[:, i] for i, m in enumerate(MODALITIES)}
    scores = torch.tensor([[0.0, 0.0, 50.0], [-90.0, -90.0, 90.0], [0.0, 0.0, 0.0]])
    expected = torch.tensor([[1 / 2, 1 / 2, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]])
    torch.testing.assert_close(fusion._over_present(scores, present).squeeze(-1), expected)


def test_where_nothing_is_present_pooling_weighs_all():
    present = {str(m): torch.zeros(1, dtype=torch.bool) for m in MODALITIES}
    weights = fusion._over_present(torch.tensor([[0.0, 0.0, 1.0]]), present).flatten()
    torch.testing.assert_close(weights, torch.tensor([0.0, 0.0, 1.0]).softmax(0))


def test_pooling_takes_the_modality_with_the_higher_score():
    caf = shaken(CrossModalFusion(MODALITIES, WHOLE.sizes))
    states, present, blocks = inputs(random_batch([6], missing=0.0))
    nn.init.constant_(caf.score["audio"].get_parameter("bias"), 1e4)
    expected = caf.attention["audio"](states, present, blocks)
    torch.testing.assert_close(caf(states, present, blocks), expected)


def test_what_an_absent_modality_holds_is_neither_pooled_nor_heard():
    caf = shaken(CrossModalFusion(MODALITIES, WHOLE.sizes))
    batch = random_batch([9, 3], missing=0.5)
    states, present, blocks = inputs(batch)
    other = {m: torch.where(present[m].unsqueeze(1), states[m], 7.0) for m in MODALITIES}
    some = batch.present.any(1)
    before, after = caf(states, present, blocks), caf(other, present, blocks)
    assert torch.equal(before[some], after[some])
    assert not torch.equal(before[~some], after[~some])


@pytest.mark.parametrize("relations", [True, False])
@pytest.mark.parametrize("past", [2, "all"])
def test_cross_modal_attention_equals_a_loop_over_the_nodes_of_the_others(
    past: Reach, relations: bool
):
    architecture = replace(WHOLE, past=past, future=1, relations=relations)
    caf = shaken(CrossModalAttention("audio", ("text", "visual"), architecture.sizes))
    batch = random_batch([1, 20, 6], missing=0.3)
    states, present, _ = inputs(batch)
    with torch.no_grad():
        expected = []
        for row, own in enumerate(states["audio"]):
            edges = []
            for m in ("text", "visual"):
                for other in rows_seen(batch, row, past, 1):
                    if present[m][other]:
                        key, value = split(caf.pair[m](states[m][other]), 2, architecture)
                        bias = relation(caf.bias[m], batch, row, other)
                        edges.append(Edge(other, key, value, bias))
            (query,) = split(caf.query(own), 1, architecture)
            message = caf.out(listen(query, edges))
            expected.append(caf.norm(own + caf.gate(own, message)))
        found = caf(states, present, blocks_of(batch, past, 1))
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-4, atol=1e-5)


def test_the_share_of_a_key_depends_on_the_query():
    """Attention over a single key would be a constant: here there are several."""
    caf = shaken(CrossModalAttention("audio", ("text",), WHOLE.sizes))
    states, present, blocks = inputs(random_batch([5], missing=0.0))
    text = states["text"].requires_grad_()

    def shares(audio: Tensor) -> Tensor:
        found = caf({"audio": audio, "text": text}, present, blocks)[0].sum()
        return torch.autograd.grad(found, text)[0].norm(dim=1)

    one, other = shares(states["audio"]), shares(3 * states["audio"].flip(1))
    assert (one > 0).all()
    assert not torch.allclose(one / one.sum(), other / other.sum(), rtol=1e-2)


def test_interaction_at_rest_is_the_mean_of_the_normalised_views():
    interaction = Interaction(3, WHOLE.sizes).eval()
    for weight in (interaction.out.weight, interaction.out.bias, interaction.score.weight):
        nn.init.zeros_(weight)
    views = torch.randn(4, 3, 8)
    torch.testing.assert_close(interaction(views), interaction.norm(views).mean(1))


def test_interaction_differs_from_the_mean():
    interaction, views = Interaction(3, WHOLE.sizes).eval(), torch.randn(4, 3, 8)
    found, mean = interaction(views), interaction.norm(views).mean(1)
    assert (found - mean).abs().amax(1).min() > 0.01


def test_interaction_treats_utterances_apart():
    interaction, views = shaken(Interaction(3, WHOLE.sizes)), torch.randn(4, 3, 8)
    alone = torch.cat([interaction(one) for one in views.split(1)])
    torch.testing.assert_close(interaction(views), alone)


def test_views_that_change_places_with_their_names_change_nothing():
    interaction, views = shaken(Interaction(3, WHOLE.sizes)), torch.randn(4, 3, 8)
    before, order = interaction(views), torch.tensor([2, 0, 1])
    assert not torch.allclose(interaction(views[:, order]), before)
    with torch.no_grad():
        interaction.view.copy_(interaction.view[order].clone())
    torch.testing.assert_close(interaction(views[:, order]), before)


def test_every_view_matters():
    interaction, views = shaken(Interaction(3, WHOLE.sizes)), torch.randn(4, 3, 8)
    for view in range(3):
        other = views.clone()
        other[:, view] = torch.randn(4, 8)
        assert (interaction(other) - interaction(views)).abs().amax(1).min() > 1e-3


def test_counterparts_do_no_more_than_their_names_say():
    states, present, blocks = inputs(random_batch([2, 3]))
    views = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]])
    assert MeanOfViews()(views).tolist() == [[2.0, 4.0]]
    assert OnlyModality()({"text": states["text"]}, present, blocks) is states["text"]
    concatenation = ConcatenationFusion(MODALITIES, WHOLE.width)
    mix = concatenation.mix
    parts = zip(states.values(), mix.weight.split(WHOLE.width, dim=1), strict=True)
    expected = mix.bias + sum(state @ part.T for state, part in parts)
    everything = {m: torch.ones_like(there) for m, there in present.items()}
    nothing = {m: torch.zeros_like(there) for m, there in present.items()}
    for case in (everything, nothing):
        torch.testing.assert_close(concatenation(states, case, blocks), expected)


def test_concatenation_takes_nothing_from_what_is_absent():
    states, present, blocks = inputs(random_batch([2, 3]))
    some = {m: torch.full_like(there, m != "audio") for m, there in present.items()}
    concatenation = ConcatenationFusion(MODALITIES, WHOLE.width)
    before = concatenation(states, some, blocks)
    after = concatenation(states | {"audio": states["audio"] + 1}, some, blocks)
    torch.testing.assert_close(before, after)
