"""Training that begins with a model: what stays, what is learnt, what is refused, what resumes."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.tiny import (
    assert_same_weights,
    only,
    tiny_corpus,
    tiny_recipe,
    tiny_run,
    tiny_store,
    weights_of,
)

from synctva.batch import batch_of
from synctva.corpus import Corpus
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.evaluation.prediction import predict
from synctva.features.store import concatenate, open_store
from synctva.model.confidence import Calibration, Confidence
from synctva.model.emotion_model import EmotionModel
from synctva.run.finished import UNCHANGED
from synctva.run.folder import RunFolder, SeedFolder
from synctva.run.log import Epoch
from synctva.training.run import train_run
from synctva.training.splits import InMemory
from synctva.training.start import Start, load_start, recipe_beside, recipe_from
from synctva.training.temperature import CALIBRATED_UTTERANCES, calibrated_on

SETTINGS = ("training.epochs=3", "training.learning_rate=0.01")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run beside its store; no test changes it."""
    return tiny_run(tmp_path_factory.mktemp("trained"), epochs=6)


def start_of(trained: Path) -> Start:
    source = RunFolder(trained).seed(0).checkpoint
    return Start(str(source), EmotionModel.from_pretrained(source))


def corrections(split: str = "train") -> Corpus:
    """Returns other dialogues, all of one split."""
    corpus = tiny_corpus((1, 1, 12)).split("test")
    dialogues = tuple(replace(dialogue, split=split) for dialogue in corpus.dialogues)
    return replace(corpus, dialogues=dialogues)


def unlabelled(corpus: Corpus, split: str) -> Corpus:
    """Returns the corpus in another split, without emotions."""
    dialogues = tuple(
        replace(d, split=split, utterances=tuple(replace(u, emotion=None) for u in d.utterances))
        for d in corpus.dialogues
    )
    return replace(corpus, dialogues=dialogues)


def further(
    trained: Path,
    folder: Path,
    *settings: str,
    on_epoch: Callable[[int, Epoch], None] = lambda seed, epoch: None,
) -> RunFolder:
    """Trains further on corrections, all of them in the split ``train``."""
    torch.set_num_threads(1)
    start = start_of(trained)
    if not (folder / "own").exists():
        tiny_store(folder / "own", corrections())
    recipe = recipe_from(start, None, (*SETTINGS, *settings))
    out = folder / "further"
    return train_run(recipe, folder / "own", out, 1, start=start, save_every_s=0, on_epoch=on_epoch)


