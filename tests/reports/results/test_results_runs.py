import re
import shutil

import pytest
from support.run_folders import edit
from support.sweeps import EMOTIONS, findings, write_recipe
from support.tiny import tiny_run

from synctva.errors import InputError
from synctva.reports.results.findings import Findings
from synctva.reports.results.runs import read_sweeps
from synctva.run.words import SCORES


def read_one(sweep):
    (result,) = read_sweeps([sweep]).results
    return result


@pytest.mark.slow
def test_the_scores_are_those_that_evaluate_told(tmp_path):
    from synctva.evaluation.protocol import evaluate, load_evaluated

    run = tiny_run(tmp_path / "made", seeds=2)
    told = evaluate(load_evaluated(run))
    shutil.copytree(run, tmp_path / "sweep" / "planted" / "tiny")
    found = read_one(tmp_path / "sweep")
    for split, own in (("test", found.test), ("valid", found.valid)):
        for name in SCORES:
            score, expected = own.scores[name], getattr(getattr(told, split), name)
            assert score == expected
        assert own.f1 == getattr(told, split).f1
        assert own.support == told.support[split]
        assert own.ece.mean == getattr(told, split).ece.mean
    assert found.confusion == [list(row) for row in told.confusion["test"]]
    assert found.parameters == told.parameters
    assert found.seconds_per_epoch == told.seconds_per_epoch
    assert (found.network, found.stem, found.corpus) == ("concatenation", "tiny", "planted")
    assert found.recipe["model.width"] == 16


def test_folds_together_are_one_test_split(tmp_path):
    write_recipe(tmp_path / "whole" / "drawn" / "default", dialogues=range(30))
    for fold in range(3):
        write_recipe(
            tmp_path / "parts" / "drawn" / "default" / f"fold-{fold + 1}",
            dialogues=range(10 * fold, 10 * fold + 10),
        )
    whole, parts = read_one(tmp_path / "whole"), read_one(tmp_path / "parts")
    assert (whole.folds, parts.folds) == (1, 3)
    assert parts.test.scores == whole.test.scores
    assert parts.valid.f1 == whole.valid.f1
    assert (parts.dialogues, parts.labels) == (whole.dialogues, whole.labels)
    assert parts.confusion == whole.confusion


def test_the_calibration_of_folds_is_that_of_all_their_predictions(tmp_path):
    """The mean of the folds' own errors would grow with their number, as chance does."""
    path = tmp_path / "drawn" / "default"
    for fold in range(20):
        write_recipe(path / f"fold-{fold}", 0.7, dialogues=range(5 * fold, 5 * fold + 5))
    found = read_one(tmp_path).test
    accuracy = found.scores["accuracy"]
    assert found.ece.mean == pytest.approx(abs(accuracy.mean - 0.7), abs=accuracy.sd)
    assert found.ece.sd is not None


def test_the_tenth_fold_comes_after_the_second(tmp_path):
    for fold in (10, 2):
        path = tmp_path / "drawn" / "default" / f"fold-{fold}"
        write_recipe(path, dialogues=range(fold, fold + 1))
    assert read_one(tmp_path).dialogues == ("test-2", "test-10")


def test_findings_of_folds_are_their_mean_by_utterances(tmp_path):
    for fold, (dialogues, height) in enumerate(((range(30), 0.8), (range(30, 40), 0.4)), start=1):
        path = tmp_path / "drawn" / "default" / f"fold-{fold}"
        write_recipe(path, dialogues=dialogues, extra=findings(height))
    found = read_one(tmp_path).findings
    assert found.missing_rates is not None
    assert found.missing_rates[0.0].weighted_f1.mean == pytest.approx(0.75 * 0.8 + 0.25 * 0.4)
    assert found.adjusted is not None
    assert found.adjusted.macro_f1.mean == pytest.approx(0.75 * 0.81 + 0.25 * 0.41)
    assert found.adjusted.f1["fear"].mean == pytest.approx(0.75 * 0.8 + 0.25 * 0.4)
    assert found.bins is not None
    assert [b.count for b in found.bins.after] == [0, 80, 80, 80, 80]
    assert found.bins.after[1].confidence == pytest.approx(0.3)
    assert [step.coverage for step in found.abstention or ()] == [0.2, 0.6, 1.0]


def test_what_one_fold_was_not_asked_none_tells(tmp_path):
    for fold, extra in enumerate((findings(), {}), start=1):
        path = tmp_path / "drawn" / "default" / f"fold-{fold}"
        write_recipe(path, dialogues=range(fold * 9, fold * 9 + 9), extra=extra)
    found = read_one(tmp_path).findings
    assert found == Findings()


