"""Chats and transcripts of text as messengers and meeting programs export them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctva.errors import InputError
from synctva.transcripts import read_script
from synctva.transcripts.table import NOBODY

TURNS = [("Ada Lovelace", "I can't believe it: really?"), ("Ben", "At 10:15 I was asleep.")]

BEFORE = {
    "WhatsApp, Android": "12/03/2024, 10:15 - {}: {}",
    "WhatsApp, America": "3/12/24, 10:15\u202fAM - {}: {}",
    "WhatsApp, Germany": "12.03.24, 10:15 - {}: {}",
    "WhatsApp, Spain": "12/3/24, 10:15 p.\xa0m. - {}: {}",
    "WhatsApp, Italy": "12/03/24, 10.15 - {}: {}",
    "WhatsApp, iPhone": "[12/03/24, 10:15:32] {}: {}",
    "WhatsApp, iPhone, marked": "\u200e[12.03.24, 10:15:32] {}: {}",
    "ISO": "2024-03-12 10:15:32 {}: {}",
    "a player's": "00:01:15 {}: {}",
    "a short one": "1:15 {}: {}",
    "in brackets": "[00:01:15.250] {}: {}",
    "in round ones": "(1:15) {}: {}",
    "Zoom's chat of before": "10:15:32\t From  {} : {}",
    "Zoom's chat": "10:15:32\t From {} to Everyone:\n\t{}",
    "Zoom's chat to one": "10:15:32\t From {} to Eva Doe(Direct Message):\n\t{}",
    "Otter": "{}  0:05\n{}\n",
    "Teams": "{}   10:15:32\n{}",
    "Zoom's captions": "[{}] 10:15:32\n{}\n",
    "Rev": "{} (00:05):\n{}\n",
}


def read(folder: Path, content: str) -> tuple[list[tuple[str, str]], str]:
    path = folder / "chat.txt"
    path.write_text(content, encoding="utf-8")
    return read_script(path)


@pytest.mark.parametrize("form", BEFORE.values(), ids=BEFORE)
def test_times_are_no_names_and_no_words(tmp_path: Path, form: str):
    found, note = read(tmp_path, "\n".join(form.format(*turn) for turn in TURNS))
    assert found == TURNS
    assert "its times are left out" in note


@pytest.mark.parametrize("form", [form for form in BEFORE.values() if "\n" not in form])
def test_one_turn_is_enough_where_it_is_one_line(tmp_path: Path, form: str):
    assert read(tmp_path, form.format(*TURNS[0]))[0] == TURNS[:1]


@pytest.mark.parametrize("form", BEFORE.values(), ids=BEFORE)
def test_a_turn_goes_on_in_the_lines_below(tmp_path: Path, form: str):
    lines = [form.format(who, f"{words}\nAnd: more.\n\nAnd the end.") for who, words in TURNS]
    found, _ = read(tmp_path, "\n".join(lines))
    assert found == [(who, f"{words} And: more. And the end.") for who, words in TURNS]


def test_what_a_messenger_says_itself_is_left_out_and_told(tmp_path: Path):
    found, note = read(
        tmp_path,
        "12/03/24, 10:14 - Messages and calls are end-to-end encrypted.\n"
        "12/03/24, 10:15 - Ada: <Media omitted>\n"
        "12/03/24, 10:15 - Ada: \u200eimage omitted\n"
        "12/03/24, 10:16 - Ada: Oh no! \u200e<This message was edited>\n"
        "12/03/24, 10:16 - Ada: I <3 you, \u200eand > all.\n"
        "12/03/24, 10:17 - Ben left\n",
    )
    assert found == [("Ada", "Oh no!"), ("Ada", "I <3 you, \u200eand > all.")]
    told = "its times are left out, and 2 lines that nobody says and 2 turns without words"
    assert note.endswith(told)


@pytest.mark.parametrize(
    "content",
    [
        "Ada: Hi.\nAt 10:15 we left.",
        "\u4e0a\u534810:15 Ada: Hi.",  # in the morning, as WhatsApp writes it in Chinese
        "12. maaliskuuta klo 10:15 - Ada: Hi.",
        "Meeting 10:15\nAda: Hi.\nBen: Ho.",
        "12/03/24 10:15 Meeting\nAda: Hi.\nBen: Ho.",
    ],
)
def test_a_time_that_is_not_understood_is_refused_with_its_line(tmp_path: Path, content: str):
    with pytest.raises(InputError, match=r"line \d: has a time before its first colon"):
        read(tmp_path, content)


def test_a_line_with_a_time_that_names_nobody_is_refused_where_nobody_else_can_say_it(
    tmp_path: Path,
):
    with pytest.raises(InputError, match="line 2: a turn is a name and words"):
        read(tmp_path, "[00:01:15] Ada: Hi.\n[00:01:18] And more.\n[00:01:20] Ben: Ho.")


MEAN_MORE = {*NOBODY, "from", "to", "am", "pm"}
"""Words that are no part of a name here: ``10:15 PM: Hi.`` may be in the evening."""

LETTERS = st.text(st.characters(categories=("L",)), min_size=1, max_size=8)
WORD = LETTERS.filter(lambda word: word.lower() not in MEAN_MORE)
NAME = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


@given(st.lists(st.tuples(NAME, NAME), min_size=2, max_size=5), st.sampled_from([*BEFORE]))
def test_whoever_says_whatever(tmp_path_factory: pytest.TempPathFactory, turns, form: str):
    lines = [BEFORE[form].format(*turn) for turn in turns]
    found, _ = read(tmp_path_factory.getbasetemp(), "\n".join(lines))
    assert found == turns
