"""Every format says the same of the same conversation; what is wrong in one is told."""

import json
import time
from pathlib import Path

import pytest
from support import transcripts
from support.transcripts import TALK, WRITERS, put

from synctva.errors import InputError
from synctva.transcripts import SUFFIXES, Segment, may_be_transcript, read_transcript, within

every_format = pytest.mark.parametrize("suffix", WRITERS)


def said(path: Path) -> list[tuple]:
    return [(s.start_s, s.end_s, s.speaker, s.text) for s in read_transcript(path)]


def expected(suffix: str) -> list[tuple]:
    return [(*times, who, "" if suffix == ".rttm" else text) for *times, who, text in TALK]


def test_every_format_is_tested():
    assert {suffix.lower() for suffix in WRITERS} == set(SUFFIXES)


@every_format
def test_every_format_says_the_same(tmp_path: Path, suffix: str):
    assert said(put(tmp_path, suffix, WRITERS[suffix](TALK))) == expected(suffix)


@every_format
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_byte_order_marks_and_newlines_make_no_difference(tmp_path, suffix, encoding, newline):
    text = WRITERS[suffix](TALK).replace("\n", newline)
    assert said(put(tmp_path, suffix, text, encoding)) == expected(suffix)


@every_format
def test_spans_come_in_the_order_of_time_and_may_overlap(tmp_path: Path, suffix: str):
    path = put(tmp_path, suffix, WRITERS[suffix](TALK[::-1]))
    assert said(path) == expected(suffix)
    assert TALK[1][0] < TALK[0][1]


@every_format
def test_ten_thousand_utterances_are_read_in_seconds(tmp_path: Path, suffix: str):
    many = [(number / 4, number / 4 + 0.25, "Ada", f"word {number}") for number in range(10_000)]
    path = put(tmp_path, suffix, WRITERS[suffix](many))
    started = time.process_time()
    assert len(read_transcript(path)) == 10_000
    assert time.process_time() - started < 30  # a second where beartype checks no argument


