"""Fits how far a model may be believed: calibrations, and how far from training inputs may be.

Both are fitted together, on what the model has not learnt from, as recognition will use them: as
mixtures over the subsets of the modalities (see ``evaluation/confidence.py``).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.attribution import Subset, subsets_of
from synctva.evaluation.confidence import distances, known_by
from synctva.evaluation.frequencies import reweighted
from synctva.evaluation.prediction import predict
from synctva.model.causal import without_encoders
from synctva.model.confidence import Calibration, Confidence
from synctva.model.emotion_model import EmotionModel
from synctva.model.familiarity import Familiarity

STEPS = 300
LEARNING_RATE = 0.05
ROOM_PRIOR = 0.01
"""C of the logistic regression that tells rooms."""
BIAS_PRIOR = 0.003
"""Weight of the squares of the biases beside the log loss: a few utterances of a rare emotion are
no reason for a large one."""


@dataclass(frozen=True)
class Part:
    """Labelled utterances to fit by.

    Attributes:
        name: What they are.
        batch: Whole dialogues, of a kind that the model has not learnt from.
        weight: How much they count, beside other parts; class frequencies are weighted within it.
        is_usual: Whether they are inputs like the training's: what lies beyond is to be flagged.
    """

    name: str
    batch: Batch
    weight: float = 1.0
    is_usual: bool = False


def fit_familiarity(model: EmotionModel, training: Batch) -> None:
    """Takes the density of the training's features, of every modality that is there.

    Args:
        model: What becomes familiar with them.
        training: Inputs of the split ``train``; what stands there several times counts once.

    Source: the covariance is shrunk as in Ledoit & Wolf 2004.
    """
    plain, encoded = without_encoders(model, training)
    with torch.no_grad():
        known = known_by(plain, encoded)
    for column, m in enumerate(MODALITIES):
        if m not in known or not training.present[:, column].any():
            continue
        rows = known[m][training.present[:, column]].double().unique(dim=0).numpy()
        found = LedoitWolf().fit(rows)
        _become_familiar(model, m, found.location_, found.covariance_)


def fit_voices(
    model: EmotionModel,
    plain: Float[np.ndarray, "voice dim"],
    in_rooms: Float[np.ndarray, "heard dim"],
) -> None:
    """Takes the density of voices as they were recorded, narrow along what tells rooms.

    A room changes few of a voice's numbers, which count little among all. So along the normal of a
    logistic regression (in a room or not) the density is as narrow again as in all its dimensions.

    Args:
        model: What becomes familiar with them; its voices are normalised by speaker.
        plain: Features as extracted, of voices of the split ``train``.
        in_rooms: Of voices of the same people, heard in rooms.

    Source: ours.
    """
    mean, sd = plain.mean(0), plain.std(0)
    sd[sd == 0] = 1.0
    rows = (plain - mean) / sd
    found = LedoitWolf().fit(rows)
    both = np.concatenate([rows, (in_rooms - mean) / sd])
    is_room = np.arange(len(both)) >= len(rows)
    told = LogisticRegression(C=ROOM_PRIOR, class_weight="balanced", max_iter=1000)
    normal = told.fit(both, is_room).coef_[0]
    along = len(normal) * np.outer(normal, normal) / (rows @ normal).var()
    covariance = np.linalg.inv((np.linalg.inv(found.covariance_) + along) / 2)
    _become_familiar(model, "audio", mean, covariance * np.outer(sd, sd))


def _become_familiar(
    model: EmotionModel,
    modality: str,
    mean: Float[np.ndarray, " dim"],
    covariance: Float[np.ndarray, "dim dim"],
) -> None:
    model.become_familiar([modality])
    familiar = cast(Familiarity, model.familiarity[modality])
    familiar.fit(torch.from_numpy(mean).float(), torch.from_numpy(covariance))


def fit_confidence(
    model: EmotionModel,
    parts: Sequence[Part],
    frequencies: Float[np.ndarray, " emotion"],
    of: Collection[str] = MODALITIES,
) -> dict[str, float]:
    """Fits the calibrations of a model, and the distances at which modalities count less.

    Every part is seen by every subset of its modalities.

    Args:
        model: Familiar with its training; what is found becomes part of it.
        parts: What to fit by; an utterance has all modalities of its part.
        frequencies: The class frequencies for which the probabilities are to hold.
        of: Only the distances of these modalities, and the calibrations of subsets with one of
            them, are fitted; the model has the others, and keeps them.

    Returns:
        The log loss of every part, such as ``clips, text+audio``, in nats.
    """
    seen = [_Seen.of(model, part, frequencies) for part in parts]
    usual = [own for own, part in zip(seen, parts, strict=True) if part.is_usual]
    for m in [m for m in model.familiarity if m in of]:
        if distances := [own.distance[m] for own in usual if m in own.distance]:
            model.familiarity[m].usual.copy_(torch.cat(distances).quantile(0.99))  # pyright: ignore
    logs, reach = _known(model)
    subsets = [s for s in subsets_of(tuple(model.dims)) if set(s) & set(of)]
    prior = torch.tensor(frequencies).log().float()
    scale = {s: torch.zeros((), requires_grad=True) for s in subsets}
    bias = {s: torch.zeros(len(prior), requires_grad=True) for s in subsets}
    own_reach = {
        m: torch.tensor([2.0, -0.7], requires_grad=True) for m in model.familiarity if m in of
    }
    reach |= own_reach
    fitted = [*scale.values(), *bias.values(), *own_reach.values()]
    optimiser = torch.optim.Adam(fitted, LEARNING_RATE)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        logs |= {s: (scale[s].exp(), bias[s]) for s in subsets}
        losses = [one for own in seen for one in own.losses(logs, reach, prior)]
        loss = torch.stack(losses).sum() / sum(own.weight * len(own.coalitions) for own in seen)
        loss = loss + BIAS_PRIOR * torch.stack([b.square().sum() for b in bias.values()]).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        decay.step()
    with torch.no_grad():
        logs |= {s: (scale[s].exp(), bias[s]) for s in subsets}
        _keep(model, logs, reach, frequencies)
        return {
            f"{own.name}, {'+'.join(c)}": float(loss) / own.weight
            for own in seen
            for c, loss in zip(own.coalitions, own.losses(logs, reach, prior), strict=True)
        }


def _known(
    model: EmotionModel,
) -> tuple[dict[Subset, tuple[Tensor, Tensor]], dict[str, Tensor]]:
    """Returns the scales and biases of a model, and the distances with the logs of the widths."""
    logs = {
        tuple(name.split("+")): (
            torch.tensor(own.scale),
            torch.tensor(own.bias or (0.0,) * len(model.emotions)),
        )
        for name, own in model.provenance.confidence.calibrations.items()
    }
    reach = {
        m: torch.stack([known.far, known.width.log()])  # pyright: ignore
        for m, known in model.familiarity.items()
    }
    return logs, reach


def _keep(
    model: EmotionModel,
    logs: Mapping[Subset, tuple[Tensor, Tensor]],
    reach: Mapping[str, Tensor],
    frequencies: Float[np.ndarray, " emotion"],
) -> None:
    calibrations = {
        "+".join(s): Calibration(float(scale), tuple(bias.double().tolist()))
        for s, (scale, bias) in logs.items()
    }
    found = Confidence(calibrations, tuple(frequencies.tolist()))
    model.provenance = replace(model.provenance, confidence=found)
    for m, values in reach.items():
        far, width = values
        model.familiarity[m].far.copy_(far)  # pyright: ignore[reportCallIssue]
        model.familiarity[m].width.copy_(width.exp())  # pyright: ignore[reportCallIssue]


@dataclass(frozen=True)
class _Seen:
    """A part as the model sees it by each subset of its modalities."""

    name: str
    weight: float
    emotion: Tensor
    each: Tensor
    distance: dict[str, Tensor]
    logits: dict[Subset, Tensor]
    coalitions: list[Subset]

    @classmethod
    @torch.no_grad()
    def of(
        cls, model: EmotionModel, part: Part, frequencies: Float[np.ndarray, " emotion"]
    ) -> "_Seen":
        plain, batch = without_encoders(model, part.batch)
        there = tuple(m for i, m in enumerate(MODALITIES) if batch.present[:, i].any())
        subsets = subsets_of(tuple(m for m in there if m in model.dims))
        kept = batch.emotion >= 0
        distance = {m: far[kept] for m, far in distances(plain, batch).items() if m in there}
        logits = {s: predict(plain, batch.keep(s))[kept] for s in subsets}
        emotion = batch.emotion[kept]
        each = torch.from_numpy(reweighted(emotion.numpy(), frequencies)).float()
        return cls(part.name, part.weight, emotion, each, distance, logits, subsets)

    def losses(
        self,
        calibrations: dict[Subset, tuple[Tensor, Tensor]],
        reach: dict[str, Tensor],
        prior: Tensor,
    ) -> list[Tensor]:
        """Returns the log loss of the mixture for each coalition, where only it is there."""
        trust = {m: self._trust(m, reach) for m in self.coalitions[-1]}
        known = {s: self._log_probability(s, calibrations, prior) for s in [(), *self.coalitions]}
        found = []
        for coalition in self.coalitions:
            terms = []
            for used in subsets_of(coalition, smallest=0):
                shares = [trust[m][0 if m in used else 1] for m in coalition]
                terms.append(known[used] + torch.stack(shares).sum(0))
            mixed = torch.logsumexp(torch.stack(terms), dim=0)
            found.append(-self.weight * (self.each * mixed).sum())
        return found

    def _trust(self, modality: str, reach: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Returns the logarithms of how far a modality is trusted, and is not."""
        if modality not in self.distance:
            return torch.zeros(len(self.emotion)), torch.full((len(self.emotion),), -30.0)
        far, log_width = reach[modality]
        score = (far - self.distance[modality]) / log_width.exp()
        return torch.nn.functional.logsigmoid(score), torch.nn.functional.logsigmoid(-score)

    def _log_probability(
        self, used: Subset, calibrations: dict[Subset, tuple[Tensor, Tensor]], prior: Tensor
    ) -> Tensor:
        """Returns the logarithm of the right emotion's probability by the modalities in use."""
        if not used:
            return prior[self.emotion]
        scale, bias = calibrations[used]
        logs = (scale * self.logits[used] + bias).log_softmax(dim=1)
        return logs.gather(1, self.emotion.unsqueeze(1)).squeeze(1)
