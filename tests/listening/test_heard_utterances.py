"""What is heard becomes utterances: each word once, none in a pause, cut where somebody begins."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctva.listening.turns import Turn
from synctva.listening.utterances import filled, utterances_of
from synctva.transcripts import Segment, Word

HERE = Path("talk.wav")
SPANS = [(1.0, 2.0), (3.0, 4.0)]


def heard(*words: tuple[float, float, str], turns: list[Turn] | None = None) -> list[Segment]:
    return list(utterances_of([Word(*word) for word in words], SPANS, turns, HERE))


def test_words_end_where_speech_does():
    (said,) = heard((0.2, 1.6, " Oh"), (1.6, 2.9, " no."))
    assert (said.start_s, said.end_s, said.text) == (1.0, 2.0, "Oh no.")
    assert [(word.start_s, word.end_s, word.text) for word in said.words] == [
        (1.0, 1.6, "Oh"),
        (1.6, 2.0, "no."),
    ]


@pytest.mark.parametrize(
    ("end", "told"), [(".", ["Oh.", "No"]), ("?", ["Oh?", "No"]), ("", ["Oh No"])]
)
def test_a_pause_ends_an_utterance_only_after_a_sentence(end: str, told: list[str]):
    assert [said.text for said in heard((1.2, 2.4, f" Oh{end}"), (2.4, 3.8, " No"))] == told


def test_somebody_else_begins_an_utterance_within_a_sentence():
    turns = [Turn(1.0, 1.5, "A"), Turn(1.5, 2.0, "B")]
    told = heard((1.0, 1.5, " Oh"), (1.5, 2.0, " no"), turns=turns)
    assert [(said.text, said.speaker) for said in told] == [("Oh", "A"), ("no", "B")]


def test_a_word_beside_all_speech_is_kept_as_it_is():
    (said,) = heard((5.0, 5.5, " Oh"), turns=[Turn(1.0, 2.0, "A"), Turn(3.0, 4.0, "B")])
    assert (said.start_s, said.end_s, said.speaker) == (5.0, 5.5, "B")


def test_where_a_word_of_no_length_is_the_words_before_it_tell():
    told = heard((1.2, 1.9, " Oh"), (3.5, 3.5, " no."), (3.5, 3.8, " Well."))
    assert [(said.text, said.start_s, said.end_s) for said in told] == [
        ("Oh no.", 1.2, 2.0),
        ("Well.", 3.5, 3.8),
    ]


def test_the_first_and_last_words_of_speech_have_its_ends():
    spoken = [Segment(1.0, 2.0, "", "", "A"), Segment(2.0, 4.0, "", "", "B")]
    found = [
        Segment(1.2, 1.4, "Oh.", "", "A"),
        Segment(1.5, 1.8, "No.", "", "A"),
        Segment(2.5, 3.0, "Well.", "", "B"),
        Segment(3.2, 3.3, "Yes.", "", "A"),
    ]
    told = [(said.text, said.start_s, said.end_s) for said in filled(found, spoken)]
    assert told == [("Oh.", 1.0, 1.4), ("No.", 1.5, 2.0), ("Well.", 2.0, 4.0), ("Yes.", 3.2, 3.3)]


@given(
    ends=st.lists(st.floats(0.01, 2.0), min_size=1, max_size=12),
    bounds=st.lists(st.floats(0.0, 20.0), min_size=2, max_size=8, unique=True),
    texts=st.lists(st.sampled_from([" a", " b.", " ", "c?"]), min_size=12, max_size=12),
)
def test_every_word_is_said_once_in_order_and_not_in_a_pause(
    ends: list[float], bounds: list[float], texts: list[str]
):
    at_s, words = 0.0, []
    for length_s, text in zip(ends, texts, strict=False):
        words.append(Word(at_s, at_s + length_s, text))
        at_s += length_s
    bounds = sorted(bounds)[: len(bounds) // 2 * 2]
    spans = list(zip(bounds[::2], bounds[1::2], strict=True))
    told = [word for said in utterances_of(words, spans, None, HERE) for word in said.words]
    assert [word.text for word in told] == [w.text.strip() for w in words if w.text.strip()]
    assert all(one.end_s <= two.start_s + 1e-9 for one, two in pairwise(told))
    for word in told:
        touched = [one for one in spans if word.end_s > one[0] and word.start_s < one[1]]
        assert all(a <= word.start_s and word.end_s <= b for a, b in touched)
