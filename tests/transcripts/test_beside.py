"""Which transcript belongs to which recording, by the names that programs and people give them."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctva.transcripts import READERS, belongings
from synctva.transcripts.beside import ORDER

SEGMENTS = '{"segments": []}'


def put(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(SEGMENTS if name.endswith("json") else "start,end,text\n")
    return [folder / name for name in names]


def told(folder: Path, recordings: list[str], transcripts: list[str]) -> dict[str, list[str]]:
    found = belongings(put(folder, *recordings), put(folder, *transcripts))
    own = {recording.name: [path.name for path in of] for recording, of in found.of.items()}
    return own | ({"": [path.name for of in found.alone for path in of]} if found.alone else {})


@pytest.mark.parametrize(
    "name",
    [
        "talk.srt",
        "talk.mp4.srt",
        "talk.en.srt",
        "talk.en-orig.vtt",
        "talk.zh-Hans.vtt",
        "talk.pt_BR.srt",
        "talk.en.sdh.srt",
        "talk.eng.forced.default.srt",
        "talk.mp4.de.vtt",
        "TALK.SRT",
    ],
)
def test_a_transcript_is_called_as_its_recording(tmp_path: Path, name: str):
    assert told(tmp_path, ["talk.mp4", "other.mp4"], [name]) == {"talk.mp4": [name]}


@pytest.mark.parametrize(
    "name",
    ["talks.srt", "tal.srt", "talk2.en.srt", "talk (1).srt", "talk.notes.srt", "day/talk.srt"],
)
def test_what_is_called_otherwise_or_lies_elsewhere_is_no_recordings(tmp_path: Path, name: str):
    assert told(tmp_path, ["talk.mp4"], [name]) == {"": [Path(name).name]}


def test_the_recording_that_is_named_most_exactly_has_the_transcript(tmp_path: Path):
    recordings = ["call.wav", "call.mp4", "call.en.mp4", "Talk.mp4", "talk.mp4"]
    assert told(tmp_path, recordings, ["call.wav.srt", "call.en.srt", "talk.srt"]) == {
        "call.wav": ["call.wav.srt"],
        "call.en.mp4": ["call.en.srt"],
        "talk.mp4": ["talk.srt"],
    }
    both = told(tmp_path, recordings[:2], ["call.srt"])
    assert both == {"call.wav": ["call.srt"], "call.mp4": ["call.srt"]}


def test_accents_may_be_written_in_two_ways_as_a_mac_does(tmp_path: Path):
    name = unicodedata.normalize("NFD", "Zoë.srt")
    assert told(tmp_path, ["Zoë.mp4"], [name]) == {"Zoë.mp4": [name]}


def test_of_several_what_people_annotate_counts_first_then_what_names_speakers(tmp_path: Path):
    names = ["talk.srt", "talk.tsv", "talk.vtt", "talk.json", "talk.rttm", "talk.wav.csv"]
    assert told(tmp_path, ["talk.wav"], [*names, "talk.eaf"]) == {
        "talk.wav": [
            *("talk.eaf", "talk.wav.csv", "talk.json", "talk.vtt", "talk.srt", "talk.tsv"),
            "talk.rttm",
        ]
    }
    assert set(ORDER) == set(READERS)


def test_no_language_counts_before_english_and_english_before_others(tmp_path: Path):
    names = ["talk.de.vtt", "talk.en-orig.vtt", "talk.fr.json", "talk.en.srt"]
    ordered = ["talk.en.srt", "talk.en-orig.vtt", "talk.de.vtt", "talk.fr.json"]
    assert told(tmp_path, ["talk.mp4"], names) == {"talk.mp4": ordered}
    assert told(tmp_path, ["talk.mp4"], [*names, "talk.rttm"])["talk.mp4"][0] == "talk.rttm"


def test_what_a_file_holds_decides_where_its_name_does_not(tmp_path: Path):
    others = put(tmp_path, "talk.info.json", "talk.ab.json", "list.csv")
    for path in others:
        path.write_text('{"title": "id,age"}')
    recording, srt = put(tmp_path, "talk.mp4", "talk.srt")
    found = belongings([recording], [*others, srt])
    assert (found.of, found.alone) == ({recording: (srt,)}, ())


@given(st.permutations(["talk.srt", "talk.wav.vtt", "talk.json", "talk.en.srt", "b.srt", "b.vtt"]))
def test_the_order_of_the_files_makes_no_difference(tmp_path_factory, names: list[str]):
    folder = tmp_path_factory.mktemp("talks")
    assert told(folder, ["talk.wav"], names) == {
        "talk.wav": ["talk.json", "talk.wav.vtt", "talk.srt", "talk.en.srt"],
        "": ["b.vtt", "b.srt"],
    }
