"""What an evaluation tells, what it leaves, and what it refuses."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.special import softmax
from sklearn.metrics import f1_score
from support.tiny import only, tiny_corpus, tiny_recipe, tiny_store

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import MODALITIES, schema_named
from synctva.errors import InputError
from synctva.evaluation.prediction import predict
from synctva.evaluation.prediction_files import read_counts
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.evaluation.reliability import calibration_findings
from synctva.evaluation.robustness import missing_rate_scores
from synctva.files import file_sha256
from synctva.inference.predictions import probabilities_of
from synctva.model.confidence import Calibration, Confidence
from synctva.model.emotion_model import EmotionModel
from synctva.recipe import with_settings
from synctva.run.evaluation import EvaluatedStore
from synctva.run.folder import RunFolder
from synctva.run.words import SCORES
from synctva.training.run import train_run


def test_the_evaluation_has_the_promised_shape(run):
    result = evaluate(load_evaluated(run))
    emotions = schema_named("meld-7").emotions
    for split in ("test", "valid"):
        assert tuple(getattr(result, split).f1) == emotions
        single = [getattr(getattr(result, split), name) for name in SCORES]
        for estimate in (*single, *getattr(result, split).f1.values()):
            low, high = estimate.interval
            assert 0 <= low <= estimate.mean <= high <= 1
            assert estimate.sd >= 0
    assert result.seeds == 2
    model = EmotionModel.from_pretrained(run / "seed-0" / "checkpoint")
    assert result.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert result.seconds_per_epoch > 0


def test_what_is_told_is_what_is_written_and_is_pure_json(run):
    result = evaluate(load_evaluated(run))
    text = (run / "evaluation.json").read_text()
    told = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    assert told == json.loads(json.dumps(result.as_json()))
    assert RunFolder(run).evaluation.read() == result


def test_an_evaluation_is_the_same_again(run):
    assert evaluate(load_evaluated(run)) == evaluate(load_evaluated(run))


def test_each_seed_is_told_beside_the_mean(run):
    result = evaluate(load_evaluated(run))
    assert [seed.seed for seed in result.per_seed] == [0, 1]
    own = [seed.test.weighted_f1 for seed in result.per_seed]
    assert result.test.weighted_f1.mean == pytest.approx(np.mean(own))
    assert result.test.weighted_f1.sd == pytest.approx(np.std(own, ddof=1))
    finished = [RunFolder(run).seed(n).read_finished() for n in (0, 1)]
    assert [seed.best_epoch for seed in result.per_seed] == [f.best_epoch for f in finished]


def test_the_valid_score_is_the_one_that_chose_the_epoch(run):
    result = evaluate(load_evaluated(run))
    for number, seed in enumerate(result.per_seed):
        log = RunFolder(run).seed(number).read_log()
        chosen = log[seed.best_epoch].valid
        for score in ("weighted_f1", "macro_f1", "accuracy"):
            assert getattr(seed.valid, score) == pytest.approx(getattr(chosen, score))


def test_predictions_are_a_table_that_gives_the_scores_again(run):
    result = evaluate(load_evaluated(run))
    corpus = tiny_corpus().split("test")
    table = pq.read_table(run / "seed-1" / "predictions-test.parquet").to_pydict()
    spoken = list(corpus.utterances())
    assert table["dialogue"] == [dialogue.id for dialogue, _ in spoken]
    for name in ("turn", "speaker", "emotion"):
        assert table[name] == [getattr(utterance, name) for _, utterance in spoken]
    probabilities = np.array(table["probabilities"])
    assert probabilities.sum(1) == pytest.approx(np.ones(len(spoken)), abs=1e-5)
    emotions = corpus.schema.emotions
    assert table["predicted"] == [emotions[number] for number in probabilities.argmax(1)]
    score = f1_score(table["emotion"], table["predicted"], average="weighted", zero_division=0)
    assert result.per_seed[1].test.weighted_f1 == pytest.approx(score)
    ids, counts = read_counts(RunFolder(run).evaluation, "test")
    assert ids == tuple(dialogue.id for dialogue in corpus.dialogues)
    assert tuple(map(tuple, counts.sum((0, 1)).tolist())) == result.confusion["test"]


def test_probabilities_are_calibrated_with_the_temperature_of_the_checkpoint(run):
    loaded = load_evaluated(run)
    model, read = loaded.models[0], []
    for temperature in (1.0, 2.0):
        model.provenance = replace(model.provenance, temperature=temperature)
        evaluate(loaded)
        table = pq.read_table(run / "seed-0" / "predictions-test.parquet")
        read.append(np.array(table["probabilities"].to_pylist()))
    softer = np.sqrt(read[0])
    assert np.allclose(read[1], softer / softer.sum(1, keepdims=True), atol=1e-5)


def test_probabilities_are_those_that_predict_gives_for_every_set_of_modalities(run):
    loaded = load_evaluated(run)
    model, batch = loaded.models[0], loaded.batches["test"]
    sets = {"text": 0.3, "text+audio": 3.0, "audio+visual": 0.7}
    known = Confidence({name: Calibration(1 / one) for name, one in sets.items()})
    model.provenance = replace(model.provenance, temperature=2.0, confidence=known)
    evaluate(loaded)
    table = pq.read_table(run / "seed-0" / "predictions-test.parquet")
    assert np.allclose(table["probabilities"].to_pylist(), probabilities_of(model, batch))
    names = ["+".join(np.array(MODALITIES)[row]) for row in batch.present.numpy()]
    scale = np.array([[sets.get(name, 2.0)] for name in names])
    expected = softmax(predict(model, batch).numpy() / scale, axis=1)
    assert np.allclose(table["probabilities"].to_pylist(), expected)
    ece = calibration_findings(loaded).ece.after.mean
    assert ece == loaded.place.read().test.ece.mean


def test_one_seed_has_no_sd(run):
    shutil.rmtree(run / "seed-1")
    result = evaluate(load_evaluated(run))
    assert result.seeds == 1
    assert result.test.weighted_f1.sd is None


def test_what_was_found_earlier_stays_while_weights_and_store_are_the_same(run):
    found = evaluate(load_evaluated(run), ["subsets"])
    assert found.subsets is not None
    again = evaluate(load_evaluated(run), ["imbalance"])
    assert again.subsets == found.subsets
    assert again.imbalance is not None
    plain = evaluate(load_evaluated(run))
    assert (plain, RunFolder(run).evaluation.read()) == (again, again)


def test_what_was_found_of_other_weights_goes(run):
    evaluate(load_evaluated(run), ["subsets"])
    first, second = (run / f"seed-{n}" / "checkpoint" / "model.safetensors" for n in (0, 1))
    first.write_bytes(second.read_bytes())
    assert evaluate(load_evaluated(run)).subsets is None


def test_what_an_older_evaluation_found_stays_if_the_scores_are_the_same(run):
    found = evaluate(load_evaluated(run), ["subsets"])
    place = RunFolder(run).evaluation
    place.write(replace(found, store=None, weights={}))  # as they were written before
    assert evaluate(load_evaluated(run)) == found
    scores = replace(found.per_seed[0], test=replace(found.per_seed[0].test, uar=0.123))
    place.write(replace(found, store=None, weights={}, per_seed=(scores, found.per_seed[1])))
    assert evaluate(load_evaluated(run)).subsets is None


def test_evaluations_on_several_stores_stand_side_by_side(tmp_path, run):
    own = evaluate(load_evaluated(run), ["subsets"])
    kept = {path: path.read_bytes() for path in run.rglob("predictions-*")}
    found = {}
    for name, dialogues in (("one", (12, 6, 7)), ("two", (12, 6, 8))):
        corpus = replace(tiny_corpus(dialogues), name=name)
        found[name] = evaluate(load_evaluated(run, tiny_store(tmp_path / name, corpus)))
        assert found[name].store == EvaluatedStore(
            name,
            str(tmp_path / name),
            file_sha256(tmp_path / name / "manifest.json"),
            is_own=False,
        )
    assert own.store is not None
    assert (own.store.path, own.store.is_own) == (RunFolder(run).describe().store, True)
    places = RunFolder(run).evaluations()
    assert [place.read() for place in places] == [own, found["one"], found["two"]]
    assert {path: path.read_bytes() for path in kept} == kept
    lengths = [read_counts(place, "test")[1].shape[1] for place in places]
    assert lengths == [6, 7, 8]


def test_the_own_store_is_known_wherever_it_lies_now(tmp_path, run):
    moved = shutil.copytree(run.parent / "store", tmp_path / "moved")
    loaded = load_evaluated(run, moved)
    assert loaded.place == RunFolder(run).evaluation
    assert (loaded.store.path, loaded.store.is_own) == (str(moved), True)


def test_turns_may_be_of_any_number(tmp_path):
    corpus = each_utterance(tiny_corpus(), lambda u: replace(u, turn=u.turn + 2**40))
    store = tiny_store(tmp_path / "store", corpus)
    run = train_run(tiny_recipe(epochs=1), store, tmp_path / "run", 1)
    evaluate(load_evaluated(run.path))
    turns = pq.read_table(run.evaluation.predictions(0, "test"))["turn"].to_pylist()
    assert min(turns) == 2**40


def test_some_unlabelled_utterances_are_predicted_but_not_scored(tmp_path, run):
    corpus = each_utterance(tiny_corpus(), lambda u: replace(u, emotion=None) if u.turn % 2 else u)
    other = load_evaluated(run, tiny_store(tmp_path / "other", corpus))
    result = evaluate(other)
    labelled = sum(u.emotion is not None for _, u in corpus.split("test").utterances())
    assert np.sum(result.confusion["test"]) == 2 * labelled
    table = pq.read_table(other.place.predictions(0, "test"))
    assert len(table) == len(corpus.split("test")) > labelled


@pytest.mark.parametrize("kept", [("text",), ("audio", "visual")], ids="+".join)
def test_a_store_may_lack_modalities_that_the_model_knows(tmp_path: Path, run: Path, kept: tuple):
    bare = tiny_store(tmp_path / "bare", only(tiny_corpus(), *kept))
    result = evaluate(load_evaluated(run, bare))
    corpus = tiny_corpus()
    hidden = {
        m: f if m in kept else Features(0 * f.values, 0 * f.present > 0, f.description)
        for m, f in corpus.features.items()
    }
    missing = Corpus(corpus.name, corpus.schema, corpus.dialogues, hidden)
    expected = evaluate(load_evaluated(run, tiny_store(tmp_path / "missing", missing)))
    assert result.test == expected.test


def test_a_test_without_any_modality_is_scored_all_the_same(tmp_path, run):
    store = tiny_store(tmp_path / "none", tiny_corpus(missing=1.0))
    score = evaluate(load_evaluated(run, store)).test.weighted_f1.mean
    assert math.isfinite(score)


@pytest.mark.parametrize("other", ["train", "valid"])
def test_what_a_run_has_seen_is_no_test(tmp_path, run, other):
    corpus = tiny_corpus()
    swap = {other: "test", "test": other}
    dialogues = [replace(d, split=swap.get(d.split, d.split)) for d in corpus.dialogues]
    swapped = replace(corpus, dialogues=tuple(dialogues))
    message = complaint(run, tiny_store(tmp_path / "swapped", swapped))
    first = next(d.id for d in swapped.dialogues if d.split == "test")
    assert f"its split 'test' has dialogue {first!r}, which {run} learnt from or chose" in message
    named = replace(swapped, name="other")
    evaluate(load_evaluated(run, tiny_store(tmp_path / "named", named)))  # its ids are its own


def test_a_damaged_list_of_what_was_seen_is_told(run):
    (run / "seen.npy").write_bytes(b"no array")
    assert f"{run / 'seen.npy'}: damaged" in complaint(run)
    (run / "seen.npy").unlink()  # a run of before there were such
    load_evaluated(run)


def test_what_a_model_does_not_read_is_not_there(tmp_path):
    store = tiny_store(tmp_path / "store")
    recipe = with_settings(tiny_recipe(epochs=1), ("modalities=['text']",))
    run = train_run(recipe, store, tmp_path / "run", 1).path
    bare = tiny_store(tmp_path / "bare", only(tiny_corpus(), "text"))
    whole, alone = (load_evaluated(run, path) for path in (store, bare))
    for keep_one in (False, True):
        found = missing_rate_scores(whole, keep_one=keep_one)
        draws = missing_rate_scores(alone, keep_one=keep_one)
        assert found == draws
    assert found[0.7] == found[0.0]  # where one is kept, the only one is


def each_utterance(corpus: Corpus, change: Callable[[Utterance], Utterance]) -> Corpus:
    dialogues = tuple(
        Dialogue(d.id, d.split, tuple(change(u) for u in d.utterances)) for d in corpus.dialogues
    )
    return Corpus(corpus.name, corpus.schema, dialogues, corpus.features)


def complaint(run: Path, store: Path | None = None) -> str:
    """Returns why a run is not evaluated; nothing may be written then."""
    before = sorted(run.rglob("*"))
    with pytest.raises(InputError) as caught:
        load_evaluated(run, store)
    assert sorted(run.rglob("*")) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_features_of_another_extractor_are_refused(tmp_path, run):
    corpus = tiny_corpus()
    audio = corpus.features["audio"]
    other = {**corpus.features, "audio": replace(audio, description=Description("opensmile"))}
    store = tiny_store(
        tmp_path / "other", Corpus(corpus.name, corpus.schema, corpus.dialogues, other)
    )
    message = complaint(run, store)
    assert message.startswith(f"{store}: its audio features (")
    assert "are not of the extractor that the checkpoint was trained on" in message
    assert "extract them again with that one" in message


def test_other_emotions_are_refused(tmp_path, run):
    corpus = each_utterance(tiny_corpus(), lambda u: replace(u, emotion="neutral"))
    corpus = Corpus(
        corpus.name, schema_named("meld-sentiment-3"), corpus.dialogues, corpus.features
    )
    message = complaint(run, tiny_store(tmp_path / "other", corpus))
    assert "its emotions (neutral, positive, negative) are not those of" in message


@pytest.mark.parametrize("split", ["valid", "test"])
def test_an_empty_or_unlabelled_split_is_told(tmp_path: Path, run: Path, split: str):
    corpus = tiny_corpus()
    empty = corpus.select(d.id for d in corpus.dialogues if d.split != split)
    unlabelled = Corpus(
        corpus.name,
        corpus.schema,
        tuple(
            Dialogue(d.id, d.split, tuple(replace(u, emotion=None) for u in d.utterances))
            if d.split == split
            else d
            for d in corpus.dialogues
        ),
        corpus.features,
    )
    for name, other in {"empty": empty, "unlabelled": unlabelled}.items():
        message = complaint(run, tiny_store(tmp_path / name, other))
        assert f"{tmp_path / name}: the split {split!r} is empty or unlabelled" in message
        assert "import the corpus again" in message


def test_a_run_without_a_finished_seed_is_told(run):
    for number in (0, 1):
        (run / f"seed-{number}" / "finished.json").unlink()
    assert complaint(run) == f"{run}: no seed is finished; run the same `synctva train` again"
    with pytest.raises(InputError, match="no seed is finished"):
        read_counts(RunFolder(run).evaluation, "test")


def test_what_is_no_run_or_has_lost_its_store_is_told(tmp_path, run):
    assert "no run here (no run.json)" in complaint(tmp_path / "none")
    description = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**description, "store": str(tmp_path / "gone")}))
    assert f"{tmp_path / 'gone'}: no feature store here" in complaint(run)


def test_damaged_weights_are_told(run):
    weights = run / "seed-0" / "checkpoint" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:200])
    assert complaint(run).startswith(f"{weights}: damaged weights")
