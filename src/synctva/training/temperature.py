"""The temperature of a model's probabilities, fitted on ``valid`` when its training is over."""

from dataclasses import replace

import torch

from synctva.evaluation.calibration import fit_temperature
from synctva.evaluation.prediction import predict
from synctva.model.checkpoint import Provenance
from synctva.model.emotion_model import EmotionModel
from synctva.training.ranks import gathered, processes
from synctva.training.splits import Split

CALIBRATED_UTTERANCES = 50
"""With fewer, no temperature is fitted: the known ones stay."""


def calibrated_on(valid: Split, model: EmotionModel, known: Provenance) -> Provenance:
    """Returns a provenance whose calibrations are those known, cooled as fits best on ``valid``.

    One factor for all sets of modalities, as few utterances show no more; none with fewer than
    ``CALIBRATED_UTTERANCES``.

    Args:
        valid: What the model has not learnt from.
        model: The model.
        known: Where it comes from, with the calibrations of what it began with.
    """
    ranks = processes()
    logits, emotion = [], []
    for part in valid.parts(ranks.process_index, ranks.num_processes):
        own = known.adjusted(predict(model, part).cpu().numpy(), part.present.cpu().numpy())
        logits.append(torch.from_numpy(own).float())
        emotion.append(part.emotion.cpu())
    scaled, labels = gathered(logits), gathered(emotion)
    if int((labels >= 0).sum()) < CALIBRATED_UTTERANCES:
        return known
    factor = fit_temperature(scaled.numpy(), labels.numpy())
    return replace(
        known,
        temperature=known.temperature * factor,
        confidence=known.confidence.cooled(factor),
    )
