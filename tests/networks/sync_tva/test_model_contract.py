"""The contract that holds for every size of the model, every ablation and every corpus."""

import copy
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from support.batches import random_batch
from support.contract import (  # the tests among these run here, on the fixture below
    assert_same,
    batch_for,
    before,
    outputs,
    test_a_dialogue_gives_the_same_alone_and_in_a_batch,
    test_a_saved_model_is_the_same_model,
    test_bf16_gives_nearly_the_same_and_trains,
    test_every_parameter_gets_a_gradient,
    test_features_of_an_absent_modality_change_nothing,
    test_numbers_of_turns_and_dialogues_and_the_emotions_change_nothing,
    test_renaming_the_speakers_changes_nothing,
    test_ten_steps_lower_the_loss,
    test_utterances_without_any_modality_have_finite_logits,
)
from support.variants import ABLATIONS, SIZES, SMALL, SUBSETS, VARIANTS, make_model
from torch import Tensor

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.model.emotion_model import EmotionModel
from synctva.networks.sync_tva import attention
from synctva.networks.sync_tva import network as sync_tva
from synctva.networks.sync_tva.architecture import PAIRS
from synctva.networks.sync_tva.attention import Blocks
from synctva.networks.sync_tva.network import SyncTVA


@pytest.fixture(scope="module", params=VARIANTS)
def model(request: pytest.FixtureRequest) -> EmotionModel:
    torch.manual_seed(0)
    return make_model(*VARIANTS[request.param])


def test_an_absent_modality_sends_nothing(model: EmotionModel):
    """Only utterances that lack something feel what stands in for it."""
    batch = batch_for(model)
    batch = batch.with_present(batch.present & (torch.arange(len(batch)) % 5 > 0).unsqueeze(1))
    other = copy.deepcopy(model)
    with torch.no_grad():
        for name, weight in other.named_parameters():
            if name.endswith(".absent"):
                weight += 5 * torch.randn_like(weight)
    usual, after = outputs(model, batch), outputs(other, batch)
    complete = batch.present[:, [MODALITIES.index(m) for m in model.dims]].all(1)
    assert complete.any()
    assert_same(usual, after, complete)
    nothing = ~batch.present.any(1)
    assert not torch.allclose(usual["logits"][nothing], after["logits"][nothing])


def test_another_speaker_changes_something(model: EmotionModel):
    batch = batch_for(model)
    one_voice = replace(batch, speaker=torch.zeros_like(batch.speaker))
    after = outputs(model, one_voice)
    assert not torch.allclose(before(model)["logits"], after["logits"])


def test_an_utterance_is_felt_as_far_as_the_window_reaches_and_no_further(model: EmotionModel):
    length, place = 64, 30
    batch = batch_for(model, (length,), missing=0.0)
    edited = {m: batch.features[m].clone() for m in model.dims}
    for features in edited.values():
        features[place] = 3 * torch.randn(features.shape[1])
    assert_reach(outputs(model, replace(batch, **edited)), place, length, model)


def test_a_missing_utterance_is_felt_no_further_than_the_window(model: EmotionModel):
    length, place = 64, 30
    batch = batch_for(model, (length,), missing=0.0)
    present = batch.present.clone()
    present[place] = False
    assert_reach(outputs(model, batch.with_present(present)), place, length, model)


def assert_reach(
    after: dict[str, Tensor],
    place: int,
    length: int,
    model: EmotionModel,
):
    """Attention over attention sees two windows far, and so on."""
    past, future = (
        length if reach == "all" else reach * attentions_of(model)
        for reach in (model.settings.past, model.settings.future)
    )
    first, last = (place - future, place + past) if attentions_of(model) else (place, place)
    ahead = torch.arange(length)
    seen = (first <= ahead) & (ahead <= last)
    usual = before(model, (length,), missing=0.0)
    assert_same(usual, after, ~seen)
    difference = (usual["logits"] - after["logits"]).abs().amax(1)
    assert (difference[seen] > 0).all(), "an utterance in the window is not felt"


def attentions_of(model: EmotionModel) -> int:
    """Returns how many attentions an utterance can pass through, one after another."""
    architecture = model.settings
    enhancement = architecture.enhancement_layers * architecture.self_attention
    graphs = architecture.graph_layers * (len(model.network.graphs) > 0)
    fusion = (architecture.fusion + architecture.context_layers) * (len(model.dims) > 1)
    return enhancement + graphs + fusion


