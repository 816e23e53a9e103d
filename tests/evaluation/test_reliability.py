"""Calibration of a run: what its temperatures do, over the seeds."""

from dataclasses import replace

import pytest

from synctva.evaluation.calibration import BINS, COVERAGES
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.evaluation.reliability import calibration_findings
from synctva.run.scores import Score


def test_what_is_found_after_the_temperature_is_what_the_evaluation_tells(run):
    loaded = load_evaluated(run)
    for seed, model in loaded.models.items():
        model.provenance = replace(model.provenance, temperature=2.0 + seed)
    found, result = calibration_findings(loaded), evaluate(loaded)
    assert found.ece.after.mean == pytest.approx(result.test.ece.mean)
    whole = found.abstention[0]
    assert whole.coverage == 1.0
    for name in ("weighted_f1", "macro_f1", "accuracy"):
        assert getattr(whole, name) == pytest.approx(getattr(result.test, name).mean)
        assert whole.sd[name] == pytest.approx(getattr(result.test, name).sd)


def test_all_seeds_are_in_the_diagram_and_every_coverage_in_the_curve(run):
    loaded = load_evaluated(run)
    found = calibration_findings(loaded, "valid")
    labelled = int((loaded.batches["valid"].emotion >= 0).sum())
    for bins in (found.bins.before, found.bins.after):
        assert len(bins) == BINS
        assert sum(own.count for own in bins) == len(loaded.models) * labelled
    for curve in (found.abstention, found.abstention_before):
        assert [step.coverage for step in curve] == pytest.approx(COVERAGES)


def test_before_is_without_the_temperature(run):
    loaded = load_evaluated(run)
    for model in loaded.models.values():
        model.provenance = replace(model.provenance, temperature=1.0)
    same = calibration_findings(loaded)
    assert same.bins.before == same.bins.after
    assert same.abstention == same.abstention_before
    for model in loaded.models.values():
        model.provenance = replace(model.provenance, temperature=5.0)
    cooled = calibration_findings(loaded)
    assert cooled.temperature == Score(5.0, 0.0)
    assert cooled.bins.before == same.bins.before != cooled.bins.after
    assert cooled.ece.before == same.ece.before