@pytest.fixture(scope="module")
def trained_further(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return further(trained, tmp_path_factory.mktemp("further"))


def test_it_goes_on_with_the_networks_statistics_and_voices(
    trained: Path, trained_further: RunFolder
):
    before = weights_of(RunFolder(trained).seed(0).checkpoint)
    after = weights_of(trained_further.seed(0).checkpoint)
    assert before.keys() == after.keys()
    for name, weights in before.items():
        if "normalisation" in name:
            assert torch.equal(weights, after[name])
    farthest = max(float((after[n] - w).abs().max()) for n, w in before.items())
    assert 0 < farthest < 0.5


def test_it_tells_what_it_began_with_and_keeps_it(trained: Path, trained_further: RunFolder):
    told = trained_further.describe().start
    assert told == start_of(trained).description
    kept = weights_of(trained_further.start)
    assert_same_weights(kept, weights_of(RunFolder(trained).seed(0).checkpoint))


def test_a_little_training_is_better_than_the_same_from_nothing(
    trained: Path, trained_further: RunFolder, tmp_path: Path
):
    recipe = recipe_from(start_of(trained), None, SETTINGS)
    tiny_store(tmp_path / "whole", tiny_corpus((12, 6, 6)))
    fresh = train_run(recipe, tmp_path / "whole", tmp_path / "fresh", 1)
    first = fresh.seed(0).read_log()[0].train_loss
    assert trained_further.seed(0).read_log()[0].train_loss < first


class KilledError(Exception):
    pass


def killed(*arguments: object) -> None:
    raise KilledError


@pytest.mark.parametrize("at_the_end", [False, True])
def test_it_resumes_to_the_same_weights(
    trained: Path, trained_further: RunFolder, tmp_path: Path, at_the_end: bool
):
    with pytest.MonkeyPatch.context() as patch:
        if at_the_end:
            patch.setattr(SeedFolder, "write_finished", killed)
        with pytest.raises(KilledError):
            further(trained, tmp_path, **({} if at_the_end else {"on_epoch": killed}))
    assert RunFolder(tmp_path / "further").seed(0).state.is_file()
    seed, whole = further(trained, tmp_path).seed(0), trained_further.seed(0)
    assert_same_weights(weights_of(seed.checkpoint), weights_of(whole.checkpoint))
    assert seed.read_finished().best_epoch == whole.read_finished().best_epoch
    assert len(seed.read_log()) == 3


def test_what_is_no_better_on_valid_is_not_kept(trained: Path, tmp_path: Path):
    tiny_store(tmp_path / "own", tiny_corpus((4, 3, 1)))
    run = further(trained, tmp_path, "training.learning_rate=1e-12", "training.averaging=0")
    assert run.seed(0).read_finished().best_epoch == UNCHANGED
    assert_same_weights(
        weights_of(run.seed(0).checkpoint), weights_of(RunFolder(trained).seed(0).checkpoint)
    )
    assert EmotionModel.from_pretrained(run.seed(0).checkpoint).provenance.corpus == "planted"


def test_the_split_valid_chooses_where_there_is_one(trained: Path, tmp_path: Path):
    corpus = tiny_corpus((4, 3, 1))
    tiny_store(tmp_path / "own", corpus)
    seed = further(trained, tmp_path).seed(0)
    model = EmotionModel.from_pretrained(seed.checkpoint)
    batch = batch_of(corpus.split("valid"))
    right = (predict(model, batch).argmax(1) == batch.emotion).float().mean()
    assert seed.read_finished().best_epoch != UNCHANGED
    record = seed.read_log()[seed.read_finished().best_epoch]
    assert record.valid is not None
    assert record.valid.accuracy == pytest.approx(float(right))


@pytest.mark.parametrize("split", ["train", "valid"])
def test_without_labels_to_validate_on_all_is_learnt_and_nothing_chooses(
    trained: Path, tmp_path: Path, split: str
):
    corpus = corrections()
    if split == "valid":
        kept = corpus.select([d.id for d in corpus.dialogues[1:]])
        rest = unlabelled(corpus.select([corpus.dialogues[0].id]), "valid")
        corpus = concatenate([kept, rest])
    tiny_store(tmp_path / "own", corpus)
    patience = "training.patience=1"
    seed = further(trained, tmp_path, patience).seed(0)
    assert (seed.read_finished().epochs, seed.read_finished().best_epoch) == (3, 2)
    assert [epoch.valid for epoch in seed.read_log()] == [None] * 3
    assert not load_start(f"{RunFolder(trained).seed(0).checkpoint}", tmp_path / "own").has_valid
    before = start_of(trained).model.provenance
    after = EmotionModel.from_pretrained(seed.checkpoint).provenance
    assert (after.temperature, after.confidence) == (before.temperature, before.confidence)


def test_the_recipe_is_that_beside_the_model_but_gentle(trained: Path):
    recipe = recipe_from(start_of(trained))
    own = tiny_recipe()
    assert (recipe.model, recipe.loss) == (own.model, own.loss)
    assert recipe.training.learning_rate < own.training.learning_rate
    assert recipe.training.weight_decay == own.training.weight_decay
    assert recipe_from(start_of(trained), None, ("loss.strength=0.9",)).loss.strength == 0.9


def test_a_recipe_that_lies_elsewhere_is_none_of_the_models(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    model = start_of(trained).model
    model.save_pretrained(tmp_path / "model")
    (tmp_path / "recipe.toml").write_text('name = "another"')
    monkeypatch.chdir(tmp_path)
    assert recipe_from(Start("model", model)).name.startswith("sync-tva")
    assert recipe_beside("model") is None
    assert recipe_beside("lite") is not None
    seed = RunFolder(trained).seed(0)
    assert recipe_beside(str(seed.path)) == recipe_beside(str(seed.checkpoint)) is not None


def test_of_a_recipe_loss_and_training_count(trained: Path, tmp_path: Path):
    (tmp_path / "own.toml").write_text('name = "own"\n[training]\nepochs = 7\n')
    recipe = recipe_from(start_of(trained), tmp_path / "own.toml")
    assert (recipe.name, recipe.training.epochs) == ("own", 7)
    assert recipe.training.learning_rate == 1e-3
    assert recipe.model == tiny_recipe().model


@pytest.mark.parametrize(
    "setting", ["model.width=8", "modalities=['text']", "encoders.text.model=minilm"]
)
def test_the_network_cannot_be_changed(trained: Path, setting: str):
    with pytest.raises(InputError, match="network, encoders and modalities are those of"):
        recipe_from(start_of(trained), None, (setting,))


def refusal(trained: Path, folder: Path, corpus: Corpus, start: Start | None = None) -> str:
    start = start or start_of(trained)
    store = tiny_store(folder / "other", corpus)
    with pytest.raises(InputError) as caught:
        train_run(recipe_from(start), store, folder / "run", 1, start=start)
    assert not (folder / "run").exists()
    return str(caught.value)


def test_other_features_are_refused_with_the_command_that_makes_the_right_ones(
    trained: Path, tmp_path: Path
):
    command = f"run `synctva features {tmp_path}/other --for {start_of(trained).source}`"
    corpus = corrections()
    text = corpus.features["text"]
    other = replace(text, description=replace(text.description, weights="0" * 64))
    told = refusal(trained, tmp_path / "1", corpus.with_features("text", other))
    assert command.replace("/other", "/1/other") in told
    assert "text features" in told
    told = refusal(trained, tmp_path / "2", only(corpus, "text", "audio"))
    assert command.replace("/other", "/2/other") in told
    assert "no visual features" in told


def test_other_emotions_are_refused(trained: Path, tmp_path: Path):
    corpus = corrections()
    emotions = tuple(reversed(corpus.schema.emotions))
    told = refusal(trained, tmp_path, replace(corpus, schema=EmotionSchema("own", emotions)))
    assert "are not those of" in told


def test_a_run_goes_on_with_the_model_it_began_with(
    trained: Path, trained_further: RunFolder, tmp_path: Path
):
    shutil.copytree(trained_further.path.parent, tmp_path, dirs_exist_ok=True)
    changed = start_of(trained)
    with torch.no_grad():
        next(changed.model.network.parameters()).add_(1.0)
    recipe = recipe_from(start_of(trained), None, SETTINGS)
    for start in (changed, None):
        with pytest.raises(InputError, match=r"began with another model|is empty"):
            train_run(recipe, tmp_path / "own", tmp_path / "further", 1, start=start)


def test_temperatures_of_modalities_are_changed_alike(trained: Path):
    model = start_of(trained).model
    own = Confidence({"text+audio+visual": Calibration(0.3, (0.1,) * len(model.emotions))})
    known = replace(model.provenance, temperature=2.0, confidence=own)
    batch = batch_of(tiny_corpus((1, 20, 1)).split("valid"))
    assert len(batch) >= CALIBRATED_UTTERANCES
    found = calibrated_on(InMemory(batch), model, known)
    factor = found.temperature / 2
    assert factor != 1
    scaled = found.confidence.calibrations["text+audio+visual"]
    assert scaled.scale == pytest.approx(0.3 / factor)
    assert scaled.bias[0] == pytest.approx(0.1 / factor)
    few = InMemory(batch.select(torch.arange(2)))
    assert calibrated_on(few, model, known) == known


def test_the_description_is_of_all_weights(trained: Path):
    one = start_of(trained)
    assert len(one.description.weights) == 64
    assert np.array_equal(open_store(trained.parent / "store").schema.emotions, one.model.emotions)
