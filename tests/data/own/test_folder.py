"""Own recordings: a table of clips, or annotations beside long recordings."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pympi.Elan import Eaf
from support import samples
from support.recordings import Making, record

from synctva.corpus import Corpus
from synctva.data.own.folder import read_folder
from synctva.data.source import kind_of, read_source
from synctva.errors import InputError
from synctva.transcripts import read_transcript


def said(corpus: Corpus, dialogue: str) -> list[tuple]:
    (one,) = [d for d in corpus.dialogues if d.id == dialogue]
    return [(u.speaker, u.text, u.emotion, u.start_s, u.end_s) for u in one.utterances]


def test_a_table_says_who_says_what_in_which_clip(tmp_path):
    corpus = read_folder(samples.write_clips(tmp_path))
    assert [(d.id, d.split) for d in corpus.dialogues] == [
        ("monday", "train"),
        ("tuesday", "valid"),
        ("wednesday", "test"),
    ]
    assert said(corpus, "monday") == [
        ("Ada", "We won!", "joy", 0.5, 2.0),
        ("Ben", "Really?", "surprise", None, None),
    ]
    assert said(corpus, "tuesday") == [("Ada", "Well, hm.", None, None, None)]
    media = [u.media for _, u in corpus.utterances()]
    assert media == [str(tmp_path / name) for name in ("monday/a.mp4",) * 2 + ("b.wav", "c.wav")]


def test_the_table_may_be_named_itself_and_needs_only_clips(tmp_path):
    samples.put(tmp_path, "day/a.mp4", "b.mp4", "c.mp4")
    table = tmp_path / "clips.csv"
    table.write_text("clip\nday/a.mp4\nb.mp4\nc.mp4\n")
    corpus = read_source(table)
    assert {d.id for d in corpus.dialogues} == {"day/a", "b", "c"}
    assert corpus.schema.name == "meld-7"  # nothing is labelled
    assert {u.speaker for _, u in corpus.utterances()} == {"speaker"}
    assert corpus.name == tmp_path.name
    assert read_source(table, schema="fer-7", name="talks").schema.name == "fer-7"


def test_capitals_in_the_names_of_columns_do_not_matter(tmp_path):
    corpus = read_folder(samples.write_clips(tmp_path))
    header, _, rows = samples.CLIPS.partition("\n")
    (tmp_path / "who.csv").write_text(f"{header.title()}\n{rows}")
    assert read_folder(tmp_path) == corpus


def test_rows_of_one_clip_are_one_dialogue_in_their_order(tmp_path):
    samples.put(tmp_path, "a.mp4")
    (tmp_path / "who.csv").write_text("clip,text,start_s,end_s\na.mp4,one,0,1\na.mp4,two,1,2\n")
    (dialogue,) = read_folder(tmp_path).dialogues
    assert [(u.turn, u.text, u.end_s) for u in dialogue.utterances] == [
        (0, "one", 1),
        (1, "two", 2),
    ]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("clip,start,end,text", "{}.wav,0.5,2,We won the game!\n{}.wav,2,3,Really?\n"),
        ("Clip,Start Time,End Time,text", '{}.wav,0:00.5,0:02,We won!\n{}.wav,"2",3,Really?\n'),
        (",clip,start_ms,duration_ms", '0,{}.wav,500,"1,500"\n1,{}.wav,"2,000","1,000"\n'),
        ("sep=;\nclip;start;end;text", "{}.wav;0,5;2;We won the game!\n{}.wav;2;3;Really?\n"),
        ("clip\tstart\tend\ttext", "{}.wav\t500\t2000\tWe won!\n{}.wav\t2000\t3000\tReally?\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_times_of_clips_are_read_under_all_names_of_a_transcripts_columns(
    tmp_path, header: str, rows: str, encoding: str
):
    samples.put(tmp_path, "Zoë.wav")
    (tmp_path / "who.csv").write_text(f"{header}\n{rows.format('Zoë', 'Zoë')}", encoding=encoding)
    assert kind_of(tmp_path) == "folder"
    (dialogue,) = read_source(tmp_path).dialogues
    assert [(u.start_s, u.end_s) for u in dialogue.utterances] == [(0.5, 2), (2, 3)]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("empty", ["", " ", None, "nan"])
def test_an_own_table_has_the_same_names_and_units(tmp_path, suffix: str, empty: str | None):
    columns = {
        "conversation": ["a", "a", "b"],
        "who": ["Ada", empty, "Ben"],
        "utterance": [0, 1, 2],
        "transcript": ["We won the game!", "Really, we did?", "No, we did not."],
        "label": ["joy", "surprise", "joy"],
        "start": [0, 2000, 0],
        "end": [2000, 3500, 1000],
    }
    path = tmp_path / f"own.{suffix}"
    frame = pd.DataFrame(columns)
    frame.to_csv(path) if suffix == "csv" else frame.to_parquet(path)
    corpus = read_source(path, schema="meld-7")
    assert said(corpus, "a") == [
        ("Ada", "We won the game!", "joy", 0, 2),
        ("speaker", "Really, we did?", "surprise", 2, 3.5),
    ]


def test_columns_without_a_name_are_let_be_at_the_left_or_where_they_are_empty(tmp_path):
    samples.put(tmp_path, "a.wav")
    (tmp_path / "who.csv").write_text("clip;text;;\na.wav;Hi.;;\n")
    assert said(read_folder(tmp_path), "a") == [("speaker", "Hi.", None, None, None)]
    (tmp_path / "who.csv").write_text("clip;text;;\na.wav;Hi.;5;\n")
    assert "who.csv: line 1: column 3 has no name; name it" in complaint(tmp_path)


def test_blanks_alone_name_neither_dialogue_nor_speaker(tmp_path):
    samples.put(tmp_path, "a.mp4")
    (tmp_path / "who.csv").write_text("clip,dialogue,speaker\na.mp4, , \n")
    (dialogue,) = read_folder(tmp_path).dialogues
    assert (dialogue.id, dialogue.utterances[0].speaker) == ("a", "speaker")


def test_srt_names_speakers_before_a_colon_and_skips_empty_lines(tmp_path):
    corpus = read_folder(samples.write_recordings(tmp_path))
    assert said(corpus, "one") == [
        ("speaker", "What is this?", None, 0.0, 0.9),
        ("Ada", "We won!", None, 1.0, 2.5),
        ("speaker", "note the lower case: no speaker", None, 60.0, 61.0),
    ]


def test_vtt_names_speakers_by_voice(tmp_path):
    corpus = read_folder(samples.write_recordings(tmp_path))
    assert said(corpus, "day/two") == [
        ("Ada Byron", "We won & won!", None, 1.0, 2.5),
        ("Ben", "No.", None, 3603.0, 3604.0),
        ("Ada Byron", "Yes.", None, 3603.0, 3604.0),
    ]


def test_elan_tiers_are_speakers_and_emotions(tmp_path):
    corpus = read_folder(samples.write_recordings(tmp_path))
    assert said(corpus, "three") == [
        ("Ada", None, None, 0.0, 0.9),
        ("Ben", "Really?", "surprise", 1.0, 2.1),
        ("Ada", "We won!", "joy", 2.0, 3.0),
    ]


def test_a_csv_file_beside_a_recording_is_read_in_the_order_of_time(tmp_path):
    corpus = read_folder(samples.write_recordings(tmp_path))
    assert said(corpus, "four") == [
        ("Ada", "We won!", "joy", 0.25, 2.0),
        ("Ben", "Really?", "surprise", 2.0, 3.5),
    ]


def test_of_a_movie_and_its_sound_the_movie_is_the_recording(tmp_path):
    corpus = read_folder(samples.write_recordings(tmp_path))
    media = {d.id: Path(u.media or "").name for d, u in corpus.utterances()}
    assert media == {
        "one": "one.mp4",
        "day/two": "two.webm",
        "three": "three.mkv",
        "four": "four.flac",
    }


@pytest.mark.parametrize(
    ("line", "speaker", "text"),
    [
        ("Ada: Hello.", "Ada", "Hello."),
        ("Speaker 1: Hello.", "Speaker 1", "Hello."),
        ("Dr. O'Neill-Jones: At 10:30: yes.", "Dr. O'Neill-Jones", "At 10:30: yes."),
        ("SPEAKER_00: Hello.", "SPEAKER_00", "Hello."),
        ("Ada says: hello", None, "Ada says: hello"),
        ("It is 10:30.", None, "It is 10:30."),
        ("One Two Three Four: five", None, "One Two Three Four: five"),
        ("- Hello.", None, "- Hello."),
        ("{\\an8}<font color='red'>Hello</font>", None, "Hello"),
    ],
)
def test_a_speaker_is_one_to_three_words_with_capitals(tmp_path, line, speaker, text):
    path = tmp_path / "talk.srt"
    path.write_text(f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n")
    (span,) = read_transcript(path)
    assert (span.speaker, span.text) == (speaker, text)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_subtitles_may_lack_numbers_and_have_any_newlines(tmp_path, newline: str):
    lines = ["", "00:00:01,000 --> 00:00:02,000", "42", "", "00:00:02.000 --> 00:00:03.000", "a"]
    path = tmp_path / "talk.srt"
    path.write_bytes(newline.join(lines).encode())
    assert [(span.start_s, span.text) for span in read_transcript(path)] == [(1, "42"), (2, "a")]


def elan(path: Path, *tiers: tuple[str, str | None]) -> Path:
    file = Eaf()
    file.remove_tier("default")
    for number, (tier, participant) in enumerate(tiers):
        file.add_tier(tier, part=participant)
        file.add_annotation(tier, 1000, 2000, f"said {number}")
    file.to_file(str(path))
    return path


@pytest.mark.parametrize(
    "tiers",
    [
        [("Ada", None), ("Emotion", None)],
        [("Ada", None), ("Ben", None), ("ada_emotion", None)],
        [("a", "Ada"), ("b", "Ben"), ("emotion of the one", "Ada")],
    ],
)
def test_an_emotion_tier_finds_its_speaker(tmp_path, tiers):
    spans = read_transcript(elan(tmp_path / "talk.eaf", *tiers))
    assert {span.speaker: span.emotion for span in spans}["Ada"] == f"said {len(tiers) - 1}"
    assert len(spans) == len(tiers) - 1


def test_an_emotion_tier_of_nobody_is_told(tmp_path):
    path = elan(tmp_path / "talk.eaf", ("Ada", None), ("Ben", None), ("emotion", None))
    with pytest.raises(
        InputError, match=r"talk\.eaf: tier 'emotion' gives emotions, but it is not clear whose"
    ):
        read_transcript(path)


def complaint(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_folder(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("b.wav", "d.wav", "who.csv: line 4: there is no recording 'd.wav'"),
        ("b.wav", "monday", "who.csv: line 4: there is no recording 'monday'"),
        ("b.wav", "", "who.csv: line 4: clip is empty"),
        ("0.5,2", "0.5,", "who.csv: line 3: end_s is empty"),
        ("0.5,2", ",2", "who.csv: line 3: start_s is empty"),
        ("0.5,2", "-1,2", "who.csv: line 3: turn 0: a time of -1.0 s is negative"),
        ("0.5,2", "2,0.5", "who.csv: line 3: turn 0: it ends at 0.5 s, before"),
        ("0.5,2", "0.5,soon", "who.csv: line 3: end_s 'soon' is not a number"),
        ("monday,0", "monday,1", "who.csv: line 3: dialogue 'monday' turn 1 was there already"),
        ("monday,0", " monday ,1", "who.csv: line 3: dialogue 'monday' turn 1 was there already"),
        ("monday,0", "monday,", "who.csv: line 3: turn is empty"),
        ("joy,train", "joy,dev", "who.csv: line 3: dialogue 'monday' is in two splits"),
        ("surprise", "joy", "one emotion only ('joy')"),
        ("split,start_s", "Splits,start_s", "who.csv: column 'Splits' is not known; call it 'spl"),
        ("clip,", "clips,", "who.csv: no column 'clip' in it, and no recording of this name"),
    ],
)
def test_a_bad_table_of_clips_is_told_with_its_line(tmp_path, before: str, after: str, told: str):
    samples.write_clips(tmp_path)
    assert before in samples.CLIPS
    (tmp_path / "who.csv").write_text(samples.CLIPS.replace(before, after))
    assert told in complaint(tmp_path)


def test_a_stated_schema_refuses_other_emotions(tmp_path):
    with pytest.raises(InputError, match=r"who\.csv: line 2: unknown emotion 'surprise'"):
        read_folder(samples.write_clips(tmp_path), "iemocap-6")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "t.srt",
            "1\n00:00:01 --> 00:00:02\nHi.\n",
            "t.srt: line 2: '00:00:01 --> 00:00:02' is not",
        ),
        (
            "t.srt",
            "\n\n7\n00:00:03,000 --> 00:00:02,000\nHi.\n",
            "t.srt: line 4: it ends at 2 s, before its start at 3 s",
        ),
        ("t.srt", "hello\n", "t.srt: line 1: 'hello' stands before all times"),
        ("t.srt", "", "t.srt: nobody speaks in it"),
        ("t.vtt", "WEBVTT\n\na\n00:01 --> 00:02\nHi.\n", "t.vtt: line 4: '00:01 --> 00:02' is not"),
        ("t.vtt", "WEBVTT\n\nNOTE a --> b\n", "t.vtt: nobody speaks in it"),
        ("t.csv", "start_s,end_s,text\n1,2,Hi.\n3,,Ho.\n", "t.csv: line 3: end_s is empty"),
        ("t.csv", "start,end,text,Split\n1,2,Hi.,test\n", "t.csv: column 'Split' has no meaning"),
        ("t.tsv", "start\tend\tdialogue\n1\t2\ta\n", "t.tsv: column 'dialogue' has no meaning"),
        ("t.csv", "since,end_s,text\n1,2,Hi.\n", "t.csv: column 'start_s' is missing"),
        ("t.eaf", "hello", "t.eaf: not an ELAN file, or damaged"),
        ("t.eaf", "<a/>", "t.eaf: not an ELAN file, or damaged"),
        ("t.eaf", "<!DOCTYPE a []><a/>", "t.eaf: declares a document type"),
        ("t.eaf", "<?xml version='1.0' encoding='cp037'?><a/>", "t.eaf: is declared to be cp037"),
    ],
)
def test_a_bad_annotation_is_told_with_its_line(tmp_path, name: str, content: str, told: str):
    samples.put(tmp_path, "t.mp4")
    (tmp_path / name).write_text(content)
    assert told in complaint(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "cp1252"])
def test_an_annotation_in_another_encoding_is_told(tmp_path, encoding: str):
    samples.put(tmp_path, "t.mp4", "u.mp4")
    (tmp_path / "u.srt").write_text(samples.SRT)
    for suffix in ("srt", "eaf"):
        path = tmp_path / f"t.{suffix}"
        path.write_bytes("1\n00:00:01,000 --> 00:00:02,000\nÄh.\n".encode(encoding))
        assert f"t.{suffix}: not" in complaint(tmp_path)
        path.unlink()


@pytest.mark.parametrize("name", ["t\udcff", "day\udcff/t"])
def test_a_name_that_no_store_can_hold_is_told(tmp_path: Path, name: str):
    samples.put(tmp_path, f"{name}.wav")
    (tmp_path / f"{name}.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nAda: Hi.\n")
    with pytest.raises(InputError, match=r"t.*\.srt: line 2: '.*\\udcff.*' is not UTF-8.*rename"):
        read_folder(tmp_path)


def test_a_huge_annotation_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("synctva.transcripts.source.TEXT_BYTES", 10)
    samples.put(tmp_path, "t.mp4")
    (tmp_path / "t.srt").write_text(samples.SRT)
    assert "t.srt: larger than" in complaint(tmp_path)


def test_an_elan_annotation_without_a_time_is_told(tmp_path):
    path = elan(tmp_path / "t.eaf", ("Ada", None))
    path.write_text(path.read_text().replace(' TIME_VALUE="2000"', ""))
    samples.put(tmp_path, "t.mp4")
    assert "t.eaf: tier 'Ada' annotation 1: has no time; align it" in complaint(tmp_path)


def test_what_has_no_counterpart_or_two_is_told(tmp_path):
    samples.write_recordings(tmp_path)
    samples.put(tmp_path, "five.mp4")
    assert "five.mp4: no file of this name beside it that says who" in complaint(tmp_path)
    (tmp_path / "five.mp4").rename(tmp_path / "five.rttm")
    assert "five.rttm: no recording of this name beside it" in complaint(tmp_path)
    (tmp_path / "five.rttm").rename(tmp_path / "three.csv")
    (tmp_path / "three.csv").write_text(samples.TOLD)
    assert "three.eaf: three.csv says who speaks as well" in complaint(tmp_path)


def test_what_a_folder_leaves_out_is_told(tmp_path, caplog):
    samples.write_recordings(tmp_path)
    samples.put(tmp_path, "memo.mid", "talk.mp4", "call.wav")
    (tmp_path / "one.json").write_text('{"segments": []}')
    (tmp_path / "talk.en.srt").write_text(samples.SRT.replace("Ada", "Eve"))
    (tmp_path / "call.wav.srt").write_text(samples.SRT)
    (tmp_path / "one.vtt").write_text(samples.VTT)
    (tmp_path / "one.json").write_text('{"segments": [{"start": 0, "end": 1, "text": "Hm."}]}')
    corpus = read_source(tmp_path)
    assert [u.speaker for d, u in corpus.utterances() if d.id == "talk"][1] == "Eve"
    assert said(corpus, "one") == [("speaker", "Hm.", None, 0, 1)]
    assert {"talk", "call"} <= {dialogue.id for dialogue in corpus.dialogues}
    for told in (
        "one.json: 2 other transcripts of the recording left out: one.vtt, one.srt",
        "1 recordings with the name of another left out: one.wav",
        "1 recordings of formats that are not read left out: memo.mid",
    ):
        assert told in caplog.text


def test_clips_that_no_row_tells_of_are_told(tmp_path, caplog):
    samples.write_clips(tmp_path)
    read_folder(tmp_path)
    assert "1 clips of no row left out: unused.mp4" in caplog.text


def test_two_tables_may_tell_of_different_clips_only(tmp_path):
    samples.write_clips(tmp_path)
    (tmp_path / "other.csv").write_text("clip,split\nd.wav,test\n")
    samples.put(tmp_path, "d.wav")
    assert {d.id for d in read_folder(tmp_path).dialogues} == {
        *("monday", "tuesday", "wednesday"),
        "d",
    }
    (tmp_path / "other.csv").write_text("clip\nb.wav\n")
    assert "other.csv and who.csv both describe 'b.wav'; name one" in complaint(tmp_path)
    assert len(read_folder(tmp_path / "other.csv")) == 1


def test_a_file_of_json_without_a_recording_is_another_matter(tmp_path):
    samples.write_recordings(tmp_path)
    (tmp_path / "package.json").write_text("{}")
    assert len(read_folder(tmp_path).dialogues) == 4


@pytest.mark.parametrize("name", ["talk.srt", "talk.rttm", "talk.csv", "talk.TextGrid"])
def test_one_annotation_may_be_named_alone(tmp_path, name: str):
    texts = {
        "talk.srt": "1\n00:00:00,500 --> 00:00:02,000\n[joy 83 %] Ada: We won!\n",
        "talk.rttm": "SPEAKER talk 1 0.5 1.5 <NA> <NA> Ada <NA> <NA>\n",
        "talk.csv": "begin,duration,speaker,text,emotion\n0.5,1.5,Ada,We won!,joy\n",
        "talk.TextGrid": samples.TEXTGRID,
    }
    (tmp_path / name).write_text(texts[name])
    corpus = read_source(tmp_path / name, schema="meld-7")
    is_rttm = name.endswith("rttm")
    text, emotion = (None, None) if is_rttm else ("We won!", "joy")
    assert said(corpus, "talk") == [("Ada", text, emotion, 0.5, 2.0)]
    assert [u.media for _, u in corpus.utterances()] == [None]
    samples.put(tmp_path, "talk.MP4", "other.mp4")
    (media,) = [u.media for _, u in read_source(tmp_path / name, schema="meld-7").utterances()]
    assert media == str(tmp_path / "talk.MP4")


def test_an_elan_file_alone_is_of_the_recording_it_links(tmp_path):
    samples.put(tmp_path, "far/away/talk.mp4")
    path = elan(tmp_path / "corrected.eaf", ("Ada", None))
    file = Eaf(str(path))
    file.add_linked_file("file:///gone/talk.mp4", "./far/away/talk.mp4", "video/mp4")
    file.to_file(str(path))
    corpus = read_source(path)
    assert [u.media for _, u in corpus.utterances()] == [str(tmp_path / "far/away/talk.mp4")]


@pytest.mark.parametrize("name", ["table.csv", "utterances.csv"])
@pytest.mark.parametrize("clip", ["03-01-06-01-02-01-12.wav", "03a01Fa.wav", "x.wav"])
def test_a_table_of_clips_is_followed_whatever_the_clips_and_the_table_are_called(
    tmp_path, name: str, clip: str
):
    samples.put(tmp_path, clip)
    (tmp_path / name).write_text(f"clip,split,emotion\n{clip},test,joy\n")
    assert kind_of(tmp_path) == "folder"
    ((dialogue, utterance),) = read_source(tmp_path, schema="meld-7").utterances()
    assert (dialogue.split, utterance.emotion) == ("test", "joy")


def test_a_folder_of_several_corpora_is_refused_unless_one_is_named(tmp_path, caplog):
    samples.write_ravdess(tmp_path / "ravdess")
    assert kind_of(tmp_path) == "ravdess"
    samples.put(tmp_path, "talk.wav")
    assert read_source(tmp_path).name == "ravdess"
    assert "1 recordings of other names left out: talk.wav" in caplog.text
    (tmp_path / "talk.srt").write_text(samples.SRT)
    with pytest.raises(InputError, match=r"holds ravdess and folder; put each .*--kind ravdess"):
        kind_of(tmp_path)
    assert read_source(tmp_path, "ravdess").name == "ravdess"


def test_a_corpus_in_a_folder_below_is_told(tmp_path):
    samples.write_meld(tmp_path / "MELD" / "data")
    with pytest.raises(InputError, match=r"holds meld in MELD/data; name that folder"):
        kind_of(tmp_path)


@pytest.mark.parametrize("notes", ["Zürich,Straße\n", "Ort\nZürich\n", ""])
def test_an_unrelated_csv_file_is_let_be_though_it_cannot_be_read(tmp_path, notes: str):
    samples.write_clips(tmp_path)
    (tmp_path / "notes.csv").write_text(notes, encoding="latin-1")
    assert len(read_source(tmp_path)) == 4
    samples.put(tmp_path / "clips", "03a01Fa.wav")
    (tmp_path / "clips" / "notes.csv").write_text(notes, encoding="latin-1")
    assert kind_of(tmp_path / "clips") == "emodb"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le"])
def test_a_table_of_clips_that_cannot_be_read_is_told(tmp_path, encoding: str):
    samples.put(tmp_path, "a.wav")
    (tmp_path / "who.csv").write_text("clip,text\na.wav,Zürich\n", encoding=encoding)
    with pytest.raises(InputError, match=r"who\.csv: .*; a CSV file in UTF-8 is needed"):
        read_source(tmp_path)


def test_recordings_alone_are_not_a_folder_of_recordings(tmp_path):
    samples.put(tmp_path, "a.mp4")
    with pytest.raises(InputError, match=r"put a transcript beside each, such as .*a\.srt"):
        kind_of(tmp_path)
    assert "beside no recording a file of the same name (.srt" in complaint(tmp_path)


def test_a_recognitions_parquet_file_is_imported(tmp_path: Path):
    rows = {"start_s": [0.5, 2.0], "end_s": [2.0, 3.5], "speaker": ["Ada", "Ben"]}
    table = pa.table({**rows, "text": ["We won!", None], "emotion": ["joy", "surprise"]})
    pq.write_table(table, tmp_path / "talk.parquet")
    assert kind_of(tmp_path / "talk.parquet") == "folder"
    corpus = read_source(tmp_path / "talk.parquet", schema="meld-7")
    assert said(corpus, "talk") == [
        ("Ada", "We won!", "joy", 0.5, 2.0),
        ("Ben", None, "surprise", 2.0, 3.5),
    ]


def test_tiers_are_chosen_and_what_is_left_out_is_told(tmp_path: Path, caplog):
    path = elan(tmp_path / "t.eaf", ("Ada", "Ada"), ("gesture", "Ada"))
    assert len(read_source(path)) == 2
    assert "'Ada', 'gesture' are all read as words of 'Ada'" in caplog.text
    assert len(read_source(path, tiers=["Ada"])) == 1
    assert "'gesture' left out" in caplog.text


def test_in_a_folder_tiers_are_asked_of_files_that_have_some(tmp_path: Path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    elan(tmp_path / "a.eaf", ("Ada", "Ada"), ("gesture", "Ada"))
    (tmp_path / "b.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nBen: Hi.\n")
    corpus = read_source(tmp_path, tiers=["Ada"])
    assert [len(dialogue.utterances) for dialogue in corpus.dialogues] == [1, 1]
    (tmp_path / "a.eaf").unlink()
    (tmp_path / "a.wav").unlink()
    with pytest.raises(InputError, match="there are no tiers"):
        read_source(tmp_path, tiers=["Ada"])


def test_what_an_annotation_says_beyond_its_recording_is_told_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    record(tmp_path / "talk.wav", Making(length_s=3.0))
    lines = ["start_s,end_s,text", "0,1,One.", "2,2.9,Two.", "2.5,9,Three.", "4,5,Four."]
    (tmp_path / "talk.csv").write_text("\n".join(lines))
    [dialogue] = read_source(tmp_path / "talk.csv").dialogues
    assert [(u.text, u.end_s) for u in dialogue.utterances] == [
        ("One.", 1.0),
        ("Two.", 2.9),
        ("Three.", 3.0),
    ]
    assert "begins after the recording's end at 3.000 s; 1 of 4 left out" in caplog.text
    assert "ends after the recording's end at 3.000 s; 1 of 4 cut short" in caplog.text
    (tmp_path / "talk.csv").write_text("start_s,end_s,text\n40,51.5,Four.")
    with pytest.raises(InputError, match="another recording's"):
        read_source(tmp_path / "talk.csv")
