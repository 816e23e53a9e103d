"""A talk in the terminal: a line for each turn that is over, and nothing that a terminal obeys."""

import re

from synctva.inference.live import End, Problem, Relabel, Speech, Turn
from synctva.terminal.talk import live_line

TURN = Turn(
    3,
    5,
    True,
    61.0,
    62.5,
    63.0,
    "SPEAKER_01",
    "Oh \x1b[31mno\n!",
    "fear",
    {"fear": 0.4, "joy": 0.3, "anger": 0.3},
    {"audio": -0.12, "text": 0.31},
    ("short",),
)


def test_a_turn_is_a_line():
    line = re.sub(" +", " ", live_line(TURN))
    assert (
        line == "1:01.0-1:02.5 SPEAKER_01 fear? 40 % text +31, audio -12 short Oh \\x1b[31mno\\n!"
    )


def test_what_only_programs_want_is_left_out():
    assert live_line(Speech(1.0)) == ""
    estimate = Turn(3, 0, False, 61.0, 62.0, 62.0, "", None, "joy", {"joy": 1.0})
    assert live_line(estimate) == ""


def test_the_rest_is_told_in_words():
    assert live_line(Relabel("SPEAKER_01", "SPEAKER_00", (1, 2))) == "SPEAKER_01 is SPEAKER_00"
    assert live_line(Problem(2.0, "2 s of sound are missing")).startswith("at 0:02.0: 2 s of sound")
    assert live_line(End(62.0, 3)) == "3 turns in 1:02.0"


def test_where_nothing_tells_an_emotion_none_is_told():
    nothing = Turn(0, 0, True, 0.0, 1.0, 1.3, "A", None, None, {"joy": 1.0}, {}, ("no_evidence",))
    assert re.sub(" +", " ", live_line(nothing)) == "0:00.0-0:01.0 A - 0 % no_evidence"
