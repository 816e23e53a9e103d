"""Tables as programs and people write them: what their columns mean, and in which units."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.transcripts import put

from synctva.errors import InputError
from synctva.transcripts import read_transcript
from synctva.transcripts.columns import NAMES, Column, columns_of
from synctva.transcripts.times import seconds_in

WORDS = "It was raining when we left the house."


def times_of(path: Path) -> list[tuple[float, float]]:
    return [(segment.start_s, segment.end_s) for segment in read_transcript(path)]


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_transcript(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("start,end,text", f'0,2500," {WORDS}"', f'2500,4000," {WORDS}"'),
        ("start,end,speaker,text", f"0,2500,1,{WORDS}", f"2500,4000,0,{WORDS}"),
        ("start,end,text", f"0.0,2500.0,{WORDS}", f"2500.0,4000.0,{WORDS}"),
        ("start_ms,end_ms,text", f'0,"2,500",{WORDS}', f'"2,500","4,000",{WORDS}'),
        ("startMs,endMs,text", f"0,2500,{WORDS}", f"2500,4000,{WORDS}"),
        (
            "Number,Start time in milliseconds,End time in milliseconds,Text",
            f"1,0,2500,{WORDS}",
            f"2,2500,4000,{WORDS}",
        ),
        ("start,duration,emotion", "0,2500,joy", "2500,1500,fear"),
        ("TimeStart;TimeEnd;SpeakerName;Text", f"0;2,5;Ada;{WORDS}", f"2,5;4;Ben;{WORDS}"),
        ("Start Time,End Time,Text", f'0:0,"00:00:02,500",{WORDS}', f"0:02.5,0:4,{WORDS}"),
        ("tmin\ttext\ttmax", f"0\t{WORDS}\t2.5", f"2.5\t{WORDS}\t4"),
        ("begin_time,end_time_s", "0 days 00:00:00,2.5", "0 days 00:00:02.500000,4"),
        ("start_sec|end_sec|text", f"0|2.5|{WORDS}", f"2.5|4|{WORDS}"),
        ("sep=;\nstart_s;end_s;text", f"0;2,5;{WORDS}", f"2,5;4;{WORDS}"),
    ],
)  # fmt: skip
def test_the_unit_of_times_is_found_or_told_by_the_columns_name(tmp_path, header, first, second):
    path = put(tmp_path, ".csv", f"{header}\n{first}\n{second}\n")
    assert times_of(path) == [(0, 2.5), (2.5, 4)]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        (f"start\tend\ttext\n0\t3\t{WORDS}\n", (0, 3)),
        (f"start\tend\ttext\n0\t3000\t{WORDS}\n", (0, 3)),
        ("start\tend\ttext\n0\t3\t\n", (0, 3)),
        (f"start\tend\ttext\n0\t150\t{WORDS * 60}\n", (0, 150)),
    ],
)
def test_whole_seconds_and_milliseconds_are_told_apart_by_how_fast_people_speak(
    tmp_path: Path, text: str, times: tuple[float, float]
):
    assert times_of(put(tmp_path, ".tsv", text)) == [times]


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(4, 20)), min_size=1, max_size=20),
    st.booleans(),
)
def test_any_speech_in_whole_numbers_gets_its_unit(tmp_path_factory, turns, is_ms: bool):
    rows, at_s, expected = ["start,end,text"], 0, []
    for length_s, rate in turns:
        unit = 1000 if is_ms else 1
        rows.append(f"{at_s * unit},{(at_s + length_s) * unit},{'a' * (length_s * rate)}")
        expected.append((at_s, at_s + length_s))
        at_s += length_s
    path = put(tmp_path_factory.mktemp("table"), ".csv", "\n".join(rows))
    assert times_of(path) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('start,end,text\n"1,250","2,500",Hello\n', "line 2: start_s '1,250' may be 1250 or 1.250"),
        ("start_ms;end_ms\n1,250;2,500\n", "line 2: start_s '1,250' may be 1250 or 1.250"),
        (f"start_ms;end_ms;text\n1.250;2.500;{WORDS}\n", "letters in 0.00125 s are more than any"),
        ("start,end,emotion\n0,150,joy\n200,400,fear\n", "may be seconds or milliseconds"),
        (f"start,end,text\n16000,56000,{WORDS}\n", "letters for each 1 of its times fit neither"),
        (f"start,end,text\n25,75,{WORDS}\n", "letters for each 1 of its times fit neither sec"),
        ("start,end,text\n00:00:01:12,00:00:02:03,Hi\n", "start_s '00:00:01:12' is not a number"),
        ("file,start,end\na.wav,0,1\nb.wav,0,1\n", "column 'file' names several recordings, such"),
        ("clip,start,end\na.wav,0,1\nb.wav,0,1\n", "column 'clip' names several recordings, such"),
        ("start,onset,end\n0,0,1\n", "columns 'start' and 'onset' both mean start_s; keep one"),
        ("text,Text,start,end\na,b,0,1\n", "columns 'text' and 'Text' both mean text; keep one"),
    ],
)
def test_times_that_may_mean_two_things_are_refused(tmp_path: Path, text: str, told: str):
    assert told in complaint(put(tmp_path, ".csv", text))


@pytest.mark.parametrize(
    ("cell", "per_s", "separator", "time_s"),
    [
        ("1,250", 1000, ",", 1.25),
        ("12,345,678", 1000, ",", 12345.678),
        ("0,5", 1, ",", 0.5),
        ("1,250", 1, ";", 1.25),
        ("1.250,5", 1, ";", 1250.5),
        ("1,250.5", 1, ",", 1250.5),
        ("1 250", 1000, ";", 1.25),
        ("1\u202f250,5", 1000, ";", 1.2505),
        ("1'250", 1000, ",", 1.25),
        (" ", 1, ",", None),
    ],
)
def test_marks_for_thousands_and_decimals(cell, per_s, separator, time_s):
    assert seconds_in(cell, Column("start", "start_s", per_s), separator) == time_s


def test_a_column_called_exactly_as_its_meaning_wins_over_synonyms(tmp_path: Path):
    text = "name,label,words,start,start_s,end,text,emotion,speaker\nclip1,3,[],9,0,1,Hi,joy,Ada\n"
    (segment,) = read_transcript(put(tmp_path, ".csv", text))
    assert (segment.start_s, segment.text) == (0, "Hi")
    assert (segment.emotion, segment.speaker) == ("joy", "Ada")


def test_a_column_of_numbers_means_neither_words_nor_an_emotion(tmp_path: Path):
    text = "utterance,label,start,end,sentence\n0,3,0,1,Hi\n1,0,1,2,Ho\n"
    segments = read_transcript(put(tmp_path, ".csv", text))
    assert [(s.text, s.emotion) for s in segments] == [("Hi", None), ("Ho", None)]
    (one,) = read_transcript(put(tmp_path, ".csv", "start,end,text\n0,1,1984\n"))
    assert one.text == "1984"


def test_the_rows_numbers_that_pandas_writes_are_no_column(tmp_path: Path):
    assert times_of(put(tmp_path, ".csv", ",start,end,text\n0,0.5,1,Hi\n")) == [(0.5, 1)]


def test_no_name_of_a_column_means_two_things():
    names = [name for meaning, others in NAMES.items() for name in (meaning, *others)]
    assert len(set(names)) == len(names)
    assert all(columns_of([name])[0].meaning in NAMES for name in names)
