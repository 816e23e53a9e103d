"""The ceiling of the planted corpus is the exact one, and asks for every modality and context."""

from dataclasses import replace
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from synctva.corpus import Corpus, Description
from synctva.data.made import planted
from synctva.data.made.planted import RATES, SCHEMA, bayes_probabilities, planted_corpus
from synctva.dialogue import Dialogue
from synctva.emotions import MODALITIES
from synctva.errors import InputError

SUBSETS = [subset for size in range(4) for subset in combinations(MODALITIES, size)]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return planted_corpus()


def emotions_of(corpus: Corpus) -> np.ndarray:
    return np.array([SCHEMA.number(u.emotion or "") for _, u in corpus.utterances()])


def weighted_f1(corpus: Corpus, probabilities: np.ndarray) -> float:
    chosen = probabilities.argmax(axis=1)
    return float(f1_score(emotions_of(corpus), chosen, average="weighted", zero_division=0))


def with_utterances(corpus: Corpus, **columns: list) -> Corpus:
    """Returns the corpus with these columns of its utterances replaced."""
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    dialogues = tuple(
        Dialogue(d.id, d.split, tuple(replace(u, **next(rows)) for u in d.utterances))
        for d in corpus.dialogues
    )
    return replace(corpus, dialogues=dialogues)


@pytest.mark.parametrize("modalities", SUBSETS, ids="+".join)
def test_bayes_equals_the_sum_over_all_paths_of_emotions(modalities: tuple[str, ...]):
    corpus = _opening_turns(planted_corpus(3, (5, 0, 0), missing=0.3), 3)
    given = bayes_probabilities(corpus, modalities)
    for number, dialogue in enumerate(corpus.dialogues):
        rows = [3 * number, 3 * number + 1, 3 * number + 2]
        path_sum = _sum_over_paths(corpus, dialogue, rows, modalities)
        np.testing.assert_allclose(given[rows], path_sum, atol=1e-6)


def _opening_turns(corpus: Corpus, turns: int) -> Corpus:
    keep = np.array([utterance.turn < turns for _, utterance in corpus.utterances()])
    dialogues = tuple(replace(d, utterances=d.utterances[:turns]) for d in corpus.dialogues)
    features = {
        m: replace(f, values=f.values[keep], present=f.present[keep])
        for m, f in corpus.features.items()
    }
    return replace(corpus, dialogues=dialogues, features=features)


def _sum_over_paths(
    corpus: Corpus, dialogue: Dialogue, rows: list[int], modalities: tuple[str, ...]
) -> np.ndarray:
    """Adds up the joint probability of every path of emotions, each density written out."""
    prototypes = planted._prototypes(3)

    def density(emotion: str, row: int) -> float:
        total = 0.0
        for expression in planted.EXPRESSIONS[emotion]:
            value = 1 / len(planted.EXPRESSIONS[emotion])
            for m in modalities:
                features, intended = corpus.features[m], expression[MODALITIES.index(m)]
                if features.present[row]:
                    value *= sum(
                        ((shown == intended) * (1 - planted.SLIP) + planted.SLIP / planted.SIGNS)
                        * np.exp(-((features.values[row] - prototypes[m][shown]) ** 2).sum() / 2)
                        for shown in range(planted.SIGNS)
                    )
            total += value
        return total

    def step(before: int, after: int, same: bool) -> float:
        own = planted.OWN_ACCORD[SCHEMA.emotions[after]]
        reaction = planted.REACTIONS[SCHEMA.emotions[before]].get(SCHEMA.emotions[after], 0.0)
        follows = float(before == after) if same else reaction
        return planted.RESPONSE * follows + (1 - planted.RESPONSE) * own

    densities = [[density(emotion, row) for emotion in SCHEMA.emotions] for row in rows]
    same = [a.speaker == b.speaker for a, b in pairwise(dialogue.utterances)]
    steps = [[[step(i, j, yes) for j in range(7)] for i in range(7)] for yes in same]
    totals = np.zeros((len(rows), 7))
    for path in product(range(7), repeat=len(rows)):
        joint = RATES[path[0]] * np.prod([d[e] for d, e in zip(densities, path, strict=True)])
        joint *= np.prod([s[i][j] for s, (i, j) in zip(steps, pairwise(path), strict=True)])
        totals[range(len(rows)), path] += joint
    return totals / totals.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("context", [True, False])
def test_bayes_gives_probabilities_for_every_subset(corpus: Corpus, context: bool):
    for modalities in SUBSETS:
        given = bayes_probabilities(corpus.split("test"), modalities, context=context)
        assert (given >= 0).all()
        np.testing.assert_allclose(given.sum(axis=1), 1)