@every_format
@pytest.mark.parametrize("text", ["", "\n", "{}", "[]", "start,end\n", "\ufeff", "<a/>", '"'])
def test_a_file_in_which_nobody_speaks_is_told(tmp_path: Path, suffix: str, text: str):
    path = put(tmp_path, suffix, text)
    with pytest.raises(InputError, match="talk") as caught:
        read_transcript(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_of_another_kind_is_told(tmp_path: Path):
    with pytest.raises(InputError, match=r"talk\.srt: no such file"):
        read_transcript(tmp_path / "talk.srt")
    (tmp_path / "folder.srt").mkdir()
    with pytest.raises(InputError, match=r"folder\.srt: Is a directory"):
        read_transcript(tmp_path / "folder.srt")
    with pytest.raises(InputError, match=r"talk\.docx: not a file of annotations; known are \.srt"):
        read_transcript(tmp_path / "talk.docx")


@pytest.mark.parametrize(
    ("suffix", "text", "told"),
    [
        (".csv", "start,end\n-1,2\n", "line 2: it starts at -1 s"),
        (".csv", "start,end\n2,1\n", "line 2: it ends at 1 s, before its start at 2 s"),
        (".csv", "start,end\nnan,1\n", "line 2: nan s to 1.0 s are no times"),
        (".csv", "start,end\n0,inf\n", "line 2: 0.0 s to inf s are no times"),
        (".csv", "start,end\n1e308,1e308\n", "line 2: it ends at 1e+308 s, and no recording is"),
        (".csv", "start_s,end_s\n0,10000001\n", "line 2: it ends at 1e+07 s, and no recording is"),
        (".csv", "start,end\n\n0,soon\n", "line 3: end_s 'soon' is not a number"),
        (".csv", "start,end\n0,\n", "line 2: end_s is empty"),
        (".csv", "start,end\n0,1,hi\n", "line 2: 3 cells for 2 columns"),
        (".csv", 'start,end,text\n0,1,"a\nb"\n2,3\n', "line 4: 2 cells for 3 columns"),
        (".csv", 'start,end,text\n0,1,"a\n', "line 2: unexpected end of data"),
        (".csv", "start,text\n0,a\n", "column 'end_s' is missing; there are: start, text"),
        (".csv", "start,begin,end\n0,0,1\n", "columns 'start' and 'begin' both mean start_s"),
        (".rttm", "SPEAKER talk 1 0.5\n", "line 1: 4 fields; a line is 'SPEAKER"),
        (".rttm", "SPEAKER talk 1 a b <NA> <NA> A\n", "line 1: 'a' and 'b' are not start"),
        (".rttm", "SPEAKER talk 1 -1 2 <NA> <NA> A\n", "line 1: it starts at -1 s"),
        (".rttm", "SPEAKER talk 1 1 -2 <NA> <NA> A\n", "line 1: it ends at -1 s, before"),
        (
            ".rttm",
            "SPEAKER a 1 1 2 <NA> <NA> A\nSPEAKER b 1 1 2 <NA> <NA> A\n",
            "has 2 recordings, and none is 'talk'",
        ),
        (".json", "{", "not JSON, or damaged"),
        (".json", "[" * 100_000, "not JSON, or damaged"),
        (".json", '{"text": "hi"}', "has neither 'segments' nor 'transcription'"),
        (".json", '{"segments": [1]}', "segments 1: is not a segment"),
        (".json", '[{"start": 0}, {"start": 1}]', "segment 1: 'end' is missing"),
        (".json", '[{"start": 0, "end": 1}]', "segment 1: has no text"),
        (".json", '[{"start": true, "end": 1, "text": "a"}]', "segment 1: 'start' is missing or"),
        (".json", '[{"start": 0, "end": 1e999, "text": "a"}]', "segment 1: 0.0 s to inf s"),
        (".json", f'[{{"start": 0, "end": 1{"0" * 400}, "text": "a"}}]', "segment 1: 'end' is too"),
        (".TextGrid", 'File type = "ooTextFile"\n"TableOfReal"', "line 2: not a TextGrid"),
        (".TextGrid", '"ooTextFile" "TextGrid" 0 1 <exists> 1', "ends before its last tier does"),
        (".TextGrid", '"ooTextFile" "TextGrid" 0 1 <exists> "a"', "line 1: 'a' where a number"),
        (".TextGrid", '"ooTextFile" "TextGrid" 0 1 <exists> -1', "line 1: -1.0 is not a count"),
        (".TextGrid", '"ooTextFile" "TextGrid" 0 1 <exists> 1e', "line 1: '1e' is not a number"),
        (
            ".TextGrid",
            '"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "A" 0 1\n1\n0\n-1 "a"',
            "line 3: it ends at -1 s, before its start at 0 s",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, suffix, text, told):
    path = put(tmp_path, suffix, text)
    with pytest.raises(InputError) as caught:
        read_transcript(path)
    assert str(caught.value).startswith(f"{path}: {told}")


@pytest.mark.parametrize(
    ("header", "row", "segment"),
    [
        ("start_s,end_s", "0.5,2", (0.5, 2.0)),
        ("Start Time,End Time", "0:01.5,1:00:02", (1.5, 3602.0)),
        ("begin;stop", "0,5;2,25", (0.5, 2.25)),
        ("start_ms\tend_ms", "500\t2250", (0.5, 2.25)),
        ("start,duration", "0.1,0.2", (0.1, 0.3)),
        ("Start (s),End (s)", "1,2", (1.0, 2.0)),
        ("onset,dur_ms", "1,250", (1.0, 1.25)),
    ],
)
def test_columns_may_be_spelled_as_usual(tmp_path: Path, header, row, segment):
    (read,) = read_transcript(put(tmp_path, ".csv", f"{header}\n{row}\n"))
    assert (read.start_s, read.end_s) == segment
    assert (read.speaker, read.text, read.emotion) == (None, "", None)


def test_a_long_cell_is_read(tmp_path: Path):
    (read,) = read_transcript(put(tmp_path, ".csv", f"start_s,end_s,text\n0,1,{'a' * 200_000}\n"))
    assert read.text == "a" * 200_000


def test_whispers_own_tsv_is_in_milliseconds_and_quotes_nothing(tmp_path: Path):
    path = put(tmp_path, ".tsv", 'start\tend\ttext\n500\t2000\t"Go" he said\n2000\t2500\tand "no\n')
    assert said(path) == [(0.5, 2.0, None, '"Go" he said'), (2.0, 2.5, None, 'and "no')]


def test_whisper_cpp_counts_milliseconds_and_may_not_know_the_speaker(tmp_path: Path):
    said_there = [
        {"offsets": {"from": 500, "to": 2000}, "text": " Ada: We won!"},
        {"offsets": {"from": 2000, "to": 2500}, "text": " Oh.", "speaker": "?"},
        {"offsets": {"from": 2500, "to": 2600}, "text": "   "},
    ]
    path = put(tmp_path, ".json", json.dumps({"transcription": said_there}))
    assert said(path) == [(0.5, 2.0, "Ada", "We won!"), (2.0, 2.5, None, "Oh.")]


@pytest.mark.parametrize(
    "content",
    [
        {
            "status": "completed",
            "utterances": [
                {"start": 500, "end": 2000, "text": "We won!", "speaker": "A", "words": []},
                {"start": 2000, "end": 2500, "text": "Oh.", "speaker": "B", "words": []},
            ],
        },
        {
            "results": {
                "channels": [],
                "utterances": [
                    {"start": 0.5, "end": 2.0, "transcript": "We won!", "speaker": "A"},
                    {"start": 2.0, "end": 2.5, "transcript": "Oh.", "speaker": "B"},
                ],
            }
        },
        {
            "results": {
                "transcripts": [{"transcript": "We won! Oh."}],
                "audio_segments": [
                    {
                        **{"id": 0, "transcript": "We won!", "speaker_label": "A"},
                        **{"start_time": "0.5", "end_time": "2.0", "items": [0, 1]},
                    },
                    {
                        **{"id": 1, "transcript": "Oh.", "speaker_label": "B"},
                        **{"start_time": "2.0", "end_time": "2.5", "items": [2]},
                    },
                ],
            }
        },
    ],
    ids=["AssemblyAI", "Deepgram", "Amazon Transcribe"],
)
def test_what_services_write_is_read(tmp_path: Path, content: dict[str, object]):
    path = put(tmp_path, ".json", json.dumps(content))
    assert said(path) == [(0.5, 2.0, "A", "We won!"), (2.0, 2.5, "B", "Oh.")]
    assert may_be_transcript(path)


@pytest.mark.parametrize(
    "content",
    [
        {"utterances": []},
        {"utterances": [{"start_s": 0, "end_s": 1, "text": "a"}]},
        {"utterances": 3, "results": {"utterances": {}}},
        {"results": [1], "utterances": [["start", "end", "text"]]},
    ],
)
def test_what_only_looks_like_a_services_is_refused(tmp_path: Path, content: dict[str, object]):
    path = put(tmp_path, ".json", json.dumps(content))
    assert not may_be_transcript(path)
    with pytest.raises(InputError, match="has neither 'segments' nor 'transcription'"):
        read_transcript(path)


@pytest.mark.parametrize(
    ("times", "first_s", "told"),
    [
        ([(250, 1200), (1300, 9500)], 0.25, "milliseconds"),
        ([(0, 30), (30, 60)], 0.0, ""),  # Whisper hears "Thank you." in half a minute of music
        ([(0.5, 180.25), (200, 400)], 0.5, ""),
    ],
)
def test_whole_milliseconds_in_json_are_not_taken_for_seconds(
    tmp_path: Path, times: list[tuple[float, float]], first_s: float, told: str
):
    spoken = [{"start": start, "end": end, "text": "Hi there."} for start, end in times]
    (tmp_path / "talk.json").write_text(json.dumps({"segments": spoken}))
    found = read_transcript(tmp_path / "talk.json")
    assert found[0].start_s == first_s
    assert told in found.note
    assert bool(found.note) == bool(told)


def test_a_dash_before_a_voice_is_no_word(tmp_path: Path):
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n- <v Bob>Yes - no</v>\n\u2013 <v.loud Cy>No\n"
    (tmp_path / "talk.vtt").write_text(text, encoding="utf-8")
    found = [(one.speaker, one.text) for one in read_transcript(tmp_path / "talk.vtt")]
    assert found == [("Bob", "Yes - no"), ("Cy", "No")]


def test_of_an_rttm_of_many_recordings_the_one_of_the_files_name_counts(tmp_path: Path):
    lines = ["SPEAKER other 1 0 1 <NA> <NA> Ben <NA> <NA>", ";; a remark", ""]
    lines += ["SPEAKER talk 1 1 1 <NA> <NA> Ada <NA> <NA>", "SPKR-INFO talk 1 <NA> <NA>"]
    path = put(tmp_path, ".rttm", "\n".join(lines))
    assert said(path) == [(1.0, 2.0, "Ada", "")]


def test_a_textgrid_may_be_short_and_in_praats_utf_16(tmp_path: Path):
    short = transcripts.textgrid(TALK, "short_textgrid")
    assert said(put(tmp_path, ".TextGrid", short)) == expected(".TextGrid")
    assert said(put(tmp_path, ".TextGrid", short, "utf-16")) == expected(".TextGrid")


def test_words_in_a_textgrids_texts_are_no_structure(tmp_path: Path):
    odd = [(0.5, 2.0, "A", 'item [1]: "intervals [1]:" xmin = 3 "IntervalTier" ! 7 <exists>')]
    for form in ("long_textgrid", "short_textgrid"):
        assert said(put(tmp_path, ".TextGrid", transcripts.textgrid(odd, form))) == odd


@pytest.mark.parametrize(
    ("line", "speaker", "text", "emotion"),
    [
        ("[SPEAKER_01] Hello.", "SPEAKER_01", "Hello.", None),
        ("[SPEAKER_01]: Hello.", "SPEAKER_01", "Hello.", None),
        ("[Speaker 2] Hello.", "Speaker 2", "Hello.", None),
        ("[music]", None, "[music]", None),
        ("[laughs] Hello.", None, "[laughs] Hello.", None),
        ("[joy 83 %] Ada: Hello.", "Ada", "Hello.", "joy"),
        ("[joy 100 %] the man in black: Hello.", "the man in black", "Hello.", "joy"),
        ("[joy 83 %] Ada:", "Ada", "", "joy"),
        ("[joy 83 %]", None, "", "joy"),
    ],
)
def test_speakers_and_emotions_stand_before_the_words(tmp_path, line, speaker, text, emotion):
    path = put(tmp_path, ".srt", f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n")
    (segment,) = read_transcript(path)
    assert (segment.speaker, segment.text, segment.emotion) == (speaker, text, emotion)


@pytest.mark.parametrize(
    ("suffix", "times", "read"),
    [
        (".srt", "00:00:01,000 --> 100:00:05,000", (1.0, 360_005.0)),
        (".srt", "0:00:01,5 --> 00:00:02.25  X1:40 X2:600 Y1:20 Y2:50", (1.5, 2.25)),
        (".vtt", "00:01.000 --> 100:00:05.000 align:start position:0%", (1.0, 360_005.0)),
        (".srt", "-00:00:01,000 --> 00:00:02,000", None),
        (".srt", "00:00:01,000 --> -00:00:02,000", None),
        (".srt", "00:00:01,000 --> 00:00:02,0005", None),
        (".srt", "10000:00:01,000 --> 10000:00:02,000", None),
        (".srt", "00:00:01,000 --> 00:00:02,000 00:00:03,000", None),
        (".vtt", "-00:01.000 --> 00:02.000", None),
        (".vtt", "00:01.000 --> 00:02.000 and some words", None),
    ],
)
def test_a_line_of_times_is_read_whole_or_refused(tmp_path: Path, suffix: str, times: str, read):
    path = put(tmp_path, suffix, f"1\n{times}\nHello.\n")
    if read:
        assert said(path) == [(*read, None, "Hello.")]
        return
    with pytest.raises(InputError, match=r"line 2: .* is not written 00:00:01"):
        read_transcript(path)


SRT_TIMES, VTT_TIMES = "00:00:01,000 --> 00:00:02,000", "00:01.000 --> 00:02.000"


@pytest.mark.parametrize(
    ("suffix", "text", "words"),
    [
        (".srt", f"1\n{SRT_TIMES}\nOne.\n\nTwo.\n \nThree.\n\n2\n\n", ["One. Two. Three."]),
        (".srt", f"1\n\n{SRT_TIMES}\n\nOne.\n\n2\n\n{SRT_TIMES}\nTwo.", ["One.", "Two."]),
        (".srt", f"1\n{SRT_TIMES}\nOne.\n\nNOTE this.\n", ["One. NOTE this."]),
        (".vtt", f"WEBVTT\n\n{VTT_TIMES}\n \nOne.\n\nTwo.\n\n1984\n", ["One. Two. 1984"]),
        (".vtt", f"WEBVTT\nKind: captions\n{VTT_TIMES}\nOne.\n", ["One."]),
        (".vtt", f"1\n\n{VTT_TIMES}\nOne.\n\n2\n\n{VTT_TIMES}\nTwo.", ["One.", "Two."]),
        (
            ".vtt",
            "WEBVTT - talk\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\nNOTE\n"
            f"{VTT_TIMES}\nno\n\n{VTT_TIMES}\nOne.\n\nNOTE no\n\nNOTES of hers.\n",
            ["One. NOTES of hers."],
        ),
    ],
)
def test_no_word_is_lost_at_a_blank_line_in_a_subtitle(tmp_path, suffix, text, words):
    assert [segment.text for segment in read_transcript(put(tmp_path, suffix, text))] == words


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        (f"\nTalk.\n\n1\n{SRT_TIMES}\nOne.\n", ["One."], "line 2: 'Talk.' stands before all times"),
        (f"1\n{SRT_TIMES}\nOne.\n\nTwo.\n2\n{SRT_TIMES}\nSix.\n", ["One. Two.", "Six."], ""),
        (f"1\n{SRT_TIMES}\nOne.\n2\n{SRT_TIMES}\nSix.\n", ["One.", "Six."], ""),
        (f"1\n{SRT_TIMES}\nOne.\n\n2\n00:00:02 --> 00:00:03\nSix.\n", ["One."], "line 6: '00:"),
    ],
)
def test_what_belongs_to_no_subtitle_is_left_out_and_told(tmp_path: Path, text, words, told):
    read = read_transcript(put(tmp_path, ".srt", text))
    assert [segment.text for segment in read] == words
    assert told in read.note
    assert bool(told) == bool(read.note)


def test_braces_are_markup_in_srt_and_words_in_vtt(tmp_path: Path):
    text = "{\\an8}Hi <i>you</i>."
    (of_srt,) = read_transcript(put(tmp_path, ".srt", f"1\n{SRT_TIMES}\n{text}\n"))
    (of_vtt,) = read_transcript(put(tmp_path, ".vtt", f"WEBVTT\n\n{VTT_TIMES}\n{text}\n"))
    assert (of_srt.text, of_vtt.text) == ("Hi you.", "{\\an8}Hi you.")


@pytest.mark.parametrize("text", ["<v" + " " * 100_000, "<v.a" * 50_000 + " ", "<v a" * 50_000])
def test_a_voice_that_never_closes_costs_no_time(tmp_path: Path, text: str):
    path = put(tmp_path, ".vtt", f"WEBVTT\n\n{VTT_TIMES}\n{text}x\n")
    started = time.process_time()
    assert len(read_transcript(path)) == 1
    assert time.process_time() - started < 30


def test_a_reference_to_no_character_is_a_mark_in_the_words(tmp_path: Path):
    path = put(tmp_path, ".vtt", f"WEBVTT\n\n{VTT_TIMES}\n&#65;&#{'9' * 5000};&#66;\n")
    assert [segment.text for segment in read_transcript(path)] == ["A\ufffdB"]


def test_a_reference_in_a_circle_is_no_time(tmp_path: Path):
    text = transcripts.elan(TALK)
    circle = (
        '<TIER TIER_ID="emotion Ada" PARENT_REF="Ada" LINGUISTIC_TYPE_REF="default-lt"><ANNOTATION>'
        '<REF_ANNOTATION ANNOTATION_ID="a9" ANNOTATION_REF="a9"><ANNOTATION_VALUE>joy'
        "</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER><LINGUISTIC_TYPE"
    )
    read = read_transcript(put(tmp_path, ".eaf", text.replace("<LINGUISTIC_TYPE", circle, 1)))
    assert "tier 'emotion Ada' annotation 1: has no time" in read.note
    assert len(read) == len(TALK)


def test_the_emotions_of_ten_thousand_speakers_are_read_in_seconds(tmp_path: Path):
    tiers = "".join(
        f'<TIER TIER_ID="{kind}{n}" {who} LINGUISTIC_TYPE_REF="default-lt"><ANNOTATION>'
        f'<ALIGNABLE_ANNOTATION ANNOTATION_ID="{kind}{n}" TIME_SLOT_REF1="ts2"'
        f' TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE>{said}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>'
        "</ANNOTATION></TIER>"
        for n in range(10_000)
        for who in (f'PARTICIPANT="P{n}"' if n % 2 else "",)
        for kind, said in (("S", "Hi."), ("emotion S", "joy"))
    )
    text = transcripts.elan(TALK[:1]).replace("<LINGUISTIC_TYPE", f"{tiers}<LINGUISTIC_TYPE", 1)
    path = put(tmp_path, ".eaf", text)
    started = time.process_time()
    emotions = [segment.emotion for segment in read_transcript(path)]
    assert time.process_time() - started < 30  # a second where beartype checks no argument
    assert emotions.count("joy") == 10_000


def segment(start_s: float, end_s: float) -> Segment:
    return Segment(start_s, end_s, "", f"talk.srt: line {start_s:g}")


def test_what_begins_after_the_recordings_end_is_left_out_and_told():
    segments = [segment(0, 1), segment(1, 3), segment(2, 4), segment(5, 6)]
    inside, note = within(segments, 2.0)
    assert inside == [segment(0, 1), segment(1, 2)]
    assert note == (
        "talk.srt: line 2: begins after the recording's end at 2.000 s; 2 of 4 left out"
    )
    assert within(segments, 10) == (segments, "")
    with pytest.raises(InputError, match="line 5: this and all else begins after"):
        within([segment(5, 6)], 5.0)
