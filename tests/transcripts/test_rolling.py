"""Rolling captions: each line once, where it comes in; and what is said twice stays."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.transcripts import clock, put

from synctva.transcripts import read_transcript
from synctva.transcripts.rolling import Cue, unrolled

LINES = ("we took the early train", "it was full", "nobody said a word", "until the border")


def rolling(lines: tuple[str, ...], height: int, hold: bool = True) -> list[Cue]:
    """Captions that scroll: the newest line below the ones before; then, for an instant, alone."""
    cues = []
    for number, line in enumerate(lines):
        start_s = 2.0 * number
        shown = (*lines[max(0, number - height + 1) : number], line)
        cues.append(Cue(start_s, start_s + 1.99, "", shown))
        if hold:
            cues.append(Cue(start_s + 1.99, start_s + 2.0, "", shown[-height + 1 :]))
    return cues


def written(cues: list[Cue], suffix: str) -> str:
    mark = "," if suffix == ".srt" else "."
    blocks = [
        f"{clock(cue.start_s, mark)} --> {clock(cue.end_s, mark)}\n" + "\n".join(cue.lines) + "\n"
        for cue in cues
    ]
    return ("" if suffix == ".srt" else "WEBVTT\nKind: captions\n\n") + "\n".join(blocks)


@pytest.mark.parametrize("suffix", [".srt", ".vtt"])
@pytest.mark.parametrize("height", [2, 3])
@pytest.mark.parametrize("hold", [True, False])
def test_each_line_is_said_once(tmp_path: Path, suffix: str, height: int, hold: bool):
    read = read_transcript(put(tmp_path, suffix, written(rolling(LINES, height, hold), suffix)))
    assert [segment.text for segment in read] == list(LINES)
    assert [segment.start_s for segment in read] == [0.0, 2.0, 4.0, 6.0]
    assert "rolling captions" in read.note


def test_word_times_of_youtube_are_markup(tmp_path: Path):
    text = (
        "WEBVTT\n\n00:00:00.100 --> 00:00:02.000 align:start position:0%\n \n"
        "we<00:00:00.500><c> took</c>\n\n00:00:02.000 --> 00:00:02.010\nwe took\n \n\n"
        "00:00:02.010 --> 00:00:04.000\nwe took\nthe<00:00:03.000><c> train</c>\n"
    )
    read = read_transcript(put(tmp_path, ".vtt", text))
    assert [(s.start_s, s.end_s, s.text) for s in read] == [
        (0.1, 2.0, "we took"),
        (2.01, 4.0, "the train"),
    ]


def test_a_line_that_grows_is_one():
    texts = ["we", "we took", "we took the train", "it was", "it was full"]
    cues = [Cue(n, n + 1.0, "", (text,)) for n, text in enumerate(texts)]
    found, _ = unrolled(cues)
    assert [(cue.start_s, cue.end_s, cue.lines) for cue in found] == [
        (0, 3.0, ("we took the train",)),
        (3, 5.0, ("it was full",)),
    ]


def test_the_newest_of_two_lines_may_grow():
    shown = [("it was full",), ("it was full", "nobody"), ("it was full", "nobody said"), ("so",)]
    found, _ = unrolled([Cue(n, n + 1.0, "", lines) for n, lines in enumerate(shown)])
    assert [(cue.start_s, cue.end_s, cue.lines) for cue in found] == [
        (0, 1.0, ("it was full",)),
        (1, 3.0, ("nobody said",)),
        (3, 4.0, ("so",)),
    ]


@pytest.mark.parametrize(
    "cues",
    [
        [("No.",), ("No.",), ("No.",), ("Go.",)],
        [("We took", "the train."), ("the train.", "It was full."), ("Was it?",), ("It was.",)][1:],
        [("La la",), ("So it goes.",), ("La la",)],
    ],
)
def test_what_is_said_again_stays(cues: list[tuple[str, ...]]):
    said = [Cue(n, n + 1.0, "", lines) for n, lines in enumerate(cues)]
    assert unrolled(said) == (said, 0)


@settings(max_examples=50, deadline=None)
@given(
    lines=st.lists(
        st.text("abc ", min_size=1).map(str.strip).filter(bool), min_size=3, unique=True
    ),
    height=st.integers(2, 4),
    hold=st.booleans(),
)
def test_any_lines_come_back_once(lines: list[str], height: int, hold: bool):
    if any(b.startswith(f"{a} ") for a in lines for b in lines):
        return  # a line that grows is another matter
    found, _ = unrolled(rolling(tuple(lines), height, hold))
    assert [line for cue in found for line in cue.lines] == lines
