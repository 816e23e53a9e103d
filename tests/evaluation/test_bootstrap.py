"""Intervals and tests over dialogues."""

import numpy as np
import pytest

from synctva.evaluation.bootstrap import (
    Confusions,
    difference,
    estimates,
    holm,
    paired_difference,
    resample,
    resampled,
)
from synctva.evaluation.metrics import confusions, scores_of
from synctva.run.words import SCORES

EMOTIONS = ("neutral", "joy", "anger")


def counts_of(accuracy: float, dialogues: int = 60, seeds: int = 2) -> Confusions:
    """Returns confusions of runs that are right so often; the dialogues are always the same."""
    emotion = np.random.default_rng(0).integers(3, size=dialogues * 8)
    dialogue = np.repeat(np.arange(dialogues), 8)
    counts = []
    for seed in range(seeds):
        rng = np.random.default_rng((1, seed))
        wrong = (emotion + rng.integers(1, 3, size=len(emotion))) % 3
        predicted = np.where(rng.random(len(emotion)) < accuracy, emotion, wrong)
        counts.append(confusions(emotion, predicted, dialogue, 3))
    return np.stack(counts)


def width(counts: Confusions) -> float:
    low, high = estimates(counts, EMOTIONS).weighted_f1.interval
    return high - low


def test_an_estimate_tells_mean_and_sd_over_the_seeds():
    counts = counts_of(0.7, seeds=3)
    found = estimates(counts, EMOTIONS)
    seeds = scores_of(counts.sum(1))
    for name in SCORES:
        own = getattr(seeds, name)
        assert getattr(found, name).mean == pytest.approx(own.mean())
        assert getattr(found, name).sd == pytest.approx(own.std(ddof=1))
    assert list(found.f1) == list(EMOTIONS)
    for number, emotion in enumerate(EMOTIONS):
        assert found.f1[emotion].mean == pytest.approx(seeds.f1[:, number].mean())


def test_one_seed_has_no_sd():
    found = estimates(counts_of(0.7, seeds=1), EMOTIONS)
    assert found.weighted_f1.sd is None
    assert found.f1["joy"].sd is None


@pytest.mark.parametrize("accuracy", [0.0, 0.3, 0.8, 1.0])
def test_the_interval_contains_the_mean_and_lies_between_0_and_1(accuracy: float):
    found = estimates(counts_of(accuracy), EMOTIONS)
    for estimate in (found.weighted_f1, found.macro_f1, *found.f1.values()):
        low, high = estimate.interval
        assert 0 <= low <= estimate.mean <= high <= 1


def test_too_few_dialogues_tell_nothing_for_sure():
    """One dialogue is always drawn alike: its interval would be no wider than a point."""
    for dialogues in (1, 4):
        good, bad = counts_of(0.9, dialogues), counts_of(0.3, dialogues)
        found = estimates(good, EMOTIONS)
        assert found.weighted_f1.interval == found.f1["joy"].interval == (0, 1)
        gap = paired_difference(good, bad, "weighted_f1")
        assert (gap.interval, gap.p) == ((-1, 1), 1)
        assert gap.mean > 0.2


def test_an_emotion_has_the_interval_of_the_resamples_in_which_it_occurs():
    """An emotion of one dialogue is in two of three resamples; a perfect run misses it in none."""
    counts = np.zeros((1, 10, 3, 3), dtype=np.int64)
    counts[0, :, 0, 0] = 4
    counts[0, 7, 1, 1] = 2
    found = estimates(counts, EMOTIONS)
    assert found.f1["joy"].interval == found.macro_f1.interval == (1, 1)
    assert found.f1["anger"].interval == (0, 1)  # it occurs nowhere


def test_an_interval_is_the_same_again():
    assert estimates(counts_of(0.6), EMOTIONS) == estimates(counts_of(0.6), EMOTIONS)


def test_more_dialogues_make_the_interval_narrower():
    few, more, many = (width(counts_of(0.7, dialogues)) for dialogues in (15, 60, 240))
    assert few > more > many
    assert many == pytest.approx(few / 4, rel=0.4)  # as one over the root of the number


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for number in range(200):
        rng = np.random.default_rng((7, number))
        right = rng.binomial(8, 0.7, size=40)
        counts = np.zeros((1, 40, 2, 2), dtype=np.int64)
        counts[0, :, 0, 0], counts[0, :, 0, 1] = right, 8 - right
        low, high = np.quantile(scores_of(resample(counts, 300)).accuracy, [0.025, 0.975])
        covered += low <= 0.7 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_resample_draws_as_many_dialogues_whole_and_alike_for_all_seeds():
    counts = np.zeros((2, 5, 2, 2), dtype=np.int64)
    for number in range(5):
        counts[:, number, 0, 0] = 10**number
    drawn = resample(counts, 50)
    assert drawn.shape == (50, 2, 2, 2)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert all(sum(map(int, str(total))) == 5 for total in drawn[:, 0, 0, 0].tolist())
    assert len(set(drawn[:, 0, 0, 0].tolist())) > 20


def test_a_run_is_no_better_than_itself():
    found = paired_difference(counts_of(0.7), counts_of(0.7), "weighted_f1")
    assert (found.mean, found.interval, found.p) == (0.0, (0.0, 0.0), 1.0)


def test_a_clearly_better_run_has_a_small_p():
    found = paired_difference(counts_of(0.9), counts_of(0.6), "macro_f1")
    assert found.p < 0.001
    assert 0.2 < found.interval[0] < found.mean < found.interval[1] < 0.4


def test_runs_of_equal_skill_have_no_small_p():
    one, other = counts_of(0.7, seeds=4)[:2], counts_of(0.7, seeds=4)[2:]
    found = paired_difference(one, other, "accuracy")
    assert found.p > 0.05
    assert found.interval[0] < 0 < found.interval[1]


@pytest.mark.parametrize("score", ["weighted_f1", "macro_f1", "accuracy"])
def test_a_difference_seen_from_the_other_side_has_the_other_sign(score: str):
    ours, theirs = counts_of(0.72), counts_of(0.70, seeds=3)
    one, other = paired_difference(ours, theirs, score), paired_difference(theirs, ours, score)
    assert one.mean == pytest.approx(-other.mean)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
    assert one.p == other.p


def test_pairs_are_told_apart_better_than_runs_alone():
    """The same dialogues are drawn for both runs, so what is hard for both cancels out."""
    found = paired_difference(counts_of(0.75), counts_of(0.70), "accuracy")
    assert found.interval[1] - found.interval[0] < width(counts_of(0.75)) + width(counts_of(0.70))


def test_runs_resampled_once_differ_as_in_pairs():
    ours, theirs = counts_of(0.72), counts_of(0.70, seeds=3)
    one, other = resampled(ours), resampled(theirs)
    for score in SCORES:
        assert difference(one[score], other[score]) == paired_difference(ours, theirs, score)


def test_holm_multiplies_the_smallest_most_and_never_turns_the_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.3, 0.001, 0.7]) == pytest.approx([0.6, 0.003, 0.7])
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_holm_stays_between_the_own_p_and_bonferroni():
    p_values = np.random.default_rng(3).random(20) ** 3
    for own, corrected in zip(p_values, holm(p_values.tolist()), strict=True):
        assert own <= corrected <= min(1.0, 20 * own)
