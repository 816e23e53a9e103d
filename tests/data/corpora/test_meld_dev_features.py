"""MELD's dev split with published features: joined to its table, and cut into folds."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support import samples

from synctva.data.checks.check import check
from synctva.data.corpora.meld import FACTS
from synctva.data.corpora.meld_dev_features import read_meld_dev_features
from synctva.data.source import kind_of, read_source
from synctva.errors import InputError


def test_features_are_joined_by_dialogue_and_utterance_whatever_their_order(tmp_path):
    corpus = read_meld_dev_features(samples.write_meld_dev(tmp_path))
    assert corpus.name == "meld-dev"
    assert [(d.id, u.turn, u.text) for d, u in corpus.utterances()] == [
        ("dev_dia0", 0, "Well, hello."),
        ("dev_dia0", 2, "What?"),
        ("dev_dia3", 0, "No!"),
        ("dev_dia3", 1, "Never."),
        ("dev_dia5", 0, "Oh."),
    ]
    text, audio = corpus.features["text"], corpus.features["audio"]
    np.testing.assert_array_equal(text.values[:, 0], [6, 3, 0, 9, 0])
    np.testing.assert_array_equal(audio.values[:, 1], [5, 3, 0, 7, 1])
    for features in (text, audio):  # the third has no entry, so its zeros are none
        np.testing.assert_array_equal(features.present, [True, True, False, True, True])
    assert text.fingerprint != audio.fingerprint


def test_the_folder_is_meld_unless_the_kind_is_stated(tmp_path):
    archive = samples.write_meld_dev(tmp_path)
    assert kind_of(archive) == "meld-dev-features"
    assert kind_of(tmp_path) == "meld"
    stated = read_source(tmp_path, "meld-dev-features")
    assert stated.dialogues == read_source(archive).dialogues


def test_each_fold_tests_other_dialogues(tmp_path):
    source = samples.write_meld_dev(tmp_path)
    parts = [read_source(source, fold=(number, 3)) for number in (1, 2, 3)]
    tested = [d.id for part in parts for d in part.dialogues if d.split == "test"]
    assert sorted(tested) == ["dev_dia0", "dev_dia3", "dev_dia5"]


def test_folds_are_for_data_without_published_splits(tmp_path):
    told = "fold goes with meld-dev-features, meld-faces, npz, folder and table, and this is meld"
    with pytest.raises(InputError, match=told):
        read_source(samples.write_meld(tmp_path), fold=(1, 3))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"utterance": np.array([0, 1, 0, 1])}, r"row 2: dia0_utt1 is not in dev_sent_emo\.csv"),
        ({"utterance": np.array([0, 2, 2, 1])}, "row 3: dia0_utt2 stands twice"),
        ({"utterance": np.array([0.0, 2, 0, 1])}, "'utterance' is float64; save whole numbers"),
        ({"audio": np.zeros((3, 2))}, "'audio' has 3 entries, 'text' has 4"),
        ({"audio": np.zeros(4)}, "'audio' is not a table of numbers"),
        ({"text": np.array([[1.0], [np.nan], [2.0], [3.0]])}, "row 2: text holds NaN"),
    ],
)
def test_a_bad_archive_is_told(tmp_path: Path, changes: dict[str, np.ndarray], told: str):
    archive = samples.write_meld_dev(tmp_path)
    np.savez(archive, **{**samples.meld_dev_arrays(), **changes})  # pyright: ignore
    with pytest.raises(InputError, match=rf"dev_features\.npz: .*{told}"):
        read_meld_dev_features(archive)


def test_an_archive_without_its_table_is_told(tmp_path):
    archive = samples.write_meld_dev(tmp_path)
    (tmp_path / "dev_sent_emo.csv").unlink()
    with pytest.raises(InputError, match=r"dev_sent_emo\.csv: no such file; it belongs beside"):
        read_meld_dev_features(archive)


@pytest.mark.corpus
def test_the_real_archive_has_all_of_dev_but_one(corpora):
    corpora = corpora / "meld"
    if not (corpora / "dev_features.npz").is_file():
        pytest.skip(f"no dev_features.npz in {corpora}")
    corpus = read_source(corpora, "meld-dev-features")
    assert corpus.dims == {"text": 768, "audio": 768}
    emotions = Counter(u.emotion for _, u in corpus.utterances())
    assert emotions == FACTS.utterances["valid"]
    pairs = list(corpus.utterances())
    for features in corpus.features.values():
        (missing,) = np.flatnonzero(~features.present)
        assert (pairs[missing][0].id, pairs[missing][1].turn) == ("dev_dia110", 7)
    for number in range(1, 6):
        part = read_source(corpora, "meld-dev-features", fold=(number, 5))
        assert Counter(d.split for d in part.dialogues)["test"] in (22, 23)
        assert not [finding for finding in check(part) if finding.severity == "error"]
