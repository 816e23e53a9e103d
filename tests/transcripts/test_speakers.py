"""Who speaks: names in any script, several people in a cue, and what only looks like a name."""

# ruff: noqa: RUF001 (other scripts and their marks are what is tested)

from pathlib import Path

import pytest
from support.transcripts import put

from synctva.transcripts import read_transcript
from synctva.transcripts.speakers import who_says_what

CLOCK = "00:00:{:02d},000 --> 00:00:{:02d},900"


def srt(*cues: str) -> str:
    return "\n".join(f"{n}\n{CLOCK.format(n, n)}\n{cue}\n" for n, cue in enumerate(cues, start=1))


def said(tmp_path: Path, *cues: str) -> list[tuple[str | None, str]]:
    return [(s.speaker, s.text) for s in read_transcript(put(tmp_path, ".srt", srt(*cues)))]


@pytest.mark.parametrize(
    ("line", "speaker"),
    [
        ("Ольга Петрова: Да.", "Ольга Петрова"),
        ("Νίκος: Ναι.", "Νίκος"),
        ("Élodie: Oui.", "Élodie"),
        ("E\u0301lodie: Oui.", "E\u0301lodie"),
        ("Çiğdem: Evet.", "Çiğdem"),
        ("Anna : Oui.", "Anna"),
        ("王小明：好的。", "王小明"),
        ("王小明:好的。", "王小明"),
        ("佐藤さん：はい。", "佐藤さん"),
        ("김민수: 네.", "김민수"),
        ("سارة: نعم.", "سارة"),
        ("नेहा: हाँ।", "नेहा"),
        ("Maria da Silva: Sim.", "Maria da Silva"),
        ("McKAY: Go!", "McKAY"),
        ("o.brandt@example.org: Hello.", "o.brandt@example.org"),
        ("speaker 3: Hello.", "speaker 3"),
        ("spk_1: Hello.", "spk_1"),
        ("(Speaker_02) Hello.", "Speaker_02"),
        ("(speaker 0) Hello.", "speaker 0"),
        ("[speaker 1] Hello.", "speaker 1"),
        ("[Olga]: Hello.", "Olga"),
        (">> OLGA: Hello.", "OLGA"),
        (">>OLGA: Hello.", "OLGA"),
        ("- [Narrator] Hello.", "Narrator"),
    ],
)
def test_a_name_is_found_and_leaves_the_words(tmp_path: Path, line: str, speaker: str):
    ((found, words),) = said(tmp_path, line)
    assert found == speaker
    assert speaker not in words
    assert words[-1] in ".!。।"


@pytest.mark.parametrize(
    "line",
    [
        *("и вот: конец.", "Она сказала: нет.", "τώρα: όχι.", "à propos: non.", "ça va: oui."),
        *("他说：不。", "老师问：谁？", "قالت: لا.", "აი: არა.", "One rule of life: none."),
        *("It is 10:30: go.", "see https://a.example: there", "(2nd floor) Hello.", "[music]"),
        *("[Applause] Thanks.", "- Just one dash.", "(laughs) No."),
    ],
)
def test_what_only_looks_like_a_name_stays_in_the_words(tmp_path: Path, line: str):
    assert said(tmp_path, line) == [(None, line)]


@pytest.mark.parametrize(
    ("cue", "told"),
    [
        ("TOM: Ready?\nIDA: Yes.", [("TOM", "Ready?"), ("IDA", "Yes.")]),
        ("TOM:\nReady\nfor it?\nIDA: Yes.", [("TOM", "Ready for it?"), ("IDA", "Yes.")]),
        ("- Who?\n- Me.", [(None, "Who?"), (None, "Me.")]),
        ("–Wer?\n–Ich,\nja.", [(None, "Wer?"), (None, "Ich, ja.")]),
        ("- TOM: Who?\n- IDA: Me.", [("TOM", "Who?"), ("IDA", "Me.")]),
        ("- Who? - Me.", [(None, "Who?"), (None, "Me.")]),
        ("Who?\n- Me.", [(None, "Who?"), (None, "Me.")]),
        ("he came\n- or so it seemed", [(None, "he came - or so it seemed")]),
        (">> Who? >> IDA: Me.", [(None, "Who?"), ("IDA", "Me.")]),
        ("(speaker ?) Both.", [(None, "Both.")]),
        ("Go on. [SPEAKER_TURN]", [(None, "Go on.")]),
    ],
)
def test_everyone_in_a_cue_has_an_utterance(tmp_path: Path, cue: str, told: list):
    assert said(tmp_path, cue) == told


def test_a_name_in_the_middle_of_a_line_counts_if_the_file_has_it(tmp_path: Path):
    assert said(tmp_path, "Tom: Ready? Ida: Yes.", "Ida: Go.") == [
        *(("Tom", "Ready?"), ("Ida", "Yes.")),
        ("Ida", "Go."),
    ]
    assert said(tmp_path, "Tom: One. Rule: none.") == [("Tom", "One. Rule: none.")]


MEETING = (
    "Ida Berg: Let us begin.",
    "tom: I am here.",
    "Eva Roth (they/them): And I.",
    "Ana Maria Lopez Garcia Ruiz: Hello.",
    "tablet of Kim: Can you hear me?",
    "Room-B. North (3rd floor): Yes.",
    "Ida Berg: Two ways: stay or go.",
    "tom: We go.",
)


def test_in_a_meeting_all_that_stands_before_a_colon_is_a_name():
    assert [turn for turns in who_says_what([[line] for line in MEETING]) for turn in turns] == [
        tuple(line.split(": ", 1)) for line in MEETING
    ]


def test_where_nothing_comes_again_and_nothing_is_a_name_nobody_is_named():
    lines = ["и тогда: бац!", "короче говоря: всё.", "он сказал: нет."]
    assert who_says_what([[line] for line in lines]) == [[(None, line)] for line in lines]


def test_a_remark_after_a_name_makes_no_second_person(tmp_path: Path):
    assert said(tmp_path, "IDA (laughs): No!", "IDA: Yes.") == [("IDA", "No!"), ("IDA", "Yes.")]
