"""A run: what it needs, what it leaves, and how it is continued."""

import json
import multiprocessing
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.places import Inline
from support.tiny import (
    assert_same_weights,
    only,
    tiny_corpus,
    tiny_recipe,
    tiny_run,
    tiny_store,
    weights_of,
)
from torch.nn.functional import cross_entropy

from synctva.batch import batch_of
from synctva.corpus import Corpus, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.errors import InputError
from synctva.evaluation.prediction import predict
from synctva.features.store import open_store, write_parts
from synctva.model.emotion_model import EmotionModel
from synctva.recipe import Recipe, load_recipe
from synctva.run.folder import RunFolder
from synctva.run.log import Epoch
from synctva.training.run import train_run
from synctva.training.temperature import CALIBRATED_UTTERANCES

ONE_EPOCH = tiny_recipe(epochs=1)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run of one seed; tests that change it change a copy."""
    return tiny_run(tmp_path_factory.mktemp("trained"))


def changed(corpus: Corpus, split: str, change: Callable[[Utterance], Utterance] | None) -> Corpus:
    """Returns the corpus with the utterances of a split changed, or without that split."""
    if change is None:
        return corpus.select(d.id for d in corpus.dialogues if d.split != split)
    dialogues = tuple(
        Dialogue(d.id, d.split, tuple(change(u) if d.split == split else u for u in d.utterances))
        for d in corpus.dialogues
    )
    return Corpus(corpus.name, corpus.schema, dialogues, corpus.features)


def complaint(
    tmp_path: Path, corpus: Corpus | None = None, recipe: Recipe = ONE_EPOCH, out: str = "run"
) -> str:
    """Returns what is said of a training; nothing may be begun then."""
    store = tmp_path / "store"
    if not store.exists():
        tiny_store(store, corpus)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as caught:
        train_run(recipe, store, tmp_path / out, 1)
    assert sorted(tmp_path.rglob("*")) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_run_tells_what_it_is(trained):
    description = RunFolder(trained).describe()
    store = open_store(trained.parent / "store")
    assert description.name == "sync-tva"
    assert description.corpus == "planted"
    assert description.emotions == store.schema.emotions
    assert description.dims == {"text": 32, "audio": 24, "visual": 16}
    assert description.fingerprints == store.fingerprints
    assert Path(description.store) == store.path.resolve()
    assert description.seeds == (0,)
    assert description.environment["torch"]
    assert load_recipe(RunFolder(trained).recipe) == tiny_recipe()


def test_a_finished_seed_leaves_no_state(trained):
    folder = RunFolder(trained).seed(0)
    assert not folder.state.exists()
    assert len(folder.read_log()) == folder.read_finished().epochs == 3
    model = EmotionModel.from_pretrained(folder.checkpoint)
    store = open_store(trained.parent / "store")
    assert model.provenance.features == store.features
    assert model.provenance.temperature == 1  # valid has few utterances


def test_a_checkpoint_is_calibrated_on_valid(tmp_path: Path):
    store = tiny_store(tmp_path / "store", tiny_corpus((4, 20, 1)))
    run = train_run(ONE_EPOCH, store, tmp_path / "run", 1)
    model = EmotionModel.from_pretrained(run.seed(0).checkpoint)
    valid = batch_of(open_store(store).read().split("valid"))
    assert len(valid) >= CALIBRATED_UTTERANCES
    logits = predict(model, valid)
    calibrated, raw = (
        float(cross_entropy(logits / temperature, valid.emotion))
        for temperature in (model.provenance.temperature, 1.0)
    )
    assert calibrated < raw


def test_a_finished_run_is_left_as_it_is(trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in (run / "seed-0").rglob("*")}
    told = []
    store = trained.parent / "store"
    train_run(tiny_recipe(), store, run, 1, on_epoch=lambda s, r: told.append((s, r.epoch)))
    assert {path: path.stat().st_mtime_ns for path in (run / "seed-0").rglob("*")} == before
    assert told == [(0, 0), (0, 1), (0, 2)]  # what was done before is shown as done


def test_more_seeds_are_added_to_a_run_and_fewer_take_none_away(trained, tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    run = RunFolder(shutil.copytree(trained, tmp_path / "run"))
    first = run.seed(0).log.stat().st_mtime_ns
    train_run(tiny_recipe(), trained.parent / "store", run.path, 2)
    assert [number for number, _ in run.finished_seeds()] == [0, 1]
    assert run.seed(0).log.stat().st_mtime_ns == first
    train_run(tiny_recipe(), trained.parent / "store", run.path, 1)
    assert run.describe().seeds == (0, 1)


def test_a_run_is_not_continued_with_another_recipe(trained, tmp_path):
    shutil.copytree(trained.parent, tmp_path, dirs_exist_ok=True)
    message = complaint(tmp_path, recipe=tiny_recipe(learning_rate=0.02))
    change = "training.learning_rate: 0.01 there, 0.02 now"
    assert f"run: holds a run of another recipe ({change}); name a new folder, or give" in message


def test_a_run_is_not_continued_on_another_store(trained, tmp_path):
    shutil.copytree(trained.parent, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "store")
    message = complaint(tmp_path, tiny_corpus((12, 6, 7)), tiny_recipe())
    assert "holds a run on another store or other features" in message


def test_a_run_is_continued_on_its_store_at_another_place(trained, tmp_path):
    shutil.copytree(trained.parent, tmp_path, dirs_exist_ok=True)
    train_run(tiny_recipe(), tmp_path / "store", tmp_path / "run", 1)
    assert RunFolder(tmp_path / "run").describe().store == str((tmp_path / "store").resolve())


@pytest.mark.parametrize("there", ["notes.txt", "seed-0", "recipe.toml"])
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, there: str):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / there).write_text("")
    assert f"{tmp_path / 'run'}: " in complaint(tmp_path)
    assert "name a new folder" in complaint(tmp_path)
    (tmp_path / "file").write_text("")
    assert "a file is here; name a new folder" in complaint(tmp_path, out="file")


def test_a_run_killed_before_its_description_begins_again(tmp_path):
    recipe = tiny_recipe(epochs=1)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.toml").write_text(recipe.to_toml())
    (tmp_path / "run" / ".run.json-0123456789abcdef").write_text('{"na')
    run = train_run(recipe, tiny_store(tmp_path / "store"), tmp_path / "run", 1)
    assert run.seed(0).finished.is_file()
    assert not list(run.path.glob(".*"))


def test_a_seed_whose_process_is_killed_is_begun_again(tmp_path):
    told, killed = list[int](), list[int]()

    def kill(seed: int, epoch: Epoch) -> None:
        told.append(seed)
        for process in multiprocessing.active_children():
            if not killed and process.pid:
                killed.append(process.pid)
                process.kill()

    store = tiny_store(tmp_path / "store")
    run = train_run(tiny_recipe(epochs=4), store, tmp_path / "run", 2, on_epoch=kill)
    assert killed
    assert all(run.seed(seed).finished.is_file() for seed in (0, 1))
    assert sorted(told) == [0] * 4 + [1] * 4


def test_a_seed_whose_process_always_dies_is_told(tmp_path, monkeypatch):
    dying = Inline(2, lambda number, seed: True)
    monkeypatch.setattr("synctva.training.run.on_this_machine", dying.engine)
    with pytest.raises(InputError, match=r"a seed: its process has died 4 times .* resumes"):
        train_run(tiny_recipe(), tiny_store(tmp_path / "store"), tmp_path / "run", 2)


def test_a_seed_is_trained_by_one_process_at_a_time(tmp_path):
    store, run = tiny_store(tmp_path / "store"), RunFolder(tmp_path / "run")
    half_written = run.seed(0).path / ".state.safetensors-0123456789abcdef"

    def begin_again(seed: int, epoch: Epoch) -> None:
        half_written.touch()
        with pytest.raises(InputError, match=r"seed-0: process \d+ on .* is writing here; wait"):
            train_run(tiny_recipe(), store, run.path, 1)
        assert half_written.is_file()

    train_run(tiny_recipe(), store, run.path, 1, on_epoch=begin_again)
    assert [epoch.epoch for epoch in run.seed(0).read_log()] == [0, 1, 2]
    assert not (run.seed(0).path / ".lock").exists()


@pytest.mark.parametrize("split", ["train", "valid"])
def test_an_empty_split_is_told(tmp_path: Path, split: str):
    message = complaint(tmp_path, changed(tiny_corpus(), split, None))
    assert f"{tmp_path / 'store'}: the split {split!r} is empty; give some dialogues" in message


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_split_without_emotions_is_told(tmp_path: Path, split: str):
    corpus = changed(tiny_corpus(), split, lambda utterance: replace(utterance, emotion=None))
    message = complaint(tmp_path, corpus)
    assert f"{tmp_path / 'store'}: no utterance of the split {split!r} has an emotion" in message


def test_a_dialogue_in_two_shards_is_told(tmp_path, monkeypatch):
    """Else one of the split ``train`` might be in ``valid`` too."""
    corpus = tiny_corpus((2, 1, 0))
    first = corpus.dialogues[0]
    again = replace(corpus.split("train"), dialogues=(replace(first, split="valid"),), features={})
    once = replace(corpus, features={})
    write_parts([once, again], tmp_path / "store")
    message = complaint(tmp_path)
    assert f"store: dialogue {first.id!r} stands twice" in message


def test_an_empty_test_split_is_no_matter_in_training(tmp_path):
    store = tiny_store(tmp_path / "store", changed(tiny_corpus(), "test", None))
    assert train_run(ONE_EPOCH, store, tmp_path / "run", 1).seed(0).finished.is_file()


def test_some_unlabelled_utterances_are_no_matter(tmp_path):
    def unlabelled(utterance: Utterance) -> Utterance:
        return replace(utterance, emotion=None) if utterance.turn % 3 else utterance

    corpus = changed(changed(tiny_corpus(), "train", unlabelled), "valid", unlabelled)
    store = tiny_store(tmp_path / "store", corpus)
    assert train_run(ONE_EPOCH, store, tmp_path / "run", 1).seed(0).finished.is_file()


def test_a_store_without_features_is_told_how_to_get_some(tmp_path):
    message = complaint(tmp_path, only(tiny_corpus()))
    assert "it holds no features, the recipe uses text, audio, visual" in message
    assert f"`synctva features {tmp_path / 'store'}`" in message


@pytest.mark.parametrize("chosen", [("audio",), ("text", "audio")], ids="+".join)
def test_a_recipe_for_modalities_that_the_store_lacks_is_told(tmp_path, chosen):
    message = complaint(tmp_path, only(tiny_corpus(), "text", "visual"), Recipe(modalities=chosen))
    assert f"it holds text, visual features, the recipe uses {', '.join(chosen)};" in message


def test_the_test_split_never_changes_the_weights(trained, tmp_path):
    corpus = tiny_corpus()
    is_test = np.array([dialogue.split == "test" for dialogue, _ in corpus.utterances()])
    noise = {
        m: Features(
            np.where(is_test[:, None], np.float32(7), f.values), f.present | is_test, f.description
        )
        for m, f in corpus.features.items()
    }
    happy = changed(corpus, "test", lambda utterance: replace(utterance, emotion="joy"))
    for name, other in {
        "no test": changed(corpus, "test", None),
        "other test": Corpus(corpus.name, corpus.schema, happy.dialogues, noise),
    }.items():
        store = tiny_store(tmp_path / name / "store", other)
        folder = train_run(tiny_recipe(), store, tmp_path / name / "run", 1).seed(0)
        expected = weights_of(RunFolder(trained).seed(0).checkpoint)
        assert_same_weights(weights_of(folder.checkpoint), expected)


def test_a_modality_that_the_recipe_leaves_out_changes_nothing(tmp_path):
    """Not even which of the other modalities are hidden in training."""
    recipe = tiny_recipe(epochs=1, modality_dropout=0.5)
    recipe = recipe.model_copy(update={"modalities": ("text", "audio")})
    corpus = tiny_corpus(missing=0.3)
    weights = []
    for name, own in {"all": corpus, "two": only(corpus, "text", "audio")}.items():
        store = tiny_store(tmp_path / name / "store", own)
        folder = train_run(recipe, store, tmp_path / name / "run", 1).seed(0)
        weights.append(weights_of(folder.checkpoint))
    assert_same_weights(*weights)


def test_a_damaged_description_is_told_with_its_remedy(trained, tmp_path):
    shutil.copytree(trained.parent, tmp_path, dirs_exist_ok=True)
    for damage in ('{"name": ', "[]"):
        (tmp_path / "run" / "run.json").write_text(damage)
        message = complaint(tmp_path, recipe=tiny_recipe())
        assert f"{tmp_path / 'run' / 'run.json'}: damaged" in message
        assert f"delete {tmp_path / 'run'}" in message


def test_a_damaged_state_is_told_with_its_remedy(tmp_path):
    store, run = tiny_store(tmp_path / "store"), RunFolder(tmp_path / "run")

    def interrupt(seed: int, epoch: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(tiny_recipe(), store, run.path, 1, save_every_s=0, on_epoch=interrupt)
    state = run.seed(0).state
    state.write_bytes(state.read_bytes()[:5000])
    message = complaint(tmp_path, recipe=tiny_recipe())
    assert message.startswith(f"{state}: damaged")
    assert message.endswith(f"delete {run.seed(0).path} to start this seed again")
    shutil.rmtree(run.seed(0).path)
    train_run(tiny_recipe(), store, run.path, 1)
    assert json.loads(run.seed(0).finished.read_text())["epochs"] == 3


def test_wrong_emotions_are_learned_from_and_never_judged_by(tmp_path):
    store = tiny_store(tmp_path / "store")
    noisy = tiny_recipe(epochs=1, label_noise=0.5)
    for name, recipe in {"plain": ONE_EPOCH, "noisy": noisy}.items():
        train_run(recipe, store, tmp_path / name, 1)
    plain, wrong = (RunFolder(tmp_path / name).seed(0) for name in ("plain", "noisy"))
    learned = weights_of(wrong.checkpoint)
    assert any((t != learned[name]).any() for name, t in weights_of(plain.checkpoint).items())
    valid = batch_of(open_store(store).read().split("valid"))
    logits = predict(EmotionModel.from_pretrained(wrong.checkpoint), valid)
    loss = float(cross_entropy(logits, valid.emotion))
    assert wrong.read_log()[0].valid.loss == pytest.approx(loss)
