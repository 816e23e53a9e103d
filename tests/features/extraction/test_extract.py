"""Extraction: each vector once, by any number of processes, through kills and bad files."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.tones import content, corpus_of, write_tone

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import SCHEMAS
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.extraction.fill import amount, fill, share_named
from synctva.features.extraction.verify import verify
from synctva.features.preset import AudioChoice, Preset
from synctva.features.store import FeatureStore, open_store, write_store

SOUND = Preset(modalities=("audio",))
BOTH = Preset(modalities=("text", "audio"))
TEXT = Preset(modalities=("text",))
NORMALISED = Preset(modalities=("audio",), audio=AudioChoice(normalise="corpus"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen tones, a file that is none, and an empty one."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(16):
        write_tone(folder / f"{number}.wav", 0.4 + 0.02 * number, 150 + 20 * number)
    (folder / "text.wav").write_text("these are words")
    (folder / "empty.wav").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def tones(clips: Path) -> Corpus:
    """Sixteen good utterances."""
    return corpus_of([f"{n}.wav" for n in range(16)], clips)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """One that the tests of this file share."""
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def extracted(tones: Corpus, cache: Cache, tmp_path_factory: pytest.TempPathFactory):
    """The tones' store, extracted by one process."""
    store = write_store(tones, tmp_path_factory.mktemp("stores") / "tones")
    filled = extract(store, BOTH, cache)
    assert filled.computed == 32
    return open_store(store.path)


def test_every_utterance_gets_its_features(extracted: FeatureStore):
    corpus = extracted.read()
    assert corpus.dims == {"text": 384, "audio": 88}
    assert corpus.features["audio"].present.all()
    pitch = corpus.features["audio"].values[:, 0]
    assert (np.diff(pitch) > 0).all()  # the tones are higher and higher
    assert json.loads((extracted.path / "manifest.json").read_text())["modalities"]["audio"][
        "description"
    ]["version"].startswith("opensmile")


def test_nothing_is_computed_twice_in_whatever_store(
    tones: Corpus, cache: Cache, extracted: FeatureStore, tmp_path: Path
):
    again = write_store(tones, tmp_path / "again")
    assert extract(again, BOTH, cache, workers=2).computed == 0
    assert content(again) == content(extracted)
    fewer = tones.select(["d3", "d5"])
    moved = write_store(replace(fewer, name="fewer"), tmp_path / "fewer")
    assert extract(moved, SOUND, cache).computed == 0
    wanted = extracted.read().select(["d3", "d5"]).features["audio"].values
    np.testing.assert_array_equal(open_store(moved.path).read().features["audio"].values, wanted)


def test_jobs_of_an_array_share_the_work(tones: Corpus, extracted: FeatureStore, tmp_path: Path):
    store, cache = write_store(tones, tmp_path / "store"), Cache(tmp_path / "cache")
    shares = [fill(store, SOUND, cache, shard=(i, 3)).computed for i in (1, 2, 3)]
    assert shares == [6, 6, 4]
    assert [amount(store, SOUND, (i, 3)) for i in (1, 2, 3)] == shares
    assert extract(store, SOUND, cache).computed == 0
    found = open_store(store.path).read().features["audio"].values
    np.testing.assert_array_equal(found, extracted.read().features["audio"].values)


