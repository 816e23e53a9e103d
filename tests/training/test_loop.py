"""fit: what it is given, in which order it sees it, and which weights it leaves."""

import inspect
import math
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import torch
from support.batches import DIMS, EMOTIONS, random_batch
from support.tiny import assert_same_weights, only, sync_tva_recipe, tiny_corpus, weights_of

from synctva.batch import batch_of
from synctva.corpus import Corpus
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.model.emotion_model import EmotionModel
from synctva.recipe import LossRecipe, Recipe
from synctva.run.finished import Finished
from synctva.run.folder import SeedFolder
from synctva.run.log import ValidEpoch
from synctva.training import loop
from synctva.training.loop import accumulate, fit, steps_of, validate
from synctva.training.loss import EmotionLoss, Objective
from synctva.training.ranks import accelerator_of
from synctva.training.splits import InMemory, Split, concatenated

LOSSES = [
    {"imbalance": "none"},
    {"imbalance": "class_balanced", "strength": 1.0},
    {"imbalance": "focal", "strength": 2.0},
    {"imbalance": "logit_adjustment", "strength": 1.0},
]
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(MODALITIES, size)]


def train(
    path: Path, recipe: Recipe | None = None, *, corpus: Corpus | None = None, seed: int = 0
) -> tuple[SeedFolder, Finished]:
    """Trains a tiny model; returns its folder, and how it ended."""
    recipe, corpus, folder = recipe or sync_tva_recipe(), corpus or tiny_corpus(), SeedFolder(path)
    path.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = EmotionModel(corpus.schema.emotions, corpus.dims, recipe.model)
    own, valid = (InMemory(batch_of(corpus.split(split))) for split in ("train", "valid"))
    return folder, fit(model, own, valid, recipe, folder, seed)


def scripted(monkeypatch: pytest.MonkeyPatch, scores: list[tuple[float, float]]) -> None:
    """Makes validation tell these weighted F1 and losses, one pair after the other."""
    told = iter(scores)

    def validate(model: EmotionModel, valid: Split) -> ValidEpoch:
        f1, loss = next(told)
        return ValidEpoch(loss, f1, f1, f1)

    monkeypatch.setattr(loop, "validate", validate)


def test_there_is_no_way_to_hand_a_test_split_to_fit():
    given = ["model", "train", "valid", "recipe", "folder", "seed", "save_every_s", "on_epoch"]
    assert list(inspect.signature(fit).parameters) == given


def test_training_lowers_the_loss_and_is_logged_epoch_by_epoch(tmp_path):
    folder, finished = train(tmp_path, sync_tva_recipe(epochs=5, averaging=0, modality_dropout=0))
    log = folder.read_log()
    assert [epoch.epoch for epoch in log] == [0, 1, 2, 3, 4]
    assert log[-1].train_loss < log[0].train_loss
    assert log[-1].valid.loss < log[0].valid.loss
    assert all(0 <= epoch.valid.weighted_f1 <= 1 for epoch in log)
    assert finished.epochs == 5
    assert finished.seconds == pytest.approx(sum(epoch.seconds for epoch in log))


def test_a_seed_determines_the_weights(tmp_path):
    one, again, other = (
        weights_of(train(tmp_path / name, sync_tva_recipe(epochs=1), seed=seed)[0].checkpoint)
        for name, seed in [("one", 0), ("again", 0), ("other", 1)]
    )
    assert_same_weights(one, again)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("scores", "patience", "best", "epochs"),
    [
        ([(0.1, 1), (0.5, 1), (0.4, 1), (0.3, 1), (0.9, 1)], 2, 1, 4),
        ([(0.5, 1), (0.4, 1), (0.6, 1), (0.5, 1), (0.5, 1)], 2, 2, 5),
        ([(0.5, 1), (0.4, 1)], 1, 0, 2),
        ([(0.5, 1), (0.5, 0.9), (0.5, 0.9), (0.5, 1)], 2, 1, 4),
        ([(0.0, math.inf)] * 3, 2, 0, 3),
    ],
)
def test_it_stops_when_patience_ends_and_leaves_the_best_epoch(
    tmp_path: Path, monkeypatch, scores: list, patience: int, best: int, epochs: int
):
    scripted(monkeypatch, scores)
    recipe = sync_tva_recipe(epochs=9, patience=patience, keep_epochs=True)
    folder, finished = train(tmp_path, recipe, corpus=only(tiny_corpus(), "text"))
    assert (finished.best_epoch, finished.epochs) == (best, epochs)
    kept = folder.epochs / f"{best:03d}"
    assert_same_weights(weights_of(folder.checkpoint), weights_of(kept))
    assert len(list(folder.epochs.iterdir())) == epochs


def test_the_checkpoint_scores_what_the_log_says_of_the_best_epoch(tmp_path):
    folder, finished = train(tmp_path)
    log = folder.read_log()
    scores = [epoch.valid.weighted_f1 for epoch in log]
    assert scores[finished.best_epoch] == max(scores)
    model = EmotionModel.from_pretrained(folder.checkpoint)
    valid = InMemory(batch_of(tiny_corpus().split("valid")))
    assert validate(model, valid) == log[finished.best_epoch].valid


