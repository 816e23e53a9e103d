"""What a run's temperatures do: calibration and abstention before and after, over the seeds."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from synctva.evaluation.calibration import (
    CURVE_SCORES,
    abstention_curve,
    calibration_error,
    reliability_bins,
)
from synctva.evaluation.evaluated_run import EvaluatedRun
from synctva.evaluation.prediction import calibrated, predict
from synctva.evaluation.spread import spread
from synctva.run.findings import Abstention, Bin, Bins, Calibration, Errors
from synctva.run.scores import Score


def calibration_findings(run: EvaluatedRun, split: str = "test") -> Calibration:
    """Returns how far a run's probabilities mean what they say, with and without temperatures."""
    batch = run.batches[split]
    emotion = batch.emotion.numpy()
    models = run.models.values()
    temperatures = [model.provenance.temperature for model in models]
    logits = [predict(model, batch) for model in models]
    before = [softmax(own.double().numpy(), axis=1) for own in logits]
    after = [calibrated(own, model, batch) for own, model in zip(logits, models, strict=True)]

    def together(seeds: Sequence[Float[np.ndarray, "utterance emotion"]]) -> tuple[Bin, ...]:
        return tuple(reliability_bins(np.concatenate(seeds), np.tile(emotion, len(seeds))))

    def errors(seeds: Sequence[Float[np.ndarray, "utterance emotion"]]) -> Score:
        return spread([calibration_error(own, emotion) for own in seeds])

    return Calibration(
        temperature=spread(temperatures),
        ece=Errors(errors(before), errors(after)),
        bins=Bins(together(before), together(after)),
        abstention=_mean_curve([abstention_curve(own, emotion) for own in after]),
        abstention_before=_mean_curve([abstention_curve(own, emotion) for own in before]),
    )


def _mean_curve(seeds: Sequence[list[dict[str, float]]]) -> tuple[Abstention, ...]:
    curve = []
    for steps in zip(*seeds, strict=True):
        spreads = {name: spread([step[name] for step in steps]) for name in steps[0]}
        means = {name: own.mean for name, own in spreads.items()}
        curve.append(Abstention(**means, sd={name: spreads[name].sd for name in CURVE_SCORES}))
    return tuple(curve)
