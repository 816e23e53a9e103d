"""The community number: never below the honest score, never without the epochs."""

import shutil

import pytest

from synctva.errors import InputError
from synctva.evaluation.community import community_score
from synctva.evaluation.protocol import evaluate, load_evaluated


def test_the_best_test_epoch_is_never_below_the_honest_score(run):
    loaded = load_evaluated(run)
    found, result = community_score(loaded), evaluate(loaded)
    honest = result.test.weighted_f1.mean
    assert found.gap >= 0
    assert found.weighted_f1.mean == pytest.approx(honest + found.gap)
    assert found.weighted_f1.sd >= 0


def test_with_the_best_epoch_only_there_is_no_gap(run):
    loaded = load_evaluated(run)
    for number, folder in loaded.folder.finished_seeds():
        shutil.rmtree(folder.epochs)
        shutil.copytree(folder.checkpoint, folder.epochs / "000")
        assert number in loaded.models
    assert community_score(loaded).gap == 0


def test_a_run_that_kept_no_epochs_is_told_how_to_keep_them(run):
    loaded = load_evaluated(run)
    shutil.rmtree(run / "seed-1" / "epochs")
    with pytest.raises(InputError) as caught:
        community_score(loaded)
    remedy = "train it with `--set training.keep_epochs=true`"
    assert str(caught.value) == f"{run}: it kept no epochs; {remedy}"
