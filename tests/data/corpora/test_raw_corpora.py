"""What the readers of released recordings make of their samples, value by value."""

import json
import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import samples

from synctva.corpus import Corpus
from synctva.data.checks.check import check
from synctva.data.corpora import emodb, meld_raw, ravdess
from synctva.data.corpora.emodb import read_emodb
from synctva.data.corpora.fer2013 import (
    VOTES,
    read_fer2013,
    read_fer2013_faces,
    unpack_fer2013,
)
from synctva.data.corpora.iemocap_release import read_iemocap_release
from synctva.data.corpora.meld import read_meld
from synctva.data.corpora.ravdess import read_ravdess
from synctva.dialogue import Utterance
from synctva.emotions import schema_named
from synctva.errors import InputError


def found(corpus: Corpus, source: Path) -> dict[str, str | None]:
    """Dialogue and turn -> the recording, relative to the source."""
    return {
        f"{d.id} {u.turn}": u.media and Path(u.media).relative_to(source.absolute()).as_posix()
        for d, u in corpus.utterances()
    }


def test_melds_clips_are_found_in_the_folders_of_its_archives(tmp_path):
    corpus = read_meld(samples.write_meld_raw(tmp_path))
    assert found(corpus, tmp_path) == {
        "train_dia0 0": "train/train_splits/dia0_utt0.mp4",
        "train_dia0 2": "train/train_splits/dia0_utt2.mp4",
        "train_dia3 0": "train/train_splits/dia3_utt0.mp4",
        "dev_dia0 0": "dev_splits_complete/dia0_utt0.mp4",
        "dev_dia0 2": "dev_splits_complete/dia0_utt2.mp4",
        "dev_dia3 0": None,
        "test_dia0 0": "test/output_repeated_splits_test/dia0_utt0.mp4",
        "test_dia0 2": None,
        "test_dia3 0": "test/output_repeated_splits_test/dia3_utt0.mp4",
    }


def test_a_meld_clip_is_the_whole_utterance_and_without_clips_times_are_the_episodes(tmp_path):
    clips = read_meld(samples.write_meld_raw(tmp_path / "raw"))
    assert {(u.start_s, u.end_s) for _, u in clips.utterances()} == {(None, None)}
    tables = read_meld(samples.write_meld(tmp_path / "tables"))
    assert tables.dialogues[0].utterances[0] == Utterance(0, "Ada", "Well, hello.", "joy", 1.5, 2.0)


def test_meld_may_have_the_clips_of_one_split_only(tmp_path):
    samples.write_meld(tmp_path)
    samples.put(tmp_path / "MELD.Raw" / "dev" / "dev_splits_complete", "dia3_utt0.mp4")
    corpus = read_meld(tmp_path)
    assert [u.media is not None for _, u in corpus.utterances()] == [
        *[False] * 5,
        True,
        *[False] * 3,
    ]
    assert corpus.dialogues[0].utterances[0].start_s == 1.5
    assert corpus.dialogues[2].utterances[0].start_s is None