@pytest.mark.parametrize(("modality", "preset"), [("audio", SOUND), ("text", TEXT)])
def test_features_that_only_some_could_get_in_place_of_their_own_are_refused(
    clips: Path, tmp_path: Path, modality: str, preset: Preset
):
    corpus = corpus_of(["1.wav", None], clips)
    spoken, silent = corpus.dialogues[0].utterances
    dialogue = replace(corpus.dialogues[0], utterances=(spoken, replace(silent, text=" ")))
    own = Features(np.eye(2, dtype=np.float32), np.ones(2, np.bool_), Description("own"))
    path, cache = tmp_path / "store", Cache(tmp_path / "cache")
    store = write_store(replace(corpus, dialogues=(dialogue,), features={modality: own}), path)
    before = content(store)
    told = (
        rf"dialogue 'd0' turn 1 would lose its {modality} features \(1 in all .* --set modalities="
    )
    with pytest.raises(InputError, match=told):
        extract(store, preset, cache)
    assert content(store) == before
    one = np.array([[1, 0], [0, 0]], np.float32)
    own = Features(one, np.array([True, False]), Description("own"))
    mended = replace(corpus, dialogues=(dialogue,), features={modality: own})
    extract(write_store(mended, path, overwrite=True), preset, cache)
    assert open_store(path).features[modality].maker != "own"