def test_bayes_is_calibrated():
    large = planted_corpus(2, (0, 0, 600))
    given = bayes_probabilities(large)
    confident = given.max(axis=1)
    right = given.argmax(axis=1) == emotions_of(large)
    for low, high in ((0.3, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01)):
        there = (low <= confident) & (confident < high)
        assert right[there].mean() == pytest.approx(confident[there].mean(), abs=0.05)


def test_every_modality_raises_the_ceiling(corpus: Corpus):
    test = corpus.split("test")
    emotions = emotions_of(test)
    probabilities = {frozenset(s): bayes_probabilities(test, s) for s in SUBSETS}
    scores = {s: weighted_f1(test, p) for s, p in probabilities.items()}
    fits = {s: np.log(p[range(len(p)), emotions]).mean() for s, p in probabilities.items()}
    for fewer, more in product(scores, repeat=2):
        if fewer < more:
            assert fits[fewer] < fits[more]
            assert scores[fewer] < scores[more] - 0.05
    assert all(0.40 < scores[frozenset([m])] < 0.60 for m in MODALITIES)
    assert all(0.65 < scores[frozenset(pair)] < 0.83 for pair in combinations(MODALITIES, 2))
    assert 0.86 < scores[frozenset(MODALITIES)] < 0.92


def test_every_emotion_is_recognisable_with_all_three(corpus: Corpus):
    test = corpus.split("test")
    chosen = bayes_probabilities(test).argmax(axis=1)
    assert min(np.atleast_1d(f1_score(emotions_of(test), chosen, average=None))) > 0.75


def test_context_and_who_speaks_carry_information(corpus: Corpus):
    test = corpus.split("test")
    ceiling = weighted_f1(test, bayes_probabilities(test))
    assert weighted_f1(test, bayes_probabilities(test, context=False)) < ceiling - 0.04
    alone = with_utterances(test, speaker=["one"] * len(test))
    assert weighted_f1(test, bayes_probabilities(alone)) < ceiling - 0.01


def test_bayes_never_looks_at_emotions_text_or_speakers_names(corpus: Corpus):
    test = corpus.split("test")
    names = {"Ada": "Zoë", "Ben": "Ada", "Cem": "Ben"}
    speakers = [names[utterance.speaker] for _, utterance in test.utterances()]
    hidden = with_utterances(test, speaker=speakers, emotion=[None] * len(test))
    np.testing.assert_array_equal(bayes_probabilities(hidden), bayes_probabilities(test))


def test_bayes_ignores_the_features_of_absent_modalities(corpus: Corpus):
    test = corpus.split("test")
    features = {
        m: replace(f, values=np.where(f.present[:, None], f.values, np.float32(1e6)))
        for m, f in test.features.items()
    }
    spoilt = replace(test, features=features)
    np.testing.assert_array_equal(bayes_probabilities(spoilt), bayes_probabilities(test))


def test_a_dialogues_probabilities_do_not_depend_on_the_others(corpus: Corpus):
    one = corpus.select([corpus.dialogues[1].id])
    start = len(corpus.dialogues[0].utterances)
    together = bayes_probabilities(corpus)[start : start + len(one)]
    np.testing.assert_allclose(bayes_probabilities(one), together, atol=1e-12)
    assert bayes_probabilities(one.split("test")).shape == (0, 7)


def test_a_linear_classifier_of_single_utterances_stays_far_below(corpus: Corpus):
    train, test = corpus.split("train"), corpus.split("test")
    rows = [np.hstack([c.features[m].values for m in MODALITIES]) for c in (train, test)]
    linear = LogisticRegression(tol=0.01).fit(rows[0], emotions_of(train))
    reached = f1_score(emotions_of(test), linear.predict(rows[1]), average="weighted")
    assert 0.5 < reached < weighted_f1(test, bayes_probabilities(test)) - 0.15


def test_the_ceiling_of_other_features_is_refused(corpus: Corpus):
    text = replace(corpus.features["text"], description=Description("minilm"))
    features = {**corpus.features, "text": text}
    with pytest.raises(InputError, match="text features are made by 'minilm'"):
        bayes_probabilities(replace(corpus, features=features))
    del features["text"]
    with pytest.raises(InputError, match="text features are missing"):
        bayes_probabilities(replace(corpus, features=features))
    assert len(bayes_probabilities(replace(corpus, features=features), ("audio",))) == len(corpus)