def test_clips_of_no_meld_utterance_are_ignored_and_counted(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        read_meld(samples.write_meld_raw(tmp_path))
    (message,) = caplog.messages
    assert "2 clips of no utterance ignored" in message
    assert "final_videos_testdia0_utt2.mp4, dia7_utt1.mp4" in message


def test_utterances_without_a_meld_clip_are_listed(tmp_path):
    findings = check(read_meld(samples.write_meld_raw(tmp_path)))
    told = {f.place: f.message for f in findings if "no recording" in f.message}
    assert told == {
        "valid": "1 utterances have no recording: dev_dia3 turn 0",
        "test": "1 utterances have no recording: test_dia0 turn 2",
    }


def test_melds_corrupt_clip_counts_as_missing_but_not_in_a_generated_corpus(tmp_path):
    samples.put(tmp_path / "train_splits", "dia125_utt3.mp4", "dia125_utt4.mp4")
    clips = meld_raw.find_clips(tmp_path, "train")
    assert clips is not None
    assert list(clips.paths) == [(125, 4)]
    generated = meld_raw.find_clips(tmp_path, "train", corrupt=())
    assert generated is not None
    assert len(generated.paths) == 2


def test_a_generated_corpus_in_melds_layout_is_not_called_meld(tmp_path):
    samples.write_meld(tmp_path)
    origin = {"name": "playhouse", "seed": 3}
    (tmp_path / "playhouse.json").write_text(json.dumps(origin))
    corpus = read_meld(tmp_path)
    assert (corpus.name, corpus.origin) == ("playhouse", origin)


def test_the_encoding_mark_of_the_iemocap_release_does_not_matter(tmp_path):
    corpus = read_iemocap_release(samples.write_iemocap_release(tmp_path))
    for path in tmp_path.glob("Session*/dialog/*/Ses*.txt"):
        lines = path.read_text().lstrip("\n").splitlines(keepends=True)
        first = next(number for number, line in enumerate(lines) if line[0] in "[S")
        path.write_text("".join(lines[first:]), encoding="utf-8-sig")
    assert read_iemocap_release(tmp_path) == corpus


def test_the_iemocap_release_keeps_the_six_emotions_in_the_order_of_time(tmp_path):
    corpus = read_iemocap_release(samples.write_iemocap_release(tmp_path))
    assert corpus.name == "iemocap"
    assert [(d.id, d.split) for d in corpus.dialogues] == [
        ("Ses01F_impro01", "train"),
        ("Ses02M_script01_2", "valid"),
        ("Ses05M_script01_1b", "test"),
    ]
    for dialogue in corpus.dialogues:
        assert [
            (u.turn, u.speaker, u.emotion, u.text, u.start_s, u.end_s) for u in dialogue.utterances
        ] == [
            (0, "F", "neutral", "Well, hello.", 1.25, 3.0),
            (1, "M", "angry", "No: not now!", 3.5, 4.25),
            (2, "F", "happy", "Ha.", 6.0, 7.5),
        ]


def test_iemocap_shows_the_wearer_of_the_markers_on_the_left(tmp_path):
    corpus = read_iemocap_release(samples.write_iemocap_release(tmp_path))
    halves = {d.id: [u.half for u in d.utterances] for d in corpus.dialogues}
    assert halves == {
        "Ses01F_impro01": ["left", "right", "left"],
        "Ses02M_script01_2": ["right", "left", "right"],
        "Ses05M_script01_1b": [None, None, None],  # its movie is not there
    }


def test_iemocap_recordings_that_are_not_there_are_left_out(tmp_path):
    corpus = read_iemocap_release(samples.write_iemocap_release(tmp_path))
    assert found(corpus, tmp_path)["Ses01F_impro01 2"] == (
        "Session1/dialog/avi/DivX/Ses01F_impro01.avi"
    )
    sounds = [Path(u.audio_media).name if u.audio_media else None for _, u in corpus.utterances()]
    assert sounds[:3] == ["Ses01F_impro01_F000.wav", "Ses01F_impro01_M000.wav", None]
    assert {u.media for u in corpus.dialogues[2].utterances} == {None}


def test_ravdess_is_read_from_its_names_songs_left_out(tmp_path):
    corpus = read_ravdess(samples.write_ravdess(tmp_path))
    assert [
        (d.id, d.split, u.speaker, u.emotion, (u.text or "")[:4]) for d, u in corpus.utterances()
    ] == [
        ("01-01-01-01-01-01", "train", "actor_01", "neutral", "Kids"),
        ("01-05-01-02-02-24", "test", "actor_24", "angry", "Dogs"),
        ("01-06-01-02-02-24", "test", "actor_24", "fear", "Dogs"),
        ("01-08-02-02-01-19", "valid", "actor_19", "surprise", "Dogs"),
    ]


def test_a_ravdess_performance_is_seen_in_its_movie_and_heard_in_its_sound(tmp_path):
    utterances = {d.id: u for d, u in read_ravdess(samples.write_ravdess(tmp_path)).utterances()}
    both = utterances["01-05-01-02-02-24"]
    assert (Path(both.media or "").name, Path(both.audio_media or "").name) == (
        "01-01-05-01-02-02-24.mp4",
        "03-01-05-01-02-02-24.wav",
    )
    seen, heard = utterances["01-06-01-02-02-24"], utterances["01-01-01-01-01-01"]
    assert (Path(seen.media or "").name, seen.audio_media) == ("02-01-06-01-02-02-24.mp4", None)
    assert (Path(heard.media or "").name, heard.audio_media) == ("03-01-01-01-01-01-01.wav", None)


def test_emodb_is_read_from_its_names(tmp_path):
    corpus = read_emodb(samples.write_emodb(tmp_path))
    assert [
        (d.id, d.split, u.speaker, u.emotion, (u.text or "-")[:4]) for d, u in corpus.utterances()
    ] == [
        ("03a01Fa", "train", "speaker_03", "happiness", "Der "),
        ("14b10N", "valid", "speaker_14", "neutral", "Die "),
        ("16a05Wb", "test", "speaker_16", "anger", "Das "),
        ("16a99Ea", "test", "speaker_16", "disgust", "-"),
    ]


@pytest.mark.parametrize("corpus", [ravdess, emodb])
def test_official_counts_add_up(corpus):
    assert {s: sum(n.values()) for s, n in corpus.FACTS.utterances.items()} == dict(
        corpus.FACTS.dialogues
    )


def test_fer2013_pictures_are_called_by_split_and_row(tmp_path):
    source = samples.write_fer2013(tmp_path)
    corpus = read_fer2013(source, tmp_path / "pictures")
    assert [(d.id, d.split, u.emotion) for d, u in corpus.utterances()] == [
        ("test_00000", "test", "anger"),
        ("train_00001", "train", "joy"),
        ("train_00002", "train", "neutral"),
        ("valid_00003", "valid", "sadness"),
    ]
    assert found(corpus, tmp_path)["train_00002 0"] == "pictures/train/00002.jpg"
    jpegs = samples.fer2013_columns()["jpeg"]
    assert [Path(u.media or "").read_bytes() for _, u in corpus.utterances()] == jpegs


def test_fer2013_writes_nothing_unless_it_is_told_where(tmp_path):
    source = samples.write_fer2013(tmp_path)
    assert {u.media for _, u in read_fer2013(source.parent).utterances()} == {None}
    assert list(tmp_path.iterdir()) == [source]


def test_fer2013_pictures_in_several_splits_are_counted(tmp_path, caplog):
    samples.write_fer2013(tmp_path)
    read_fer2013(tmp_path)
    assert not caplog.messages
    columns = samples.fer2013_columns()
    columns["jpeg"] = columns["jpeg"][:1] * len(columns["jpeg"])
    pq.write_table(pa.table(columns), tmp_path / "fer2013.parquet")
    read_fer2013(tmp_path)
    (told,) = caplog.messages
    assert "1 pictures stand in several splits" in told


def test_fer2013_is_unpacked_once_and_mended_where_it_was_stopped(tmp_path):
    source, folder = samples.write_fer2013(tmp_path), tmp_path / "pictures"
    paths = unpack_fer2013(source, folder)
    before = [path.stat().st_mtime_ns for path in paths]
    paths[1].write_bytes(b"half")
    paths[2].unlink()
    staged = folder / "train" / f".00002.jpg-{'0' * 16}"
    staged.write_bytes(b"")
    assert unpack_fer2013(source, folder) == paths
    assert [path.read_bytes() for path in paths] == samples.fer2013_columns()["jpeg"]
    assert [path.stat().st_mtime_ns for path in paths][::3] == before[::3]
    assert not staged.exists()


def test_fer2013_faces_are_decoded_in_the_tables_order(tmp_path):
    faces = read_fer2013_faces(samples.write_fer2013(tmp_path))
    assert faces.pixels.mean(axis=(1, 2)).tolist() == pytest.approx([0, 80, 160, 240], abs=2)
    assert faces.splits == ("test", "train", "train", "valid")
    emotions = [schema_named("fer-7").emotions[number] for number in faces.emotions]
    assert emotions == ["anger", "joy", "neutral", "sadness"]
    pixels, numbers, votes = faces.of("train")
    assert not votes.any()  # nobody was asked
    np.testing.assert_array_equal(pixels, faces.pixels[1:3])
    np.testing.assert_array_equal(numbers, faces.emotions[1:3])


def test_fer2013_may_tell_what_ten_people_saw(tmp_path: Path):
    asked = {name: pa.array([n, 0, 10 - n, 1], pa.uint8()) for n, name in enumerate(VOTES)}
    pq.write_table(pa.table(samples.fer2013_columns() | asked), tmp_path / "fer2013.parquet")
    votes = read_fer2013_faces(tmp_path).votes
    assert votes.tolist() == [list(range(10)), [0] * 10, list(range(10, 0, -1)), [1] * 10]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"votes_fear": None}, "votes_fear"),
        ({"votes_NF": pa.array(["a"] * 4)}, r"'votes_NF' holds string; counts are needed"),
        ({"votes_NF": pa.array([1, 2, None, 3])}, r"'votes_NF' holds int64; counts are needed"),
        ({"votes_NF": pa.array([1, 2, -1, 3])}, r"row 3: fewer than 0 votes"),
    ],
)
def test_votes_that_are_none_are_told(tmp_path: Path, change: dict, message: str):
    asked = {name: pa.array([1] * 4) for name in VOTES} | change
    kept = {name: column for name, column in asked.items() if column is not None}
    pq.write_table(pa.table(samples.fer2013_columns() | kept), tmp_path / "fer2013.parquet")
    with pytest.raises(InputError, match=message):
        read_fer2013_faces(tmp_path)


def test_fer2013_splits_may_be_called_otherwise(tmp_path):
    columns = samples.fer2013_columns() | {"split": ["test", "train", "training", "dev"]}
    pq.write_table(pa.table(columns), tmp_path / "fer.parquet")
    corpus = read_fer2013(tmp_path / "fer.parquet")
    assert Counter(d.split for d in corpus.dialogues) == {"train": 2, "valid": 1, "test": 1}
