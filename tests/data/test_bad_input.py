"""Bad input: one line that names the file, the place in it and the remedy."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import samples

from synctva.data.corpora.emodb import read_emodb
from synctva.data.corpora.fer2013 import read_fer2013, read_fer2013_faces
from synctva.data.corpora.iemocap import read_iemocap
from synctva.data.corpora.iemocap_release import read_iemocap_release
from synctva.data.corpora.meld import read_meld
from synctva.data.corpora.mosi import read_mosi
from synctva.data.corpora.ravdess import read_ravdess
from synctva.data.own.arrays import read_arrays
from synctva.data.own.table import read_table
from synctva.data.source import KINDS, read_source
from synctva.errors import InputError


def complaint(read: Callable[[Path], object], path: Path) -> str:
    """Returns the message, which is one line and names the file."""
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("dialogue,turn", "dialoge,turn", ["'dialogue' is missing", "Did you mean 'dialoge'?"]),
        ("speaker,split", "split,split", ["line 1", "'split' stands twice"]),
        ("speaker,split", "split,SPLIT ", ["'split' and 'SPLIT' differ only in capitals"]),
        ("turn,speaker,split", "turn,speaker,Splits", ["column 'Splits' is not known", "'split'"]),
        ("turn,speaker", "turn,", ["line 1", "column 3 has no name"]),
        ("x,test,good", "x,test,goood", []),
        ("c,0,x,test", "c,zero,x,test", ["line 6", "turn 'zero' is not a whole number"]),
        ("c,0,x,test", "c,,x,test", ["line 6", "turn is empty"]),
        ("c,0,x,test", "c,-1,x,test", ["line 6", "numbered from 0"]),
        ("c,0,x,test", f"c,{10**19},x,test", ["line 6", "too large; number turns from 0"]),
        ("c,0,x,test", f"c,{10**400}.0,x,test", ["line 6", "is not a whole number"]),
        ("c,0,x,test", ",0,x,test", ["line 6", "the dialogue is empty"]),
        ("c,0,x,test", "c,0,x,tset", ["line 6", "unknown split 'tset'", "'test'?"]),
        ("c,0,x,test", "c,0,x,", ["line 6", "the split is empty"]),
        ("a,0,x,train", "a,0,x,test", ["line 4", "two splits", "line 2"]),
        ("a,0,x,train", "a ,0,x,test", ["line 4", "'a' is in two splits", "line 2"]),
        ("c,0,x,test", " ,0,x,test", ["line 6", "the dialogue is empty"]),
        ("a,0,x,train", "a,1,x,train", ["line 4", "turn 1 was there already", "line 2"]),
        ("Hello.,0,1.25", "Hello.,2,1.25", ["line 4", "before its start"]),
        ("Hello.,0,1.25", "Hello.,-1,1.25", ["line 4", "a time of -1.0 s is negative"]),
        ("Hello.,0,1.25", "Hello.,nan,1.25", ["line 4", "not finite"]),
        ("Hello.,0,1.25", "Hello.,soon,1.25", ["line 4", "start_s 'soon' is not a number"]),
        ("3,4e-1", "3,", ["line 5", "'audio_1' is empty", "missing"]),
        ("3,4e-1", "nan,4", ["line 5", "'audio_0' is NaN or infinite"]),
        ("3,4e-1", "3,-inf", ["line 5", "'audio_1' is NaN or infinite"]),
        ("3,4e-1", "3,many", ["line 5", "'audio_1' holds 'many'", "not a number"]),
        ("3,4e-1", "3", ["put quotes around text with commas"]),
        ("3,4e-1", "3", ["line 5", "10 cells for 11 columns"]),
        ("audio_0,audio_1", "audio_0,audio_2", ["'audio_1' is missing before 'audio_2'"]),
        ("audio_0,audio_1", "audio_1,audio_2", ["'audio_0' is missing before 'audio_1'"]),
        ("audio_0,audio_1", "audio_0,audio_features", ["stands in"]),
        (
            "emotion,text",
            "feeling,text",
            ["no column 'emotion'; add it, or name a schema with --schema"],
        ),
        ("bad", "good", ["one emotion only ('good')"]),
    ],
)
def test_a_bad_csv_table_is_told_with_its_line(
    tmp_path: Path, before: str, after: str, told: list[str]
):
    assert before in samples.TABLE
    path = samples.write_table(tmp_path)
    path.write_text(samples.TABLE.replace(before, after))
    if told:
        message = complaint(read_table, path)
        assert all(part in message for part in told), message
    else:
        assert read_table(path).schema.emotions == ("bad", "good", "goood")


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (None, "line 6: the dialogue is empty"),
        (1000, "line 4: a cell of more than 1,000 characters; shorten it"),
    ],
)
def test_a_long_cell_or_a_mistake_after_one_is_told_with_its_line(tmp_path, limit, told):
    path = samples.write_table(tmp_path)
    table = samples.TABLE.replace("Hello.", "Hello. " * 30_000).replace("c,0,x,test", ",0,x,test")
    path.write_text(table)
    before = csv.field_size_limit()
    try:
        csv.field_size_limit(limit or before)
        assert told in complaint(read_table, path)
    finally:
        csv.field_size_limit(before)


def test_a_stated_schema_refuses_an_unknown_emotion(tmp_path):
    path = samples.write_table(tmp_path)
    path.write_text(samples.TABLE.replace("good", "joy").replace("bad", "sadd"))
    message = complaint(lambda path: read_table(path, "meld-7"), path)
    assert "line 2: unknown emotion 'sadd'" in message
    assert "Did you mean 'sad'?" in message
    assert "unknown emotion schema 'meld-8'" in complaint(lambda p: read_table(p, "meld-8"), path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no column names"),
        (b"dialogue,text,emotion\n", "no utterances in it; a row for each is needed"),
        (b"dialogue,text,emotion\na,Hi,\n", "no emotion in column 'emotion'; label more, or name"),
        (b"dialogue,emotion\na,joy\na,sad\n", "neither text nor features"),
        (b"dialogue,emotion,txt\na,joy,k\na,sad,l\n", "Did you mean 'txt'?"),
        ("dialogue,emotion,text\na,joy,caf\xe9\n".encode("cp1252"), "UTF-8"),
        ("dialogue,emotion,t\xe9xt\na,joy,a\n".encode("cp1252"), "UTF-8"),
    ],
)
def test_a_csv_file_that_is_no_table_is_told(tmp_path: Path, content: bytes, told: str):
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    assert told in complaint(read_table, path)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ('"Oh! she said.', "unexpected end of data"),
        ('"Oh! she said.\n\n"No", she said.', "expected after"),
        ('"Oh!" she said.', "expected after"),
    ],
)
def test_a_quote_that_is_not_closed_is_told_with_its_line(tmp_path: Path, cell: str, told: str):
    path = tmp_path / "own.csv"
    rows = ["dialogue,emotion,text", 'a,joy,"What,\nme?"', f"a,sad,{cell}", "a,joy,Yes.", ""]
    path.write_text("\n".join(rows))
    message = complaint(read_table, path)
    assert "own.csv: line 4: a quote" in message
    assert told in message


def own_parquet(path: Path, changes: Mapping[str, object]) -> None:
    columns = {"dialogue": ["a", "b"], "emotion": ["joy", "sad"], "text": ["1", "2"], **changes}
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"audio_features": [[1.0, 2.0], [1.0]]}, "row 2: column 'audio_features' has 1 numbers"),
        ({"audio_features": [[1.0, 2.0], [1.0, None]]}, "row 2: column 'audio_features[1]' is NaN"),
        ({"audio_features": ["1 2", "3 4"]}, "holds string, not lists of numbers"),
        ({"audio_features": [["1"], ["2"]]}, "not lists of numbers"),
        ({"audio_0": [1.0, float("nan")]}, "row 2: column 'audio_0' is NaN"),
        ({"audio_0": [True, False]}, "holds bool, not numbers"),
        ({"audio_0": [1.0, 2.0], "audio_1": [None, 1]}, "row 1: column 'audio_1' is empty"),
        ({"text": [["a"], ["b"]]}, "column 'text' holds list"),
        ({"split": ["train", "dev "], "turn": [0.5, 0]}, "row 1: turn '0.5' is not a whole number"),
    ],
)
def test_a_bad_parquet_table_is_told_with_its_row(tmp_path: Path, changes: dict, told: str):
    own_parquet(tmp_path / "own.parquet", changes)
    assert told in complaint(read_table, tmp_path / "own.parquet")


def test_a_truncated_parquet_table_is_told(tmp_path):
    path = samples.write_parquet(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    assert "truncated" in complaint(read_table, path)
    assert "no such file" in complaint(read_table, tmp_path / "none.parquet")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"names": None}, "array 'names' is missing"),
        ({"turn": np.arange(3)}, "has 3 entries"),
        ({"turn": np.array(["a"] * 4)}, "row 1: turn 'a' is not a whole number"),
        ({"turn": np.zeros(4, int)}, "row 2: dialogue 'a' turn 0 was there already"),
        ({"turn": np.array(3)}, "array 'turn' is a single value"),
        ({"split": np.array(["train", "test", "valid", "test"])}, "row 2: dialogue 'a' is in two"),
        ({"emotion": np.array(["good", "bad", "odd", ""])}, "row 3: unknown emotion 'odd'"),
        ({"names": np.array(["good"])}, "array 'names': emotion schema 'own'"),
        ({"text": np.full((4, 2), np.inf)}, "row 1: text column 0 is NaN or infinite"),
        ({"text": np.array(["a"] * 4)}, "array 'text' is <U1"),
        ({"text": np.zeros(4)}, "array 'text' is float64 of shape (4,)"),
        ({"text": np.zeros((4, 0)), "audio": np.zeros((4, 0))}, "no features"),
        ({"present": np.zeros((4, 2), bool)}, "array 'present'"),
        ({"emotion": np.array([1, None], dtype=object)}, "array 'emotion': Python objects"),
        ({"dialogue": np.full((4, 2), "a")}, "array 'dialogue' has the shape (4, 2); save a list"),
        ({"dialogue": np.array([1, 1, np.nan, 2])}, "row 3: dialogue is NaN"),
        ({"speaker": np.zeros(4, complex)}, "array 'speaker' is complex128; save strings"),
        ({"speaker": np.array([b"J\xf6rg"] * 4)}, "array 'speaker' is not UTF-8; save strings"),
        ({"Split": np.arange(4)}, "arrays 'split' and 'Split' differ only in capitals"),
        ({"split": None, "Splits": np.arange(4)}, "array 'Splits' is not known; call it 'split'"),
        ({"names": np.array("good")}, "array 'names' has the shape ()"),
    ],
)
def test_bad_arrays_are_told(tmp_path: Path, change: dict[str, np.ndarray | None], told: str):
    arrays = {k: v for k, v in {**samples.own_arrays(), **change}.items() if v is not None}
    np.savez(tmp_path / "own.npz", allow_pickle=True, **arrays)
    assert told in complaint(read_arrays, tmp_path / "own.npz")


@pytest.mark.parametrize("cut", [3, 100, 1000])
def test_a_truncated_archive_is_told(tmp_path: Path, cut: int):
    path = samples.write_arrays(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    assert "damaged" in complaint(read_arrays, path)


def test_a_changed_archive_is_told(tmp_path):
    path = samples.write_arrays(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    assert "own.npz" in complaint(read_arrays, path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sentiment": np.full(7, 2)}, "row 1: sentiment 2 is neither 0"),
        ({"sentiment": np.full(7, 0.6)}, "array 'sentiment' is float64; save whole numbers"),
        ({"sentiment": np.full(7, np.nan)}, "array 'sentiment' is float64"),
        ({"sentiment": np.full(7, "positive")}, "array 'sentiment' is <U8; save whole numbers"),
        ({"sentiment": np.zeros((7, 2), int)}, "array 'sentiment' has the shape (7, 2)"),
        ({"segment": np.arange(7) + 0.5}, "array 'segment' is float64; save whole numbers"),
        ({"video": np.full((7, 1), "one")}, "array 'video' has the shape (7, 1)"),
        ({"segment": np.array([1, 1, 2, 1, 2, 1, 2])}, "row 2: dialogue 'one' turn 1 was there"),
        ({"audio": np.zeros(7)}, "array 'audio' is not a table"),
        ({"audio": np.full((7, 2), np.nan)}, "audio features hold NaN"),
    ],
)
def test_a_bad_mosi_archive_is_told(tmp_path: Path, change: dict[str, np.ndarray], told: str):
    np.savez(tmp_path / "mosi.npz", **{**samples.mosi_arrays(), **change})
    assert told in complaint(read_mosi, tmp_path / "mosi.npz")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Emotion,", "Emotions,", "column 'Emotion' is missing"),
        (",anger,", ",angr,", "line 4: unknown emotion 'angr'"),
        (",anger,", ",,", "line 4: column 'Emotion' is empty"),
        ("01:00:01,001", "1 h", "line 4: time '1 h' is not written HH:MM:SS,mmm"),
        (",3,0,", ",3,x,", "line 4: Utterance_ID 'x' is not a whole number"),
        (",3,0,", ",,0,", "line 4: Dialogue_ID or Utterance_ID is empty"),
        (",0,2,", ",0,0,", "line 3: dialogue 'dev_dia0' turn 0 was there already"),
        ("Ada,anger", ",anger", "line 4: turn 0: the speaker is empty"),
    ],
)
def test_a_bad_meld_file_is_told(tmp_path: Path, before: str, after: str, told: str):
    path = samples.write_meld(tmp_path) / "dev_sent_emo.csv"
    text = path.read_text(encoding="utf-8-sig")
    assert before in text
    path.write_text(text.replace(before, after))
    message = complaint(lambda _: read_meld(tmp_path), path)
    assert told in message


def test_a_missing_meld_file_is_told(tmp_path):
    (samples.write_meld(tmp_path) / "test_sent_emo.csv").unlink()
    with pytest.raises(InputError, match=r"test_sent_emo\.csv is missing"):
        read_meld(tmp_path)
    with pytest.raises(InputError, match="labelled in meld-7 and meld-sentiment-3"):
        read_meld(tmp_path, "iemocap-6")


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("emotion", "", "line 2: turn, emotion or split is empty"),
        ("emotion", "surprise", "line 2: unknown emotion 'surprise'"),
        ("silence", "loud", "line 2: column 'silence' holds 'loud'"),
        ("silence", "", "line 2: column 'silence' is empty"),
        ("turn", "1", "line 3: dialogue 'Ses00' turn 1 was there already"),
    ],
)
def test_a_bad_iemocap_table_is_told(tmp_path: Path, column: str, value: str, told: str):
    path = samples.write_iemocap(tmp_path)
    with path.open(newline="") as file:
        header, first, *rest = csv.reader(file)
    first[header.index(column)] = value
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, first, *rest])
    assert told in complaint(read_iemocap, path)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[3.5000 - 4.2500]\t", "[3.5000 - 4.2500] ", "line 3: '[3.5000 - 4.2500] Ses01F"),
        ("[3.5000 -", "[3,5000 -", "line 3: '[3,5000"),
        ("[3.5000 - 4.2500]", "[4.5000 - 4.2500]", "line 3: turn 1: it ends at"),
        ("F001\txxx", "F000\thap", "line 10: 'Ses01F_impro01_F000' was there already, in line 7"),
        ("Ses01F_impro01_M000", "Ses01F_impro02_M000", "line 3: 'Ses01F_impro02_M000' is not"),
    ],
)
def test_a_bad_iemocap_evaluation_is_told(tmp_path: Path, before: str, after: str, told: str):
    samples.write_iemocap_release(tmp_path)
    dialog = tmp_path / "Session1" / "dialog"
    path = dialog / "EmoEvaluation" / "Ses01F_impro01.txt"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    message = complaint(lambda _: read_iemocap_release(tmp_path), path)
    assert told in message


def test_a_dialogue_in_another_session_of_iemocap_is_told(tmp_path):
    samples.write_iemocap_release(tmp_path)
    dialogs = {n: tmp_path / f"Session{n}" / "dialog" / "EmoEvaluation" for n in (1, 5)}
    path = dialogs[1] / f"{samples.IEMOCAP_RELEASE[5]}.txt"
    (dialogs[5] / path.name).rename(path)
    message = complaint(lambda _: read_iemocap_release(tmp_path), path)
    assert "is not of Session1, and the session decides the split" in message


def test_what_iemocaps_release_lacks_is_told(tmp_path):
    samples.write_iemocap_release(tmp_path / "release")
    words = tmp_path / "release" / "Session2" / "dialog" / "transcriptions"
    (words / "Ses02M_script01_2.txt").unlink()
    with pytest.raises(InputError, match=r"Ses02M_script01_2\.txt: missing"):
        read_iemocap_release(tmp_path / "release")
    assert "no Session1 to Session5" in complaint(read_iemocap_release, tmp_path)


@pytest.mark.parametrize(("read", "like"), [(read_ravdess, "03-01-06"), (read_emodb, "03a01Fa")])
def test_a_folder_without_its_clips_is_told(tmp_path: Path, read: Callable, like: str):
    samples.put(tmp_path, "song.wav", "03-02-06-01-02-01-12.wav", "._03a01Fa.wav")
    assert like in complaint(read, tmp_path)


def test_two_different_clips_of_one_name_are_told(tmp_path):
    samples.write_ravdess(tmp_path)
    (tmp_path / "copy" / "Actor_19" / "03-01-08-02-02-01-19.wav").write_bytes(b"other")
    message = complaint(read_ravdess, tmp_path)
    assert "03-01-08-02-02-01-19.wav: a clip of this name, but another size" in message


def giant() -> bytes:
    """A JPEG file whose header promises 60,000 x 60,000 pixels."""
    jpeg = bytearray(samples.picture())
    place = jpeg.index(b"\xff\xc0") + 5
    jpeg[place : place + 4] = b"\xea\x60\xea\x60"
    return bytes(jpeg)


@pytest.mark.parametrize(
    "jpeg",
    [
        None,
        b"",
        b"hello",
        samples.picture()[:200],
        samples.picture(side=47),
        samples.picture(kind="PNG"),
        samples.picture() + b"\0" * (1 << 16),
        giant(),
    ],
)
def test_a_bad_fer2013_picture_is_told_with_its_row_and_not_written(tmp_path: Path, jpeg):
    columns = samples.fer2013_columns()
    columns["jpeg"][2] = jpeg
    path = tmp_path / "fer2013.parquet"
    pq.write_table(pa.table(columns), path)
    for read in (read_fer2013_faces, lambda path: read_fer2013(path, tmp_path / "pictures")):
        assert "row 3: the picture is no JPEG file of 48x48 pixels" in complaint(read, path)
    assert not (tmp_path / "pictures" / "train" / "00002.jpg").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"emotion": ["angry", "happy", "calm", "sad"]}, "row 3: unknown emotion 'calm'"),
        ({"emotion": ["angry", "happy", None, "sad"]}, "row 3: emotion or split is empty"),
        ({"split": ["test", "train", "rest", "valid"]}, "row 3: unknown split 'rest'"),
        ({"jpeg": ["a", "b", "c", "d"]}, "column 'jpeg' holds string; the bytes of JPEG"),
        ({"jpeg": None}, "column 'jpeg' is missing"),
    ],
)
def test_a_bad_fer2013_table_is_told(tmp_path: Path, changes: dict, told: str):
    columns = {k: v for k, v in {**samples.fer2013_columns(), **changes}.items() if v is not None}
    pq.write_table(pa.table(columns), tmp_path / "fer2013.parquet")
    assert told in complaint(read_fer2013, tmp_path / "fer2013.parquet")


def test_pictures_that_cannot_be_written_are_told(tmp_path):
    source = samples.write_fer2013(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="file: a file is here; name a new folder"):
        read_fer2013(source, tmp_path / "file")


def test_a_damaged_playhouse_file_is_told(tmp_path):
    samples.write_meld(tmp_path)
    for content, told in (("{", "damaged"), ("[]", "not a JSON object")):
        (tmp_path / "playhouse.json").write_text(content)
        with pytest.raises(InputError, match=rf"playhouse\.json: {told}"):
            read_meld(tmp_path)


def test_what_is_no_source_is_told_with_the_kinds(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    for path in (tmp_path, tmp_path / "notes.txt"):
        message = complaint(read_source, path)
        assert "neither recordings nor a table" in message
        assert f"--kind: {', '.join(KINDS)}" in message
    (tmp_path / "empty").mkdir()
    assert "empty: an empty folder" in complaint(read_source, tmp_path / "empty")
    (tmp_path / "talk.mp4").touch()
    message = complaint(read_source, tmp_path / "talk.mp4")
    assert f"name the transcript beside it, such as {tmp_path / 'talk.srt'}" in message
    assert "no such file" in complaint(read_source, tmp_path / "nothing")
    with pytest.raises(InputError, match="Did you mean 'meld'"):
        read_source(tmp_path, "melt")
    samples.write_meld(tmp_path)
    assert "name their folder" in complaint(read_source, tmp_path / "dev_sent_emo.csv")


def test_an_argument_of_another_kind_is_told(tmp_path):
    path = samples.write_arrays(tmp_path)
    with pytest.raises(InputError, match="label_order goes with legacy, and this is npz"):
        read_source(path, label_order=["a", "b"])
    with pytest.raises(InputError, match="schema goes with meld, folder and table"):
        read_source(path, schema="meld-7")
