"""MELD with its own voices and faces, and IEMOCAP with all its turns."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support import samples

from synctva.batch import batch_of
from synctva.data.checks.check import check
from synctva.data.corpora.iemocap_turns import read_iemocap_turns
from synctva.data.corpora.meld_faces import read_meld_faces
from synctva.data.corpora.meld_voices import read_meld_voices
from synctva.data.source import read_source
from synctva.errors import InputError


def test_voices_are_joined_by_split_dialogue_and_utterance_whatever_their_order(tmp_path):
    corpus = read_meld_voices(samples.write_meld_voices(tmp_path))
    assert [d.id for d in corpus.dialogues if d.split == "valid"] == ["dev_dia0", "dev_dia3"]
    audio = corpus.features["audio"]
    np.testing.assert_array_equal(audio.values[:, 0], [48, 56, 40, 8, 0, 24, 32, 0, 0])
    missing = [
        (d.id, u.turn)
        for (d, u), yes in zip(corpus.utterances(), audio.present, strict=True)
        if not yes
    ]
    assert missing == [("dev_dia0", 2), ("test_dia3", 0)]
    assert corpus.dims == {"audio": 8}  # no face of the training split is known


def test_what_was_not_measured_is_the_training_mean_and_is_told(tmp_path):
    corpus = read_meld_voices(samples.write_meld_voices(tmp_path))
    audio = corpus.features["audio"]
    assert audio.values[0, 3] == (43 + 59) / 2  # of the two other training utterances
    assert audio.flags == ("no_avg_pitch", *[""] * 8)
    assert "flag no_avg_pitch in 1 utterances" in [finding.message for finding in check(corpus)]


def test_faces_are_learnt_from_dev_and_tested_on_test(tmp_path):
    corpus = read_meld_faces(samples.write_meld_voices(tmp_path))
    assert {
        d.split: {e.id.split("_")[0] for e in corpus.split(d.split).dialogues}
        for d in corpus.dialogues
    } == {
        "train": {"dev"},
        "valid": {"dev"},
        "test": {"test"},
    }
    visual = corpus.features["visual"]
    found = {
        (d.id, u.turn)
        for (d, u), yes in zip(corpus.utterances(), visual.present, strict=True)
        if yes
    }
    assert found == {("dev_dia0", 0), ("dev_dia0", 2), ("test_dia0", 0), ("test_dia0", 2)}


def test_folds_of_faces_leave_test_alone(tmp_path):
    source = samples.write_meld_voices(tmp_path)
    with (tmp_path / "dev_sent_emo.csv").open("a", encoding="utf-8") as file:
        file.write('4,"Never.",Bob,sadness,negative,7,0,1,1,"01:00:02,000","01:00:03,000"\n')
    folds = [read_source(source, "meld-faces", fold=(number, 3)) for number in (1, 2, 3)]
    tested = Counter(d.id for fold in folds for d in fold.dialogues if d.split == "test")
    assert tested == {"dev_dia0": 1, "dev_dia3": 1, "dev_dia7": 1}
    assert all(len(fold.dialogues) == 3 for fold in folds)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"utterance": [1, 0, 2, 0, 0, 0, 0, 2]}, r"row 1: dia0_utt1 is not in test_sent_emo\.csv"),
        ({"dialogue": [0, 0, 0, 0, 0, 3, 0, 0]}, "row 4: dia0_utt0 stands twice"),
        ({"speaker": ["Bob", "Eve"] + ["Ada"] * 6}, "row 2: 'Eve' speaks here, and 'Ada' in dev"),
        ({"split": ["devel"] * 8}, "array 'split': unknown split 'devel'"),
        ({"audio_names": ["pitch"] * 8}, "array 'audio_names' is not duration"),
        ({"audio": [[np.inf] * 8] * 8}, "row 1: audio holds infinity"),
        ({"audio": [[1.0] * 7] * 8}, "array 'audio' has 7 columns, and 8 names"),
        ({"visual": [[1.0, np.nan]] * 8}, "row 1: visual has some numbers NaN"),
    ],
)
def test_an_archive_of_another_numbering_is_refused(tmp_path, changes: dict, told: str):
    path = samples.write_meld_voices(tmp_path)
    arrays = samples.meld_voices_arrays() | {name: np.array(x) for name, x in changes.items()}
    np.savez(path, **arrays)  # pyright: ignore
    with pytest.raises(InputError, match=told) as error:
        read_meld_faces(path)
    assert str(error.value).startswith(f"{path}: ")


def test_the_tables_belong_beside_the_archive(tmp_path):
    path = samples.write_meld_voices(tmp_path)
    (tmp_path / "test_sent_emo.csv").unlink()
    with pytest.raises(InputError, match=r"test_sent_emo\.csv: no such file; it belongs beside"):
        read_meld_voices(path)


def test_all_turns_stand_in_the_order_of_time_and_some_are_context_alone(tmp_path):
    corpus = read_iemocap_turns(samples.write_iemocap_turns(tmp_path))
    first = corpus.dialogues[0]
    assert [u.text for u in first.utterances] == ["Hello.", "Hm.", "Enough.", "What?"]
    assert [u.emotion for u in first.utterances] == ["neutral", None, "frustrated", None]
    assert [u.turn for u in first.utterances] == [0, 1, 2, 3]
    train = batch_of(corpus.split("train"))
    assert train.emotion.tolist() == [2, -1, 5, -1]
    assert train.present[:, 1].all()


def test_gaps_and_overlaps_are_those_of_the_true_times(tmp_path):
    corpus = read_iemocap_turns(samples.write_iemocap_turns(tmp_path))
    gap_s, overlap_s = corpus.features["audio"].values[:4, 8:].T
    np.testing.assert_allclose(gap_s, [0, 0, 1, 0])
    np.testing.assert_allclose(overlap_s, [0, 0.5, 0, 1])


def test_a_gap_is_to_the_last_of_all_that_ended_before(tmp_path):
    path = samples.write_iemocap_turns(tmp_path)
    path.write_text(path.read_text().replace("Hello.,1,3", "Hello.,1,9"), encoding="utf-8")
    overlap_s = read_iemocap_turns(path).features["audio"].values[:4, 9]
    np.testing.assert_allclose(overlap_s, [0, 6.5, 3, 2.5])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("xxx", "bored", "line 4: unknown emotion 'bored': the table's codes are hap"),
        ("Hm.,2.5", "Hm.,", "line 4: start, end or mode is empty"),
        ("Hm.,2.5,5", "Hm.,2.5,2", "line 4: turn 1: it ends at 2.0 s, before its start"),
        ("Hm.,2.5", "Hm.,soon", "line 4: start 'soon' is not a number"),
        ("1.5,1.5,1.5,100", "1.5,1.5,nan,100", "line 4: intensity_variation is 'nan'; empty it"),
        ("train,xxx", "trian,xxx", "line 4: unknown split 'trian'"),
    ],
)
def test_a_bad_turn_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str):
    path = samples.write_iemocap_turns(tmp_path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=told) as error:
        read_iemocap_turns(path)
    assert str(error.value).startswith(f"{path}: ")
