"""The planted corpus holds what it promises."""

from itertools import combinations

import numpy as np
import pytest

from synctva.corpus import Corpus
from synctva.data.made import planted
from synctva.data.made.planted import DIMS, RATES, SCHEMA, planted_corpus
from synctva.emotions import MODALITIES
from synctva.errors import InputError

SUBSETS = [subset for size in range(4) for subset in combinations(MODALITIES, size)]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return planted_corpus()


def emotions_of(corpus: Corpus) -> np.ndarray:
    return np.array([SCHEMA.number(u.emotion or "") for _, u in corpus.utterances()])


def test_the_same_seed_gives_the_same_corpus_and_another_seed_another():
    first, again, other = (planted_corpus(seed, (3, 1, 1)) for seed in (5, 5, 6))
    assert first.dialogues == again.dialogues
    for m in MODALITIES:
        np.testing.assert_array_equal(first.features[m].values, again.features[m].values)
        assert first.features[m].fingerprint != other.features[m].fingerprint
    assert first.dialogues != other.dialogues


def test_a_larger_test_split_begins_with_the_smaller_one():
    small, large = (planted_corpus(0, (5, 2, tests)) for tests in (3, 8))
    assert large.dialogues[:10] == small.dialogues
    for m in MODALITIES:
        np.testing.assert_array_equal(
            large.features[m].values[: len(small)], small.features[m].values
        )


def test_the_corpus_has_the_promised_shape(corpus: Corpus):
    counts = [len(corpus.split(split).dialogues) for split in ("train", "valid", "test")]
    assert counts == [400, 60, 120]
    assert corpus.dims == dict(DIMS)
    for dialogue in corpus.dialogues:
        assert 4 <= len(dialogue.utterances) <= 14
        assert len({utterance.speaker for utterance in dialogue.utterances}) <= 3


def test_fear_and_disgust_are_rare_everywhere(corpus: Corpus):
    rates = dict(zip(SCHEMA.emotions, RATES, strict=True))
    assert RATES.sum() == pytest.approx(1)
    for split in ("train", "valid", "test"):
        counts = np.bincount(emotions_of(corpus.split(split)), minlength=7)
        for emotion in ("fear", "disgust"):
            assert 0.02 <= rates[emotion] <= 0.03
            assert 0.01 < counts[SCHEMA.number(emotion)] / counts.sum() < 0.04


def test_emotions_occur_at_the_rates_where_the_chain_settles():
    drawn = np.bincount(emotions_of(planted_corpus(1, (1500, 0, 0))), minlength=7)
    np.testing.assert_allclose(drawn / drawn.sum(), RATES, atol=0.015)


def test_modalities_are_missing_at_the_rate_and_then_zero(corpus: Corpus):
    for features in corpus.features.values():
        assert 0.08 < (~features.present).mean() < 0.12
        assert not features.values[~features.present].any()
    complete = planted_corpus(0, (2, 1, 1), missing=0)
    assert all(features.present.all() for features in complete.features.values())


def shown(emotion: str, modalities: tuple[str, ...]) -> list[tuple[int, ...]]:
    """Returns the signs of these modalities in each expression of an emotion."""
    places = [MODALITIES.index(m) for m in modalities]
    return sorted(tuple(signs[i] for i in places) for signs in planted.EXPRESSIONS[emotion])


@pytest.mark.parametrize(
    ("couple", "pair"),
    [
        (("joy", "anger"), ("audio", "visual")),
        (("surprise", "sadness"), ("text", "visual")),
    ],
)
def test_a_couple_looks_the_same_unless_its_pair_is_seen_together(couple, pair):
    for modalities in SUBSETS:
        same = shown(couple[0], modalities) == shown(couple[1], modalities)
        assert same == (not set(pair) <= set(modalities))


@pytest.mark.parametrize("emotion", ["fear", "disgust"])
def test_a_rare_emotion_shares_each_sign_but_not_both(emotion: str):
    others = [other for other in SCHEMA.emotions if other != emotion]
    for modality in MODALITIES:
        assert any(set(shown(emotion, (modality,))) <= set(shown(e, (modality,))) for e in others)
    both = ("text", "audio")
    assert not any(set(shown(emotion, both)) & set(shown(other, both)) for other in others)


@pytest.mark.parametrize(
    ("seed", "dialogues", "missing"),
    [(-1, (1, 1, 1), 0.1), (0, (0, 0, 0), 0.1), (0, (1, -1, 1), 0.1), (0, (1, 1, 1), 1.5)],
)
def test_impossible_settings_are_refused(seed, dialogues, missing):
    with pytest.raises(InputError, match="planted corpus"):
        planted_corpus(seed, dialogues, missing)
