"""Splits and folds: by dialogue, the same every time, nothing twice."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctva.corpus import Corpus, Description, Features
from synctva.data.split import (
    fold_named,
    fold_of,
    folds,
    set_aside,
    split_dialogues,
    split_named,
)
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import SCHEMAS
from synctva.errors import InputError

IDS = st.lists(st.text(), unique=True, max_size=60)


@given(IDS, st.integers(0, 3), st.randoms())
def test_a_split_depends_on_the_dialogues_and_not_on_their_order(ids, seed, random):
    shuffled = random.sample(ids, len(ids))
    assert split_dialogues(ids, seed) == split_dialogues(shuffled, seed)
    assert set(split_dialogues(ids, seed)) == set(ids)


@given(IDS)
def test_shares_are_80_10_10_and_no_split_is_empty_from_three_dialogues_on(ids):
    found = Counter(split_dialogues(ids).values())
    if len(ids) >= 3:
        tenth = max(1, round(len(ids) / 10))
        assert found == {"train": len(ids) - 2 * tenth, "valid": tenth, "test": tenth}
    else:
        assert found == ({"train": len(ids)} if ids else {})


@given(IDS)
def test_a_tenth_is_set_aside_and_never_all(ids):
    chosen = set_aside(ids)
    assert chosen <= set(ids)
    assert len(chosen) == (max(1, round(len(ids) / 10)) if len(ids) > 1 else 0)


def test_another_seed_splits_otherwise():
    ids = [str(number) for number in range(100)]
    assert split_dialogues(ids, 0) != split_dialogues(ids, 1)


def test_a_split_has_its_usual_names():
    assert [split_named(name) for name in ("Train", " dev ", "val", "TEST")] == [
        "train",
        "valid",
        "valid",
        "test",
    ]
    with pytest.raises(InputError, match="Did you mean 'train'"):
        split_named("trian")


@pytest.fixture
def corpus() -> Corpus:
    dialogues = tuple(Dialogue(f"d{n}", "valid", (Utterance(0, "x", "y"),)) for n in range(11))
    values = np.arange(11, dtype=np.float32)[:, None]
    features = {"text": Features(values, np.ones(11, np.bool_), Description("own"))}
    return Corpus("own", SCHEMAS["mosi-2"], dialogues, features)


@pytest.mark.parametrize("count", [3, 5, 11])
def test_each_dialogue_is_tested_and_validated_once(corpus: Corpus, count: int):
    parts = folds(corpus, count, seed=1)
    assert len(parts) == count
    for split in ("test", "valid"):
        found = [d.id for part in parts for d in part.dialogues if d.split == split]
        assert sorted(found) == sorted(d.id for d in corpus.dialogues)
    for part in parts:
        assert [d.id for d in part.dialogues] == [d.id for d in corpus.dialogues]
        assert {d.split for d in part.dialogues} == {"train", "valid", "test"}
        assert part.features is corpus.features


@pytest.mark.parametrize("count", [1, 2, 12])
def test_too_few_or_too_many_folds_are_told(corpus: Corpus, count: int):
    with pytest.raises(InputError, match=f"own: 11 dialogues in {count} folds"):
        folds(corpus, count)


def test_a_fold_is_told_by_its_number_from_1(corpus: Corpus):
    for number, part in enumerate(folds(corpus, 5), start=1):
        assert fold_of(corpus, number, 5) == part
        assert fold_named(f" {number}/5") == (number, 5)


@pytest.mark.parametrize("number", [0, 6])
def test_a_fold_that_is_not_there_is_told(corpus: Corpus, number: int):
    with pytest.raises(InputError, match=f"fold {number}/5: write 1/5 to 5/5"):
        fold_of(corpus, number, 5)


@pytest.mark.parametrize("words", ["1", "1/", "one/five", "-1/5", "1/5/2", ""])
def test_a_fold_that_is_written_otherwise_is_told(words: str):
    with pytest.raises(
        InputError, match=f"--fold {words}: write which fold of how many, such as 1/5"
    ):
        fold_named(words)
