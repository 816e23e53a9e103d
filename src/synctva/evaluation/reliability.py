"""What a run's temperatures do: calibration and abstention before and after, over the seeds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from synctva.evaluation.calibration import (
    CURVE_SCORES,
    abstention_curve,
    calibration_error,
    reliability_bins,
)
from synctva.evaluation.prediction import calibrated, predict
from synctva.evaluation.protocol import EvaluatedRun
from synctva.evaluation.spread import Spread, spread


def calibration_findings(run: EvaluatedRun, split: str = "test") -> dict[str, Any]:
    """Returns how far a run's probabilities mean what they say, before and after its temperatures.

    Returns:
        ``temperature``: its spread over the seeds, each fitted on ``valid`` when the seed's
        training ended. ``ece``: the calibration error's spread, ``before`` and ``after``. ``bins``:
        the reliability diagram of all seeds' predictions together, likewise. ``abstention``: the
        curve after the temperature, means over the seeds and ``sd`` of its scores;
        ``abstention_before``: that before it.
    """
    batch = run.batches[split]
    emotion = batch.emotion.numpy()
    models = run.models.values()
    temperatures = [model.provenance.temperature for model in models]
    logits = [predict(model, batch) for model in models]
    before = [softmax(own.double().numpy(), axis=1) for own in logits]
    after = [calibrated(own, model, batch) for own, model in zip(logits, models, strict=True)]

    def together(seeds: Sequence[Float[np.ndarray, "utterance emotion"]]) -> list[Any]:
        return reliability_bins(np.concatenate(seeds), np.tile(emotion, len(seeds)))

    def errors(seeds: Sequence[Float[np.ndarray, "utterance emotion"]]) -> Spread:
        return spread([calibration_error(own, emotion) for own in seeds])

    return {
        "temperature": spread(temperatures),
        "ece": {"before": errors(before), "after": errors(after)},
        "bins": {"before": together(before), "after": together(after)},
        "abstention": _mean_curve([abstention_curve(own, emotion) for own in after]),
        "abstention_before": _mean_curve([abstention_curve(own, emotion) for own in before]),
    }


def _mean_curve(seeds: Sequence[list[dict[str, float]]]) -> list[dict[str, Any]]:
    curve = []
    for steps in zip(*seeds, strict=True):
        spreads = {name: spread([step[name] for step in steps]) for name in steps[0]}
        means = {name: own["mean"] for name, own in spreads.items()}
        curve.append({**means, "sd": {name: spreads[name]["sd"] for name in CURVE_SCORES}})
    return curve
