"""The contract that holds for every network, Sync-TVA and its peers: imported by their tests.

A test module has a fixture ``model`` over the models that it wants held to it.
"""

import copy
from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional

from support.batches import DIMS, random_batch
from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.model.emotion_model import EmotionModel
from synctva.output import Output

LENGTHS = (1, 7, 40, 2, 18)
"""Longer than the blocks of the windowed variants; the first dialogue is one utterance."""


def batch_for(
    model: EmotionModel, lengths: tuple[int, ...] = LENGTHS, missing: float = 0.3
) -> Batch:
    return random_batch(lengths, model.dims, missing)


_before: WeakKeyDictionary[EmotionModel, dict[object, dict[str, Tensor]]] = WeakKeyDictionary()


def before(
    model: EmotionModel, lengths: tuple[int, ...] = LENGTHS, missing: float = 0.3
) -> dict[str, Tensor]:
    """Returns what the model makes of ``batch_for``, computed once for all tests of the model."""
    known = _before.setdefault(model, {})
    if (lengths, missing) not in known:
        known[lengths, missing] = outputs(model, batch_for(model, lengths, missing))
    return known[lengths, missing]


@torch.no_grad()
def outputs(model: EmotionModel, batch: Batch) -> dict[str, Tensor]:
    return _flat(model(batch))


def _flat(output: Output) -> dict[str, Tensor]:
    return {"logits": output.logits, "fused": output.fused, **output.unimodal}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor], rows: Tensor | None = None):
    for name in one:
        left, right = (t[name] if rows is None else t[name][rows] for t in (one, other))
        torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-4)  # float32 sums


def assert_equal(one: dict[str, Tensor], other: dict[str, Tensor]):
    """Bit for bit."""
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_dialogue_gives_the_same_alone_and_in_a_batch(model: EmotionModel):
    batch = batch_for(model)
    together = before(model)
    for number in range(len(LENGTHS)):
        alone = outputs(model, batch.select(torch.tensor([number])))
        rows = batch.dialogue == number
        assert_same({name: t[rows] for name, t in together.items()}, alone)
        assert all(t.isfinite().all() for t in alone.values())


def test_features_of_an_absent_modality_change_nothing(model: EmotionModel):
    batch = batch_for(model)
    garbage = {
        m: torch.where(batch.present[:, [i]], batch.features[m], 1e6 * torch.randn(dim))
        for i, (m, dim) in enumerate(zip(MODALITIES, DIMS.values(), strict=True))
        if m in model.dims
    }
    assert_equal(before(model), outputs(model, replace(batch, **garbage)))


def test_utterances_without_any_modality_have_finite_logits(model: EmotionModel):
    batch = batch_for(model)
    none = batch.with_present(torch.zeros_like(batch.present))
    some = batch.with_present(batch.present & (torch.arange(len(batch)) % 3 > 0).unsqueeze(1))
    for emptier in (none, some):
        assert all(t.isfinite().all() for t in outputs(model, emptier).values())


def test_renaming_the_speakers_changes_nothing(model: EmotionModel):
    batch = batch_for(model)
    renamed = replace(batch, speaker=(batch.speaker + batch.dialogue) % 3)
    assert not torch.equal(renamed.speaker, batch.speaker)
    assert_equal(before(model), outputs(model, renamed))


def test_numbers_of_turns_and_dialogues_and_the_emotions_change_nothing(model: EmotionModel):
    batch = batch_for(model)
    other = replace(batch, turn=batch.turn * 5 + 3, emotion=torch.full_like(batch.emotion, -1))
    assert_equal(before(model), outputs(model, other))


def test_every_parameter_gets_a_gradient(model: EmotionModel):
    batch = batch_for(model)
    names, weights = zip(*model.named_parameters(), strict=True)
    loss = loss_of(model, batch) + loss_of(model.train(), batch)
    model.eval()
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    still = [
        name
        for name, gradient in zip(names, gradients, strict=True)
        if gradient is None or gradient.abs().max() < 1e-7
    ]
    assert still == []


def loss_of(model: EmotionModel, batch: Batch) -> Tensor:
    output = model(batch)
    heads = [output.logits, *output.unimodal.values()]
    loss = torch.stack([functional.cross_entropy(h, batch.emotion) for h in heads]).sum()
    return loss if output.auxiliary is None else loss + output.auxiliary


def test_ten_steps_lower_the_loss(model: EmotionModel):
    batch = batch_for(model, (1, 7))
    learner = copy.deepcopy(model)
    first = float(loss_of(learner, batch).detach())
    optimiser = torch.optim.AdamW(learner.train().parameters(), lr=3e-3, fused=True)
    for _ in range(10):
        optimiser.zero_grad()
        loss_of(learner, batch).backward()
        optimiser.step()
    assert float(loss_of(learner.eval(), batch).detach()) < first - 0.02


def test_a_saved_model_is_the_same_model(model: EmotionModel, tmp_path: Path):
    model.save_pretrained(tmp_path)
    loaded = EmotionModel.from_pretrained(tmp_path)
    after = outputs(loaded, batch_for(model))
    for name, made in before(model).items():
        # products may differ in the last bit where the weights lie elsewhere
        torch.testing.assert_close(made, after[name], rtol=1e-5, atol=1e-6)
    weights = loaded.state_dict()
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())
    assert loaded.settings == model.settings
    assert (loaded.emotions, loaded.dims) == (model.emotions, model.dims)
    assert not loaded.training


def test_bf16_gives_nearly_the_same_and_trains(model: EmotionModel):
    batch = batch_for(model)
    exact = before(model)["logits"]
    with torch.autocast("cpu", torch.bfloat16):
        rough = outputs(model, batch)["logits"].float()
        loss = loss_of(model, batch)
    assert (rough - exact).abs().mean() < 0.05 * (1 + exact.abs().mean())
    weights = list(model.parameters())
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    assert all(g is None or g.isfinite().all() for g in gradients)
