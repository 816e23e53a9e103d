import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctva.dialogue import Dialogue, Utterance
from synctva.errors import InputError


def test_a_dialogue_is_a_value():
    one, same = (Dialogue("d", "train", (Utterance(0, "Ada", "Hi"),)) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    with pytest.raises(AttributeError):
        one.split = "test"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("utterance", "complaint"),
    [
        ({"turn": -1}, "turns are numbered from 0"),
        ({"turn": 1 << 63}, "is too large; number turns from 0"),
        ({"speaker": ""}, "the speaker is empty"),
        ({"start_s": math.nan}, "not finite"),
        ({"end_s": math.inf}, "not finite"),
        ({"start_s": -5.0, "end_s": -3.0}, "a time of -5.0 s is negative"),
        ({"end_s": -0.1}, "a time of -0.1 s is negative"),
        ({"start_s": 2.0, "end_s": 1.5}, "ends at 1.5 s, before its start at 2.0 s"),
    ],
)
def test_an_impossible_utterance_is_refused_naming_its_turn(utterance: dict, complaint: str):
    with pytest.raises(InputError, match=complaint) as error:
        Utterance(**{"turn": 4, "speaker": "Ada", **utterance})
    assert f"turn {utterance.get('turn', 4)}" in str(error.value)


@pytest.mark.parametrize("times", [(None, None), (1.0, None), (None, 1.0), (1.0, 1.0), (0.0, 2.5)])
def test_either_time_may_be_unknown(times: tuple[float | None, float | None]):
    utterance = Utterance(0, "Ada", start_s=times[0], end_s=times[1])
    assert (utterance.start_s, utterance.end_s) == times


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_turns_increase_with_gaps_or_not_at_all(turns: list[int]):
    utterances = tuple(Utterance(turn, "Ada") for turn in turns)
    if turns == sorted(set(turns)):
        assert Dialogue("d", "valid", utterances).utterances == utterances
    else:
        with pytest.raises(InputError, match="'d': turns out of order"):
            Dialogue("d", "valid", utterances)


def test_a_dialogue_has_utterances_and_a_known_split():
    with pytest.raises(InputError, match="'d' has no utterance"):
        Dialogue("d", "train", ())
    with pytest.raises(InputError, match="'dev' is none of train, valid, test"):
        Dialogue("d", "dev", (Utterance(0, "Ada"),))
