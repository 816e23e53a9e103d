"""Two runs on the same dialogues."""

import shutil
from dataclasses import replace

import pytest
from support.tiny import tiny_corpus, tiny_recipe, tiny_store

from synctva.errors import InputError
from synctva.evaluation.compare import compare
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.training.run import train_run


@pytest.fixture
def evaluated(run):
    evaluate(load_evaluated(run))
    return run


def test_a_run_is_no_better_than_its_copy(evaluated, tmp_path):
    copy = shutil.copytree(evaluated, tmp_path / "copy")
    (found,) = compare(evaluated, [copy])
    assert (found.run, found.first) == (copy, evaluated)
    assert list(found.differences) == ["weighted_f1", "macro_f1", "accuracy", "uar"]
    assert all(d.mean == 0 and d.p == 1 for d in found.differences.values())


def test_the_difference_is_that_of_the_means(evaluated, tmp_path):
    other = shutil.copytree(evaluated, tmp_path / "other")
    shutil.rmtree(other / "seed-0")
    means = [evaluate(load_evaluated(path)).test.macro_f1.mean for path in (evaluated, other)]
    one, other_way = compare(evaluated, [other])[0], compare(other, [evaluated])[0]
    assert one.differences["macro_f1"].mean == pytest.approx(means[0] - means[1])
    assert other_way.differences["macro_f1"].mean == pytest.approx(means[1] - means[0])


def test_runs_on_other_test_dialogues_are_not_compared(evaluated, tmp_path):
    store = tiny_store(tmp_path / "larger", tiny_corpus((12, 6, 7)))
    other = train_run(tiny_recipe(epochs=1), store, tmp_path / "other", 1).path
    evaluate(load_evaluated(other))
    with pytest.raises(InputError, match="its test dialogues or emotions are not those of") as e:
        compare(evaluated, [other])
    assert str(e.value).startswith(f"{other}: ")


def test_runs_are_compared_on_another_store_that_both_were_evaluated_on(evaluated, tmp_path):
    corpus = replace(tiny_corpus((12, 6, 7)), name="other")
    store, copy = tiny_store(tmp_path / "there", corpus), tmp_path / "copy"
    with pytest.raises(InputError, match="not evaluated"):
        compare(evaluated, [evaluated], store)
    evaluate(load_evaluated(evaluated, store))
    shutil.copytree(evaluated, copy)
    (found,) = compare(evaluated, [copy], store)
    assert found.differences["macro_f1"].mean == 0


def test_a_run_that_is_not_evaluated_is_told(evaluated, tmp_path):
    other = shutil.copytree(evaluated, tmp_path / "other")
    (other / "seed-1" / "predictions-test.parquet").unlink()
    with pytest.raises(
        InputError, match=f"{other}: not evaluated .*; run `synctva evaluate {other}`"
    ):
        compare(evaluated, [other])