def test_seeds_that_not_all_folds_have_are_left_out(tmp_path):
    for fold, seeds in enumerate((3, 2), start=1):
        path = tmp_path / "drawn" / "default" / f"fold-{fold}"
        write_recipe(path, seeds=seeds, dialogues=range(fold * 9, fold * 9 + 9))
    assert read_one(tmp_path).seeds == (0, 1)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (("evaluation.json",), "fold-2 is not evaluated yet: `synctva evaluate .*fold-2`"),
        (("evaluation.json", "seed-0/finished.json"), "fold-2 is not trained yet"),
        (("evaluation.json", "run.json"), "fold-2 is not trained yet"),
    ],
)
def test_a_recipe_with_an_unready_fold_is_left_out_and_told(tmp_path, files, why):
    write_recipe(tmp_path / "drawn" / "default")
    for fold in (1, 2):
        path = tmp_path / "drawn" / "peer" / f"fold-{fold}"
        write_recipe(path, seeds=1, dialogues=range(fold * 9, fold * 9 + 9))
    for file in files:
        (path / file).unlink()
    sweep = read_sweeps([tmp_path])
    assert [result.stem for result in sweep.results] == ["default"]
    (left_out,) = sweep.left_out
    assert left_out.path == tmp_path / "drawn" / "peer"
    assert re.fullmatch(why, left_out.why)


def test_folders_without_runs_are_passed_over(tmp_path):
    write_recipe(tmp_path / "drawn" / "default")
    (tmp_path / "logs" / "monday").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("")
    assert len(read_sweeps([tmp_path]).results) == 1


def test_no_runs_are_refused_with_the_way_to_make_some(tmp_path):
    with pytest.raises(InputError, match="no evaluated runs at SWEEP/CORPUS/RECIPE"):
        read_sweeps([tmp_path])
    with pytest.raises(InputError, match="no such folder"):
        read_sweeps([tmp_path / "nowhere"])
    run = write_recipe(tmp_path / "drawn" / "default")
    (run / "evaluation.json").unlink()
    with pytest.raises(InputError, match="default is not evaluated yet: `synctva evaluate"):
        read_sweeps([tmp_path])


def test_two_sweeps_are_read_together_but_not_the_same_recipe_twice(tmp_path):
    write_recipe(tmp_path / "a" / "drawn" / "default")
    write_recipe(tmp_path / "b" / "drawn" / "peer", network="mmgcn")
    assert len(read_sweeps([tmp_path / "a", tmp_path / "b"]).results) == 2
    with pytest.raises(InputError, match="in another of these sweeps too"):
        read_sweeps([tmp_path / "a", tmp_path / "a"])


def test_a_dialogue_in_two_folds_is_refused(tmp_path):
    for fold in (1, 2):
        write_recipe(tmp_path / "drawn" / "default" / f"fold-{fold}")
    with pytest.raises(InputError, match="'test' of two folds"):
        read_sweeps([tmp_path])


@pytest.mark.parametrize(
    ("file", "content", "remedy"),
    [
        ("seed-1/predictions-test.parquet", b"PAR1", "synctva evaluate"),
        ("seed-0/predictions-valid.parquet", None, "synctva evaluate"),
        ("recipe.toml", b"name = ", "synctva train"),
        ("evaluation.json", b"{", "synctva evaluate"),
        ("run.json", b"[]", "synctva train"),
    ],
)
def test_a_damaged_run_is_named_with_its_remedy(tmp_path, file, content, remedy):
    path = write_recipe(tmp_path / "drawn" / "default") / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=remedy) as caught:
        read_sweeps([tmp_path])
    assert file.rpartition("/")[2] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "change", "place"),
    [
        ("evaluation.json", lambda e: e.pop("parameters"), "parameters"),
        ("evaluation.json", lambda e: e["test"]["ece"].update(mean="low"), "test.ece.mean"),
        ("evaluation.json", lambda e: e.update(noise={"much": {}}), "noise.much"),
        ("run.json", lambda r: r["schema"].pop("emotions"), "schema.emotions"),
        ("run.json", lambda r: r["schema"]["emotions"].pop(), "predictions-test.parquet"),
    ],
)
def test_a_wrong_value_is_named(tmp_path, file, change, place):
    edit(write_recipe(tmp_path / "drawn" / "default") / file, change)
    with pytest.raises(InputError, match=place):
        read_sweeps([tmp_path])


def test_support_counts_every_emotion_of_the_split(tmp_path):
    write_recipe(tmp_path / "drawn" / "default", dialogues=range(50))
    found = read_one(tmp_path)
    assert list(found.test.support) == list(EMOTIONS)
    assert sum(found.test.support.values()) == 50 * 8