def test_the_learning_rate_rises_then_falls_to_nothing(tmp_path):
    settings = {"epochs": 10, "patience": 10, "warmup": 0.3, "learning_rate": 0.01}
    corpus = only(tiny_corpus((8, 2, 2)), "text")
    folder, _ = train(tmp_path, sync_tva_recipe(**settings), corpus=corpus)
    rates = [epoch.learning_rate for epoch in folder.read_log()]
    assert rates[0] < rates[1] < rates[2] <= 0.01
    assert all(later < earlier for earlier, later in pairwise(rates[2:]))
    assert rates[-1] < 0.001


def test_weights_are_averaged_over_the_steps(tmp_path):
    """A step of the average is smaller than one of the weights, and both start alike."""
    moved = []
    for averaging in (0.0, 0.99):
        recipe = sync_tva_recipe(epochs=1, averaging=averaging, warmup=0)
        folder, _ = train(tmp_path / str(averaging), recipe)
        torch.manual_seed(0)
        corpus = tiny_corpus()
        fresh = EmotionModel(corpus.schema.emotions, corpus.dims, recipe.model).state_dict()
        after = weights_of(folder.checkpoint)
        moved.append(sum(float((after[name] - fresh[name]).square().sum()) for name in fresh))
    assert 0 < moved[1] < moved[0]


@pytest.mark.parametrize("modalities", SUBSETS, ids="+".join)
def test_a_corpus_without_a_modality_trains_as_any_other(tmp_path: Path, modalities: tuple):
    recipe = sync_tva_recipe(epochs=1)
    folder, finished = train(tmp_path, recipe, corpus=only(tiny_corpus(), *modalities))
    assert finished.best_epoch == 0
    assert EmotionModel.from_pretrained(folder.checkpoint).dims.keys() == set(modalities)


@pytest.mark.parametrize("missing", [0.0, 0.7, 1.0])
def test_any_utterance_may_lack_any_modality_and_all(tmp_path: Path, missing: float):
    corpus = tiny_corpus(missing=missing)
    folder, _ = train(tmp_path, sync_tva_recipe(epochs=1), corpus=corpus)
    assert all(torch.isfinite(tensor).all() for tensor in weights_of(folder.checkpoint).values())
    assert math.isfinite(folder.read_log()[0].valid.loss)


def test_precisions_can_follow_each_other_in_one_process(tmp_path):
    losses = {}
    for precision in ("no", "bf16", "no"):
        folder, _ = train(tmp_path / precision, sync_tva_recipe(epochs=1, precision=precision))
        losses[precision] = folder.read_log()[0].train_loss
    assert losses["bf16"] == pytest.approx(losses["no"], rel=0.05)
    assert losses["bf16"] != losses["no"]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss["imbalance"])
def test_batches_that_are_accumulated_make_the_step_of_one_batch(tmp_path: Path, loss: dict):
    """Also where emotions are unevenly spread over them, and where one has no emotions."""
    pieces = [random_batch([4, 9], seed=1), random_batch([1], seed=2), random_batch([7], seed=3)]
    pieces[0].emotion.clamp_(max=1)
    pieces[1].emotion.fill_(-1)
    recipe = sync_tva_recipe(modality_dropout=0.0).model_copy(
        update={"loss": LossRecipe.model_validate(loss)}
    )
    found = []
    for own in (pieces, [concatenated(pieces)]):
        torch.manual_seed(0)
        model = EmotionModel(EMOTIONS, DIMS, recipe.model).eval()
        counts = {"joy": 30, "sadness": 5, "anger": 1}
        objective = Objective(model, EmotionLoss(EMOTIONS, counts, recipe.loss))
        value = accumulate(objective, own, accelerator_of("no"), recipe.training)
        gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        found.append((value, gradients))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-4, atol=1e-6)


def test_accumulation_takes_fewer_steps_and_still_sees_every_dialogue():
    split = InMemory(batch_of(tiny_corpus((24, 0, 0))))
    settings = sync_tva_recipe(batch_utterances=30, accumulation=3).training
    steps = steps_of(split, settings, 0, 0)
    batches = [chosen.dialogues for step in steps for chosen in step]
    assert [len(step) for step in steps[:-1]] == [3] * (len(steps) - 1)
    assert sorted(torch.cat(batches).tolist()) == list(range(24))
    alone = steps_of(split, sync_tva_recipe(batch_utterances=30).training, 0, 0)
    assert [len(step) for step in alone] == [1] * len(batches)


def test_an_accumulated_training_learns(tmp_path):
    recipe = sync_tva_recipe(epochs=5, averaging=0, modality_dropout=0, accumulation=2)
    log = train(tmp_path, recipe)[0].read_log()
    assert log[-1].train_loss < log[0].train_loss


def test_a_loss_that_is_no_number_ends_the_training_with_a_remedy(tmp_path):
    with pytest.raises(InputError, match=r"no longer finite; .* lower training\.learning_rate"):
        train(tmp_path, sync_tva_recipe(learning_rate=1e30, warmup=0))
