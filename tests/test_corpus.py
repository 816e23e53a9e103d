import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.strategies import assert_same_corpus, corpora

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import SPLITS, Dialogue, Utterance
from synctva.emotions import schema_named
from synctva.errors import InputError

SCHEMA = schema_named("meld-7")
ADA = Dialogue("a", "train", (Utterance(0, "Ada", emotion="joy"), Utterance(3, "Ben")))
BEN = Dialogue("b", "test", (Utterance(0, "Ben", emotion="fear"),))


def features(rows: int, dim: int = 2) -> Features:
    values = np.arange(rows * dim, dtype=np.float32).reshape(rows, dim)
    return Features(values, np.ones(rows, dtype=bool), Description("count"))


@settings(deadline=None)
@given(corpora(), st.randoms(use_true_random=False))
def test_a_selection_keeps_every_utterance_with_its_features(corpus: Corpus, rng: random.Random):
    ids = [dialogue.id for dialogue in corpus.dialogues]
    wanted = set(rng.sample(ids, rng.randint(0, len(ids))))
    selected = corpus.select(wanted)
    assert [d.id for d in selected.dialogues] == [id for id in ids if id in wanted]
    rows = [i for i, (dialogue, _) in enumerate(corpus.utterances()) if dialogue.id in wanted]
    assert len(selected) == len(rows)
    for m in corpus.dims:
        np.testing.assert_array_equal(selected.features[m].values, corpus.features[m].values[rows])
        np.testing.assert_array_equal(
            selected.features[m].present, corpus.features[m].present[rows]
        )


@settings(deadline=None)
@given(corpora())
def test_the_splits_part_the_corpus(corpus: Corpus):
    parts = [corpus.split(split) for split in SPLITS]
    assert sum(len(part) for part in parts) == len(corpus)
    for split, part in zip(SPLITS, parts, strict=True):
        assert all(dialogue.split == split for dialogue in part.dialogues)
        assert part.dims == corpus.dims
    assert_same_corpus(corpus.select(d.id for d in corpus.dialogues), corpus)


def test_modalities_come_in_their_order_whatever_order_they_were_given_in():
    given = {m: features(2, dim) for m, dim in (("visual", 3), ("text", 4))}
    assert list(Corpus("own", SCHEMA, (ADA,), given).dims.items()) == [("text", 4), ("visual", 3)]


@pytest.mark.parametrize(
    ("dialogues", "complaint"),
    [
        ((ADA, ADA), "dialogue 'a' stands twice (in train)"),
        ((ADA, replace(ADA, split="test")), "dialogue 'a' stands twice (in test and train)"),
        (
            (Dialogue("c", "train", (Utterance(7, "Ada", emotion="glee"),)),),
            "dialogue 'c' turn 7: emotion 'glee' is none of neutral, surprise",
        ),
    ],
)
def test_impossible_dialogues_are_refused_naming_the_place(dialogues, complaint: str):
    with pytest.raises(InputError) as error:
        Corpus("own", SCHEMA, dialogues)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("modality", "given", "complaint"),
    [
        ("smell", features(3), "modality 'smell' is none of"),
        ("text", features(2), "2 rows of text features for 3 utterances"),
        ("text", features(4), "4 rows of text features for 3 utterances"),
    ],
)
def test_features_of_other_utterances_are_refused(modality, given: Features, complaint: str):
    with pytest.raises(InputError, match=complaint):
        Corpus("own", SCHEMA, (ADA, BEN), {modality: given})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("row", "place"), [(1, "'a' turn 3"), (2, "'b' turn 0")])
def test_a_feature_that_is_not_finite_is_refused_naming_its_place(value, row: int, place: str):
    spoilt = features(3)
    spoilt.values[row, 1] = value
    with pytest.raises(InputError, match=f"{place}: audio features hold NaN or infinity"):
        Corpus("own", SCHEMA, (ADA, BEN), {"audio": spoilt})