def test_training_and_evaluation_differ_by_dropout_only():
    none = {"dropout": 0.0, "feature_dropout": 0.0, "node_dropout": 0.0}
    model = make_model(replace(SMALL, **none))
    batch = batch_for(model)
    evaluated = outputs(model, batch)
    assert_same(evaluated, outputs(model.train(), batch))


@pytest.mark.parametrize("rate", ["dropout", "feature_dropout", "node_dropout"])
def test_every_dropout_acts_in_training(rate: str):
    none = {"dropout": 0.0, "feature_dropout": 0.0, "node_dropout": 0.0}
    model = make_model(replace(SMALL, **(none | {rate: 0.5}))).train()
    batch = batch_for(model)
    one, other = outputs(model, batch)["logits"], outputs(model, batch)["logits"]
    assert not torch.allclose(one, other)
    assert one.isfinite().all()


@pytest.mark.parametrize(("size", "least", "most"), [("lite", 0, 1), ("base", 1, 10)])
def test_a_size_has_as_many_parameters_as_it_says(size: str, least: float, most: float):
    model = EmotionModel(tuple("abcdefg"), {"text": 384, "audio": 88, "visual": 64}, SIZES[size])
    millions = sum(weight.numel() for weight in model.parameters()) / 1e6
    assert least < millions < most


COMPILED = """
import torch
from support.batches import random_batch
from support.variants import SMALL, make_model

model = make_model(SMALL, ("text", "audio"))
batch = random_batch((3, 40, 2), model.dims)
found = torch.compile(model, backend="aot_eager")(batch).logits
torch.testing.assert_close(found, model(batch).logits)
found.sum().backward()
assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())
"""
"""The tracer and the gradients' graph, without the code generation, which needs a C++ compiler."""


@pytest.mark.slow
def test_the_compiled_model_gives_the_same_and_trains():
    """In a process without the checks of annotations, which cannot be compiled."""
    tests = str(Path(__file__).parents[2])
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", COMPILED], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


def test_a_long_dialogue_in_bands_gives_the_same_as_in_one_block(monkeypatch: pytest.MonkeyPatch):
    model = make_model(*VARIANTS["window"])
    batch = batch_for(model, (3, 150, 1, 40))
    banded = outputs(model, batch)

    def dense(batch: Batch, past: int, future: int) -> Blocks:
        lengths = torch.bincount(batch.dialogue)
        return attention._layout(batch, lengths, int(lengths.max()), (0, 0), (past, future))

    monkeypatch.setattr(sync_tva, "blocks_of", dense)
    assert_same(banded, outputs(model, batch))


@pytest.mark.parametrize("rate", [0.0, 0.999999])
def test_a_batch_whose_future_is_dropped_is_seen_by_a_causal_model(rate: float):
    small = replace(SMALL, future=2, dropout=0.0, feature_dropout=0.0, node_dropout=0.0)
    model = make_model(replace(small, future_dropout=rate))
    causal = make_model(replace(small, future=0))
    causal.load_state_dict(model.state_dict())
    batch = batch_for(model)
    seen = model.train()(batch).logits
    assert torch.allclose(seen, causal(batch).logits, atol=1e-5) == (rate > 0)
    assert torch.allclose(model.eval()(batch).logits, causal(batch).logits, atol=1e-5) is False


@pytest.mark.parametrize("modalities", [*SUBSETS, MODALITIES], ids="+".join)
@pytest.mark.parametrize("name", ABLATIONS)
def test_a_part_that_cannot_be_there_was_not_there(name: str, modalities: tuple[str, ...]):
    torch.manual_seed(0)
    whole = make_model(ABLATIONS[name], modalities)
    torch.manual_seed(0)
    within = make_model(ABLATIONS[name].within(modalities), modalities)
    batch = batch_for(whole)
    assert_same(outputs(whole, batch), outputs(within, batch))
    assert whole.state_dict().keys() == within.state_dict().keys()
    chosen = ABLATIONS[name].graphs if ABLATIONS[name].graph_layers else ()
    graphs = cast(SyncTVA, whole.network).graphs
    assert set(graphs) == {graph for graph in chosen if set(PAIRS[graph]) <= set(modalities)}
