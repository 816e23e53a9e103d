"""Lanes of those who speak over themselves: the first with room, without looking at all of them."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.talks import felt, fuzzed, recognition

from synctva.inference.export import write_recognition
from synctva.inference.export.places import tiers, times_ms
from synctva.inference.recognition import RecognisedUtterance


def utterance(start_ms: int, end_ms: int, who: str = "Ada") -> RecognisedUtterance:
    return RecognisedUtterance(start_ms / 1000, end_ms / 1000, who, "Hm.", felt("joy"))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted), max_size=12))
@fuzzed
def test_each_utterance_is_on_the_first_lane_that_has_room(spans: list):
    one = recognition(*(utterance(start, end) for start, end in spans))
    lanes: list[list[RecognisedUtterance]] = []
    for said in sorted(one.utterances, key=times_ms):
        room = [lane for lane in lanes if times_ms(lane[-1])[1] <= times_ms(said)[0]]
        if room:
            room[0].append(said)
        else:
            lanes.append([said])
    found = tiers(one)
    assert [list(tier.utterances) for tier in found] == lanes
    assert [tier.name for tier in found] == ["Ada", *(f"Ada ({n + 1})" for n in range(1, 12))][
        : len(lanes)
    ]


@pytest.mark.parametrize("suffix", [".eaf", ".TextGrid"])
def test_thousands_at_once_are_written(tmp_path: Path, suffix: str):
    one = recognition(*(utterance(0, 1000) for _ in range(4000)), utterance(0, 5, "Ada (2)"))
    started = time.process_time()
    write_recognition(one, tmp_path / f"talk{suffix}")
    assert len({tier.name for tier in tiers(one)}) == 4001
    assert time.process_time() - started < 60  # many minutes where each looks at all others
