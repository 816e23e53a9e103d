"""Class frequencies: stated by a name or a table, and what weights by them hold."""

from pathlib import Path

import numpy as np
import pytest

from synctva.emotions import schema_named
from synctva.errors import InputError
from synctva.evaluation.frequencies import FREQUENCIES, expected_frequencies, reweighted

MELD = schema_named("meld-7").emotions


@pytest.mark.parametrize("expect", ["equal", *FREQUENCIES])
def test_frequencies_sum_to_one_in_the_order_of_the_model(expect: str):
    found = expected_frequencies(expect, MELD)
    assert found.sum() == pytest.approx(1)
    backwards = expected_frequencies(expect, MELD[::-1])
    assert np.allclose(found[::-1], backwards)


def test_a_conversation_is_mostly_neutral():
    assert expected_frequencies("meld", MELD)[MELD.index("neutral")] == pytest.approx(0.48)


def test_a_table_states_shares_in_any_unit_and_spelling(tmp_path: Path):
    table = tmp_path / "shares.csv"
    table.write_text("emotion,share\nneutral,60%\nhappy,30\nangry,10\n")
    found = expected_frequencies(f"{table}", MELD)
    assert found[MELD.index("joy")] == pytest.approx(0.3)
    assert found[MELD.index("fear")] == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("emotion,share\nneutral,x\n", "line 2"),
        ("emotion,share\nneutral,nan\n", "line 2"),
        ("emotion,share\nneutral,inf\n", "line 2"),
        ("emotion,share\nneutral,-1\n", "line 2"),
        ("emotion,share\nneutral,1\nneutral,1\n", "line 3"),
        ("emotion,share\njoy,1\nhappy,1\n", "line 3"),
        ("emotion,share\nneutral,1\nbliss,1\n", "line 3"),
        ("emotion,share\nneutral,0\n", "above 0"),
        ("emotion,share\n", "above 0"),
        ("name,count\nneutral,1\n", "line 2"),
    ],
)
def test_a_bad_table_is_told_by_its_line(tmp_path: Path, content: str, told: str):
    table = tmp_path / "shares.csv"
    table.write_text(content)
    with pytest.raises(InputError, match=told):
        expected_frequencies(f"{table}", MELD)


@pytest.mark.parametrize("expect", ["medl", "nowhere.csv"])
def test_an_unknown_name_tells_what_is_known(expect: str):
    with pytest.raises(InputError):
        expected_frequencies(expect, MELD)


def test_weights_give_each_emotion_its_share():
    emotion = np.array([0, 0, 0, 4, 6])
    weights = reweighted(emotion, expected_frequencies("meld", MELD))
    share = {n: weights[emotion == n].sum() for n in (0, 4, 6)}
    assert sum(share.values()) == pytest.approx(1)
    assert share[0] / share[4] == pytest.approx(0.48 / 0.16)
    assert share[0] / share[6] == pytest.approx(0.48 / 0.12)
