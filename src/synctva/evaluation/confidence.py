"""Probabilities that know how far each modality may be trusted.

A modality that is as in training counts with the probability that it is trusted with; else the
prediction is what it would be without it. So the probabilities are a mixture over the subsets of
what an utterance has: with nothing left, they are the class frequencies.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from synctva.batch import Batch, joined
from synctva.emotions import MODALITIES
from synctva.evaluation.attribution import Subset, shapley, subsets_of
from synctva.evaluation.prediction import predict, softmax
from synctva.model.emotion_model import EmotionModel
from synctva.model.familiarity import Familiarity

Probabilities = Float[np.ndarray, "utterance emotion"]


@dataclass(frozen=True)
class Views:
    """What a model predicts for utterances, seeing each part of their modalities.

    Attributes:
        model: The model.
        batch: The utterances, without what does not count at all.
        present: Which of text, audio and visual each utterance has.
        trust: How far each is trusted; 0 where it is absent, or does not count at all.
        unusual: Where a modality is farther from the training's than usual.
    """

    model: EmotionModel
    batch: Batch
    present: Bool[np.ndarray, "utterance 3"]
    trust: Float[np.ndarray, "utterance 3"]
    unusual: Bool[np.ndarray, "utterance 3"]
    _logits: dict[Subset, Float[np.ndarray, "utterance emotion"]] = field(default_factory=dict)

    def logits(self, subset: Subset) -> Float[np.ndarray, "utterance emotion"]:
        """Returns the logits where all other modalities are hidden in all utterances."""
        subset = tuple(m for m in subset if self._there[m])  # what nobody has is hidden already
        if subset not in self._logits:
            self._logits[subset] = predict(self.model, self.batch.keep(subset)).numpy()
        return self._logits[subset]

    def look_at_once(self) -> None:
        """Gets the logits of all subsets in one pass: for few utterances, it is mostly overhead.

        They are equal up to the last digits.
        """
        there = tuple(m for m in self.model.dims if self._there[m])
        subsets = list(subsets_of(there, smallest=0))
        whole = predict(self.model, joined([self.batch.keep(subset) for subset in subsets]))
        parts = np.split(whole.numpy(), len(subsets))
        self._logits.update(zip(subsets, parts, strict=True))

    @cached_property
    def _there(self) -> dict[str, bool]:
        """Whether any utterance has a modality that counts."""
        return dict(zip(MODALITIES, self.batch.present.any(0).tolist(), strict=True))

    def probabilities(
        self, subset: Subset, expected: Float[np.ndarray, " emotion"] | None = None
    ) -> Probabilities:
        """Returns the probabilities where the model may see these modalities only.

        Args:
            subset: The modalities.
            expected: How often each emotion is expected; None = as the calibrations hold.

        Raises:
            InputError: Frequencies are expected, but the model does not say which it knows.
        """
        seen = np.array([m in subset for m in MODALITIES]) & self.present
        there = seen & (self.trust > 0)
        found = np.zeros((len(there), len(self.model.emotions)))
        for used in subsets_of(tuple(subset), smallest=0):
            columns = np.array([m in used for m in MODALITIES])
            weight = np.where(columns, np.where(there, self.trust, 0.0), 1.0)
            weight *= np.where(~columns & there, 1 - self.trust, 1.0)
            share = weight.prod(1)
            rows = np.flatnonzero(share > 0)
            if len(rows):
                found[rows] += share[rows, None] * self._seeing(used, subset, there, rows)
        found /= found.sum(1, keepdims=True)
        if expected is None:
            return found
        return self.model.provenance.confidence.expecting(found, expected)

    def contributions(
        self, expected: Float[np.ndarray, " emotion"] | None = None
    ) -> Float[np.ndarray, "utterance 3"]:
        """Returns what each modality adds to the probability of the most probable emotion.

        Exact Shapley values over all subsets; 0 where an utterance lacks the modality.

        Args:
            expected: How often each emotion is expected.
        """
        modalities = tuple(self.model.dims)
        emotion = self.probabilities(modalities, expected).argmax(1)
        worth = {
            subset: self.probabilities(subset, expected)[np.arange(len(emotion)), emotion]
            for subset in subsets_of(modalities, smallest=0)
        }
        return np.where(self.present, shapley(modalities, worth), 0.0)

    def _seeing(
        self,
        used: Subset,
        subset: Subset,
        there: Bool[np.ndarray, "utterance 3"],
        rows: Int[np.ndarray, " chosen"],
    ) -> Float[np.ndarray, "chosen emotion"]:
        """Returns probabilities of some utterances by the modalities in use.

        A modality that an utterance lacks is still seen in the others, as its context.
        """
        provenance, emotions = self.model.provenance, len(self.model.emotions)
        if not used and provenance.confidence.frequencies:
            return np.tile(provenance.confidence.frequencies, (len(rows), 1))
        found = np.zeros((len(rows), emotions))
        own = np.array([m in used for m in MODALITIES])
        lacking, which = np.unique(~there[rows] & ~own, axis=0, return_inverse=True)
        for number, absent in enumerate(lacking):
            shown = tuple(
                m for i, m in enumerate(MODALITIES) if m in subset and (m in used or absent[i])
            )
            chosen = which.reshape(-1) == number
            logits = self.logits(shown)[rows[chosen]]
            present = np.tile(own, (len(logits), 1))
            found[chosen] = softmax(provenance.adjusted(logits, present))
        return found


@torch.inference_mode()
def views_of(model: EmotionModel, batch: Batch) -> Views:
    """Returns what a model predicts for whole dialogues, seeing each part of the modalities.

    Args:
        model: Without encoders of its own, or they run once for each subset.
        batch: Whole dialogues.
    """
    known = torch.tensor([m in model.dims for m in MODALITIES], device=batch.present.device)
    trust = (batch.present & known).double()
    unusual = torch.zeros_like(batch.present)
    for m, distance in distances(model, batch).items():
        column, familiar = MODALITIES.index(m), model.familiarity[m]
        there = batch.present[:, column]
        trust[:, column] = familiar.trust(distance, there).double()  # pyright: ignore
        unusual[:, column] = there & (distance > familiar.usual)  # pyright: ignore
    counted = batch.with_present(trust > 0)
    present = batch.present.cpu().numpy()
    return Views(model, counted, present, trust.cpu().numpy(), unusual.cpu().numpy())


def known_by(model: EmotionModel, batch: Batch) -> dict[str, Tensor]:
    """Returns what tells how far a batch is from a model's training, by modality.

    Features as the network reads them, but for voices that are normalised by speaker: the more of
    a speaker is heard, the less these tell of the room and the microphone. So voices are asked as
    they were extracted; where that is not known, nothing tells it.
    """
    found = model.normalised(batch)
    if model.provenance.is_by_speaker:
        found.pop("audio", None)
        if batch.voice.shape[1]:
            found["audio"] = batch.voice
    return found


def distances(model: EmotionModel, batch: Batch) -> dict[str, Float[Tensor, " utterance"]]:
    """Returns how far inputs are from the training's, of each modality with a density.

    What cannot be asked is as far as usual: 1.
    """
    if not model.familiarity:
        return {}
    known = known_by(model, batch)
    usual = torch.ones(len(batch), device=batch.audio.device)
    return {
        m: cast(Familiarity, own).distance(known[m]) if m in known else usual
        for m, own in model.familiarity.items()
    }
