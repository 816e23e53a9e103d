"""What each reader makes of its sample, value by value."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import samples
from support.strategies import assert_same_corpus

from synctva.data.corpora.iemocap import AUDIO, read_iemocap
from synctva.data.corpora.meld import read_meld
from synctva.data.corpora.mosi import read_mosi
from synctva.data.own.arrays import read_arrays
from synctva.data.own.table import read_table
from synctva.data.source import read_source
from synctva.dialogue import Utterance
from synctva.errors import InputError


def test_meld_dialogues_are_named_by_file_and_times_are_seconds(tmp_path):
    corpus = read_meld(samples.write_meld(tmp_path))
    assert [d.id for d in corpus.dialogues] == [
        f"{file}_dia{number}" for file in ("train", "dev", "test") for number in (0, 3)
    ]
    assert [d.split for d in corpus.dialogues][::2] == ["train", "valid", "test"]
    first, backwards = corpus.dialogues[2].utterances
    assert first == Utterance(0, "Ada", "Well, hello.", "joy", 1.5, 2.0)
    assert backwards == Utterance(2, "Bob", "What?", "surprise")
    assert corpus.dialogues[3].utterances[0].end_s == pytest.approx(3601.001)


def test_meld_is_read_with_its_sentiments_on_request(tmp_path):
    corpus = read_source(samples.write_meld(tmp_path), schema="meld-sentiment-3")
    assert corpus.schema.name == "meld-sentiment-3"
    assert [u.emotion for _, u in corpus.utterances()][:3] == ["positive", "negative", "negative"]


def test_the_encoding_mark_of_a_csv_file_does_not_matter(tmp_path):
    marked = samples.write_table(tmp_path)
    corpus = read_table(marked)
    marked.write_bytes(b"\xef\xbb\xbf" + marked.read_bytes().replace(b"\n", b"\r\n"))
    again = read_table(marked)
    texts = [(u.text or "").replace("\r\n", "\n") for _, u in again.utterances()]
    assert texts == [u.text for _, u in corpus.utterances()]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_separates_the_cells_of_a_csv_file_does_not_matter(tmp_path: Path, separator: str):
    path = samples.write_table(tmp_path)
    corpus = read_table(path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    again = read_table(path)
    assert again.dialogues == corpus.dialogues
    np.testing.assert_array_equal(again.features["audio"].values, corpus.features["audio"].values)


@pytest.mark.parametrize("spell", [str.upper, str.title, " {} ".format])
def test_capitals_and_blanks_in_the_names_of_columns_do_not_matter(tmp_path: Path, spell):
    path = samples.write_table(tmp_path)
    corpus = read_table(path)
    header, _, rows = samples.TABLE.partition("\n")
    path.write_text(",".join(map(spell, header.split(","))) + "\n" + rows)
    assert_same_corpus(read_table(path), corpus)
    path = samples.write_parquet(tmp_path)
    corpus = read_table(path)
    table = pq.read_table(path)
    pq.write_table(table.rename_columns([spell(name) for name in table.column_names]), path)
    assert_same_corpus(read_table(path), corpus)


def test_numbers_between_semicolons_may_have_decimal_commas(tmp_path):
    path = samples.write_table(tmp_path)
    corpus = read_table(path)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    numbers = [header.index(name) for name in ("start_s", "end_s", "audio_0", "audio_1")]
    for row in rows:
        for number in numbers:
            row[number] = row[number].replace(".", ",")
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])
    assert_same_corpus(read_table(path), corpus)  # commas in texts are kept
    path.write_text(path.read_text().replace("1,25", "1,2,5"))
    with pytest.raises(InputError, match="line 4: end_s '1,2,5' is not a number"):
        read_table(path)


def test_nan_in_a_parquet_table_is_an_empty_cell(tmp_path):
    nan = float("nan")
    columns = {"dialogue": ["a", "b", "c"], "split": ["train", "valid", "test"]}
    columns |= {"emotion": ["joy", "sad", None], "text": [1.5, nan, 2], "end_s": [nan, 3.5, None]}
    pq.write_table(pa.table(columns), tmp_path / "own.parquet")
    corpus = read_table(tmp_path / "own.parquet")
    assert [u.text for _, u in corpus.utterances()] == ["1.5", None, "2.0"]
    assert [u.end_s for _, u in corpus.utterances()] == [None, 3.5, None]
    columns |= {"emotion": [nan] * 3}
    pq.write_table(pa.table(columns), tmp_path / "own.parquet")
    with pytest.raises(InputError, match="no emotion in column 'emotion'"):
        read_table(tmp_path / "own.parquet")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", [1, 3])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_blank_lines_before_the_header_do_not_matter(tmp_path, newline: str, blank: int, mark: str):
    path = tmp_path / "own.csv"
    rows = ["dialogue;emotion;text", "a;joy;Hello, you.", "", "a;sad;No.", "a;sad;Bye.", ""]
    path.write_bytes((mark + newline.join([*[""] * blank, *rows])).encode())
    assert [(u.text, u.emotion) for _, u in read_table(path).utterances()] == [
        ("Hello, you.", "joy"),
        ("No.", "sad"),
        ("Bye.", "sad"),
    ]
    path.write_bytes(path.read_bytes().replace(b"sad;Bye", b"sad;Bye;"))
    with pytest.raises(InputError, match=f"line {blank + 5}: 4 cells for 3 columns"):
        read_table(path)
    path.write_bytes(path.read_bytes().replace(b"sad;Bye;", b"sad;Bye").replace(b"text", b""))
    with pytest.raises(InputError, match=f"line {blank + 1}: column 3 has no name"):
        read_table(path)


def test_blanks_around_dialogue_and_speaker_do_not_count(tmp_path):
    path = samples.write_table(tmp_path)
    corpus = read_table(path)
    path.write_text(samples.TABLE.replace("a,0,x,", " a ,0,\tx ,").replace("a,1,y,", "a,1, y,"))
    assert read_table(path).dialogues == corpus.dialogues


def test_iemocap_statistics_are_audio_and_missing_where_empty(tmp_path):
    corpus = read_iemocap(samples.write_iemocap(tmp_path).parent)
    audio = corpus.features["audio"]
    assert audio.dim == len(AUDIO) == 8
    np.testing.assert_array_equal(audio.values[:, 0], [0, 0.5, 1, 1.5, 2, 0])
    np.testing.assert_array_equal(audio.present, [True] * 5 + [False])
    assert [u.speaker for u in corpus.dialogues[0].utterances] == ["F", "M"]


def test_mosi_segments_are_ordered_as_numbers_with_their_features(tmp_path):
    corpus = read_mosi(samples.write_mosi(tmp_path).parent)
    first = corpus.dialogues[0]
    assert [(u.turn, u.text) for u in first.utterances] == [
        (1, "FIRST"),
        (2, "SECOND"),
        (10, "TENTH"),
    ]
    assert [u.emotion for u in first.utterances] == ["negative", "positive", "positive"]
    np.testing.assert_array_equal(corpus.features["audio"].values[:3, 0], [0, 4, 2])
    assert {u.speaker for u in first.utterances} == {"one"}


def test_own_arrays_keep_the_order_of_emotions_and_zero_what_is_missing(tmp_path):
    corpus = read_arrays(samples.write_arrays(tmp_path))
    assert corpus.name == "own"
    assert corpus.schema.emotions == ("good", "bad")
    assert [u.emotion for _, u in corpus.utterances()] == ["good", "bad", None, "good"]
    assert list(corpus.dims) == ["text", "audio"]
    np.testing.assert_array_equal(corpus.features["audio"].values[:, 0], [1, 0, 2, 3])
    np.testing.assert_array_equal(corpus.features["audio"].present, [True, False, True, True])
    np.testing.assert_array_equal(corpus.features["text"].values[3], [0, 0, 0])


def test_own_arrays_may_hold_bytes(tmp_path):
    text = samples.own_arrays()
    text |= {"dialogue": np.array(["Zoë", "Zoë", "b", "c"]), "turn": text["turn"].astype(str)}
    encoded = {k: np.char.encode(v, "utf-8") if v.dtype.kind == "U" else v for k, v in text.items()}
    for name, arrays in (("text", text), ("bytes", encoded)):
        np.savez(tmp_path / name, **arrays)
    one, other = (read_arrays(tmp_path / f"{name}.npz", "own") for name in ("text", "bytes"))
    assert_same_corpus(one, other)


def test_capitals_in_the_names_of_own_arrays_do_not_matter(tmp_path):
    arrays = samples.own_arrays()
    np.savez(tmp_path / "own.npz", **{name.upper(): array for name, array in arrays.items()})
    again = read_arrays(tmp_path / "own.npz")
    assert_same_corpus(again, read_arrays(samples.write_arrays(tmp_path)))


def test_own_arrays_need_little(tmp_path):
    few = {"dialogue": np.repeat(np.arange(10), 2), "emotion": np.array(["a", "b"] * 10)}
    np.savez(tmp_path / "few.npz", names=np.array(["b", "a"]), visual=np.ones((20, 2)), **few)
    corpus = read_arrays(tmp_path / "few.npz", "mine")
    assert corpus.name == "mine"
    assert corpus.dims == {"visual": 2}
    assert [u.turn for u in corpus.dialogues[0].utterances] == [0, 1]
    splits = [d.split for d in corpus.dialogues]
    assert [splits.count(split) for split in ("train", "valid", "test")] == [8, 1, 1]


def test_a_table_may_stand_in_any_order_and_lack_modalities(tmp_path):
    corpus = read_table(samples.write_table(tmp_path))
    first, second = corpus.dialogues[0].utterances
    media = str(tmp_path / "clips" / "a0.mp4")
    assert first == Utterance(0, "x", "Hello.", "good", 0.0, 1.25, media)
    assert second.text == "Two\nlines, quoted."
    assert [d.split for d in corpus.dialogues] == ["train", "valid", "test"]
    audio = corpus.features["audio"]
    np.testing.assert_allclose(audio.values, [[1, -2.5], [0, 0], [3, 0.4], [5, 6]])
    np.testing.assert_array_equal(audio.present, [True, False, True, True])


def test_parquet_features_are_lists_or_numbered_columns(tmp_path):
    corpus = read_table(samples.write_parquet(tmp_path))
    assert corpus.schema.emotions == ("joy", "sad")
    assert corpus.dims == {"text": 1, "visual": 2}
    np.testing.assert_array_equal(corpus.features["visual"].values[:, 1], [2, 0, 4, 6])
    np.testing.assert_array_equal(corpus.features["visual"].present, [True, False, True, True])
    np.testing.assert_array_equal(corpus.features["text"].present, [True, True, True, False])


@pytest.mark.parametrize("name", ["media", "file", "Audio_Path"])
def test_a_table_names_its_recordings_as_people_do(tmp_path: Path, name: str):
    rows = f"dialogue,text,emotion,{name}\na,Oh no!,fear,one.wav\na,Yes.,joy,\n"
    (tmp_path / "own.csv").write_text(rows)
    found = [u.media for _, u in read_source(tmp_path / "own.csv").utterances()]
    assert found == [str(tmp_path / "one.wav"), None]


def test_two_columns_of_recordings_are_refused(tmp_path: Path):
    rows = "dialogue,text,emotion,file,wav\na,Oh no!,fear,1.mp4,1.wav\na,Yes.,joy,,\n"
    (tmp_path / "own.csv").write_text(rows)
    with pytest.raises(InputError, match="columns 'file', 'wav' all name recordings"):
        read_source(tmp_path / "own.csv")


def test_a_table_of_a_registered_schema_gets_its_order(tmp_path):
    path = tmp_path / "four.csv"
    emotions = ["ang", "Neutral", "sadness", "HAPPY"]
    path.write_text("dialogue,emotion,text\n" + "".join(f"a,{e},t\n" for e in emotions))
    corpus = read_table(path)
    assert corpus.schema.name == "iemocap-4"
    assert [u.emotion for _, u in corpus.utterances()] == ["angry", "neutral", "sad", "happy"]


def test_two_own_tables_have_features_of_different_fingerprints(tmp_path: Path):
    one = read_table(samples.write_table(tmp_path / "one"), name="one")
    two = read_table(samples.write_table(tmp_path / "two"), name="two")
    same = read_table(samples.write_table(tmp_path / "two"), name="one")
    assert one.features["audio"].fingerprint != two.features["audio"].fingerprint
    assert one.features["audio"].fingerprint == same.features["audio"].fingerprint