def test_bad_recordings_cost_their_own_modality_and_are_listed(
    clips: Path, cache: Cache, tmp_path: Path
):
    files = ["1.wav", "text.wav", "empty.wav", "2.wav", "nowhere.wav", None]
    store = write_store(corpus_of(files, clips), tmp_path / "store")
    steps, told = amount(store, BOTH), []
    filled = extract(store, BOTH, cache, advance=told.append)
    assert sum(told) == steps == 11
    failed = {(failure.dialogue, failure.turn): failure.reason for failure in filled.failures}
    assert set(failed) == {("d0", 1), ("d1", 0), ("d2", 0)}
    assert "text.wav" in failed["d0", 1]
    assert "empty" in failed["d1", 0]
    assert "nowhere.wav" in failed["d2", 0]
    corpus = open_store(store.path).read()
    assert corpus.features["text"].present.all()
    assert corpus.features["audio"].present.tolist() == [True, False, False, True, False, False]
    assert corpus.features["audio"].flags == ("", "failed", "failed", "", "failed", "")
    with (store.path / "failures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["reason"] for row in rows] == list(failed.values())


def test_the_list_of_failures_goes_when_they_are_mended(clips: Path, cache: Cache, tmp_path: Path):
    shutil.copy(clips / "text.wav", tmp_path / "mine.wav")
    corpus = corpus_of(["1.wav", str(tmp_path / "mine.wav")], clips)
    store = write_store(corpus, tmp_path / "store")
    assert len(extract(store, SOUND, cache).failures) == 1
    shutil.copy(clips / "3.wav", tmp_path / "mine.wav")
    assert extract(open_store(store.path), SOUND, cache).failures == []
    assert not (store.path / "failures.csv").exists()
    assert open_store(store.path).read().features["audio"].present.all()


def test_a_modality_without_recordings_stays_as_it_is(cache: Cache, tmp_path: Path, clips: Path):
    corpus = corpus_of([None, None, None, None], clips)
    store = write_store(corpus, tmp_path / "store")
    filled = extract(store, BOTH, cache)
    assert list(filled.descriptions) == ["text"]
    assert open_store(store.path).read().dims == {"text": 384}


def test_text_features_without_words_stay_as_they_are(cache: Cache, tmp_path: Path, clips: Path):
    """They are somebody's own: those of no words would replace them by nothing."""
    corpus = corpus_of([None, None, None, None], clips)
    silent = tuple(
        replace(d, utterances=tuple(replace(u, text="") for u in d.utterances))
        for d in corpus.dialogues
    )
    own = Features(np.ones((4, 3), np.float32), np.ones(4, np.bool_), Description("own"))
    kept = replace(corpus, dialogues=silent).with_features("text", own)
    store = write_store(kept, tmp_path / "store")
    assert amount(store, BOTH) == 0
    assert extract(store, BOTH, cache).descriptions == {}
    assert open_store(store.path).read().features["text"].values.tolist() == own.values.tolist()


def test_words_in_another_language_are_flagged_and_counted(
    cache: Cache, tmp_path: Path, clips: Path
):
    corpus = corpus_of([None, None], clips)
    turns = corpus.dialogues[0].utterances
    foreign = replace(turns[1], text="Das habe ich dir doch schon gestern gesagt.")
    dialogue = replace(corpus.dialogues[0], utterances=(turns[0], foreign))
    store = write_store(replace(corpus, dialogues=(dialogue,)), tmp_path / "store")
    extract(store, TEXT, cache)
    found = open_store(store.path).read().features["text"]
    assert found.flags == ("", "other_language")
    assert found.present.all()
    counted = json.loads((store.path / "manifest.json").read_text())["modalities"]["text"]["flags"]
    assert counted == {"other_language": 1}


def test_an_utterances_own_audio_goes_before_that_of_its_recording(
    clips: Path, cache: Cache, extracted: FeatureStore, tmp_path: Path
):
    utterance = Utterance(
        0, "A", media=str(clips / "1.wav"), start_s=0.1, end_s=0.3, audio_media=str(clips / "0.wav")
    )
    corpus = Corpus("own", SCHEMAS["meld-7"], (Dialogue("d", "train", (utterance,)),))
    store = write_store(corpus, tmp_path / "store")
    extract(store, SOUND, cache)
    found = open_store(store.path).read().features["audio"].values
    np.testing.assert_array_equal(found, extracted.read().features["audio"].values[:1])


def test_a_sample_computed_again_tells_whether_the_store_is_true(
    extracted: FeatureStore, tmp_path: Path
):
    agreed = verify(extracted, sample=6)
    assert [(one.modality, one.agrees) for one in agreed] == [("text", True), ("audio", True)]
    assert all(one.utterances == 6 for one in agreed)
    corpus = extracted.read()
    features = corpus.features["audio"]
    spread = features.values.std(0)
    features.values[:] += 0.01 * spread
    false = write_store(corpus, tmp_path / "false")
    assert [one.agrees for one in verify(false, sample=6)] == [True, False]
    manifest = json.loads((false.path / "manifest.json").read_text())
    manifest["modalities"]["audio"]["description"]["weights"] = "0" * 64
    (false.path / "manifest.json").write_text(json.dumps(manifest))
    told = verify(open_store(false.path), sample=2)[1]
    assert told.changed == ("opensmile egemaps has other weights or settings here",)


def test_features_that_came_with_a_corpus_cannot_be_verified(tones: Corpus, tmp_path: Path):
    own = Features(np.eye(16, dtype=np.float32), np.ones(16, np.bool_), Description("own"))
    store = write_store(tones.with_features("audio", own), tmp_path / "store")
    with pytest.raises(InputError, match="none of its features were extracted here"):
        verify(store)


def test_normalised_audio_has_its_statistics_in_the_store(
    tones: Corpus, cache: Cache, tmp_path: Path
):
    store = write_store(tones, tmp_path / "store")
    extract(store, NORMALISED, cache)
    opened = open_store(store.path)
    train = opened.read().split("train").features["audio"].values
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-4)
    assert opened.features["audio"].normalised_by == "corpus"
    assert (store.path / "audio-standardisation.parquet").is_file()
    assert verify(opened, sample=4)[0].agrees


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_very_store(
    tones: Corpus, extracted: FeatureStore, tmp_path: Path
):
    store = write_store(tones, tmp_path / "store")
    environment = {**os.environ, "SYNCTVA_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "synctva", "features", str(store.path)]
    command += ["--set", "modalities=text,audio", "--workers", "2"]
    chance = random.Random(1)
    for _ in range(int(os.environ.get("SYNCTVA_KILLS", "2"))):
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(1, 9))
            process.send_signal(signal.SIGKILL)
        assert process.returncode in (0, -signal.SIGKILL)
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    assert content(open_store(store.path)) == content(extracted)


@pytest.mark.parametrize("shard", ["", "3", "0/2", "3/2", "1/0", "a/b", "-1/2", "1/2/3"])
def test_a_shard_that_is_none_is_refused(shard: str):
    with pytest.raises(InputError, match=r"write i/n"):
        share_named(shard)
