"""Stray bytes, other encodings, bad cues and bad lines: what is read, and what is told."""

import json
from pathlib import Path

import pytest
from support.transcripts import TALK, WRITERS, put

from synctva.errors import InputError
from synctva.transcripts import read_transcript, within

SRT = "1\n00:00:01,000 --> 00:00:02,000\nNo {}.\n\n2\n00:00:03,000 --> 00:00:04,000\nYes.\n"


def read(tmp_path: Path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    return read_transcript(path)


@pytest.mark.parametrize("half", [b"\xe2", b"\xe2\x99", b"\xf0\x9f\x98", b"\xaa"])
def test_half_a_character_is_replaced_and_told(tmp_path: Path, half: bytes):
    found = read(tmp_path, "talk.srt", SRT.encode().replace(b"{}", half))
    assert [segment.text for segment in found] == ["No \ufffd.", "Yes."]
    assert "talk.srt: line 3: a byte belongs to no character of UTF-8" in found.note


@pytest.mark.parametrize("suffix", [".json", ".csv", ".eaf", ".TextGrid", ".vtt"])
def test_every_format_of_text_has_its_stray_bytes_replaced(tmp_path: Path, suffix: str):
    content = WRITERS[suffix](TALK).replace("We won!", "We * won!").encode()
    found = read(tmp_path, f"talk{suffix}", content.replace(b"*", b"\xe5\xbc"))
    assert found[0].text == "We \ufffd won!"
    assert "belongs to no character" in found.note


@pytest.mark.parametrize("text", ["Caf\u00e9 fran\u00e7ais", "\u00c4h", "Gr\u00fc\u00dfe"])
def test_another_encoding_is_refused(tmp_path: Path, text: str):
    with pytest.raises(InputError, match=r"talk\.srt: not read as text in UTF-8 .*; convert it"):
        read(tmp_path, "talk.srt", SRT.replace("{}", text).encode("cp1252"))


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, suffix: str, encoding: str):
    found = read(tmp_path, f"talk{suffix}", WRITERS[suffix](TALK).encode(encoding))
    assert len(found) == len(TALK)
    assert found.note == ""


@pytest.mark.parametrize(
    "bad",
    [
        *("00:00:03,000 --> 00:00:02,000", "00:00:03 --> 00:00:04", "00:00:03,000 --> "),
        "99999:00:00,000 --> 99999:00:01,000",
    ],
)
def test_a_bad_cue_costs_itself_and_a_note(tmp_path: Path, bad: str):
    text = SRT.format("way") + f"\n3\n{bad}\nLost.\n\n4\n00:00:05,000 --> 00:00:06,000\nKept.\n"
    found = read(tmp_path, "talk.srt", text.encode())
    assert [segment.text for segment in found] == ["No way.", "Yes.", "Kept."]
    assert "line 10: " in found.note
    assert found.note.endswith("left out")


@pytest.mark.parametrize("arrow", ["->", "\u2013>", "\u2192"])
def test_an_arrow_that_an_editor_has_changed_is_one(tmp_path: Path, arrow: str):
    found = read(tmp_path, "talk.srt", SRT.replace("-->", arrow).encode())
    assert [(s.start_s, s.end_s) for s in found] == [(1, 2), (3, 4)]
    assert found.note == ""


def test_a_bad_segment_of_json_costs_itself(tmp_path: Path):
    segments = [
        {"start": 0, "end": 1, "text": "One."},
        {"start": float("nan"), "end": 2, "text": "Two."},
        {"text": "Three."},
        {"start": 3, "end": 4, "text": "Four."},
    ]
    found = read(tmp_path, "talk.json", json.dumps({"segments": segments}).encode())
    assert [segment.text for segment in found] == ["One.", "Four."]
    assert "segments 2: nan s to 2.0 s are no times; left out, as are 1 more" in found.note


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("SPEAKER my talk 1 0.5 2.25 <NA> <NA> Ida Berg <NA> <NA>", "Ida Berg"),
        ("SPEAKER my talk 1 0.5 2.25 <NA> <NA> Ida <NA> <NA>", "Ida"),
        ("SPEAKER my talk 1 0.5 2.25 <NA> <NA> Ida Berg", "Ida Berg"),
        ("SPEAKER my talk 1 0.5 2.25 <NA> <NA> Speaker 1 <NA> <NA>", "Speaker 1"),
        ("SPEAKER my talk 1 0.5 2.25 <NA> <NA> Ida Berg 0.97 <NA>", "Ida Berg"),
        ("SPEAKER my talk 1 0.5 2.25 <NA> <NA> <NA> <NA> <NA>", None),
        ("SPEAKER\tmy talk\t1\t0.5\t2.25\t<NA>\t<NA>\tIda Berg\t<NA>\t<NA>", "Ida Berg"),
        ("SPEAKER  my  talk  A  0.5  2.25  <NA>  <NA>  Ida  Berg  <NA>  <NA>", "Ida Berg"),
    ],
)
def test_blanks_in_names_of_an_rttm_shift_no_field(tmp_path: Path, line: str, told: str | None):
    other = "SPEAKER other 1 7 1 <NA> <NA> Tom <NA> <NA>"
    (segment,) = read(tmp_path, "my talk.rttm", f"{other}\n{line}\n".encode())
    assert (segment.start_s, segment.end_s, segment.speaker) == (0.5, 2.75, told)


def test_a_number_in_the_name_of_a_recording_is_no_time(tmp_path: Path):
    line = "SPEAKER talk 3 4 1 0.5 2.25 <NA> <NA> Ida <NA> <NA>"
    (segment,) = read(tmp_path, "talk 3 4.rttm", line.encode())
    assert (segment.start_s, segment.end_s) == (0.5, 2.75)
    unclear = "SPEAKER my talk 1 0.5 2.25 word adult Ida"
    with pytest.raises(InputError, match="line 1: with blanks in names, it is unclear which field"):
        read(tmp_path, "talk.rttm", unclear.encode())


@pytest.mark.parametrize("name", ["", " ", "nan", "None"])
def test_a_row_may_name_nobody(tmp_path: Path, name: str):
    rows = f"start_s,end_s,speaker,text\n0,1,Ida,Hi.\n1,2,{name},Ho.\n"
    found = read(tmp_path, "talk.csv", rows.encode())
    assert [segment.speaker for segment in found] == ["Ida", None]


def test_ends_long_after_the_recordings_are_told_and_milliseconds_refused(tmp_path: Path):
    rows = "start_s,end_s,text\n0,2,Hi.\n2,9,Ho.\n"
    found = read(tmp_path, "talk.csv", rows.encode())
    kept, note = within(found, 3.0)
    assert [segment.end_s for segment in kept] == [2.0, 3.0]
    assert "line 3: ends after the recording's end at 3.000 s; 1 of 2 cut short" in note
    rows = "start_s,end_s,text\n0,2000,Hi.\n2000,2900,Ho.\n"
    with pytest.raises(InputError, match=r"in milliseconds\? Then call the columns start_ms"):
        within(read(tmp_path, "talk.csv", rows.encode()), 3.0)


def test_a_subtitle_may_be_called_by_the_other_ones_name(tmp_path: Path):
    put(tmp_path, ".srt", WRITERS[".vtt"](TALK))
    assert [s.speaker for s in read_transcript(tmp_path / "talk.srt")] == [w for *_, w, _ in TALK]
