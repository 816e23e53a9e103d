"""A model as one function of a conversation, which can be traced: features in, probabilities out.

It is what recognition computes of features as they were extracted: audio normalised by its
speakers, all features by the training split, how far each modality is trusted, the network, and the
calibrated mixture over what may be believed (:mod:`synctva.evaluation.confidence`). The network
runs once, over copies of the conversation that each lack some of the modalities.
"""

from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.evaluation.attribution import subsets_of
from synctva.features.normalise import FARTHEST_SD, LEAST_UTTERANCES, PRIOR_UTTERANCES
from synctva.model.checkpoint import Provenance
from synctva.model.emotion_model import EmotionModel
from synctva.model.familiarity import Familiarity
from synctva.model.makers import Makers
from synctva.networks.sync_tva.attention import alike_blocks
from synctva.networks.sync_tva.network import SyncTVA

Features = Mapping[str, Float[Tensor, "utterance dim"]]

RESOLUTION = torch.finfo(torch.float32).eps
"""An sd that is smaller than its mean times this is 0."""


class Conversation(nn.Module):
    """A Sync-TVA with its normalisation, trust and calibration, for one conversation.

    Args:
        model: Of a Sync-TVA. Its encoders are left out: their vectors are features here.
        makers: Of its features.
    """

    hidden: Tensor

    def __init__(self, model: EmotionModel, makers: Makers) -> None:
        super().__init__()
        self.modalities = tuple(model.dims)
        self.network = cast(SyncTVA, model.network)
        self.normalisation, self.familiarity = model.normalisation, model.familiarity
        self.by_speaker = None if makers.normalise_by is None else BySpeaker(makers)
        self.calibration = Calibration(model.provenance, self.modalities, len(model.emotions))
        hidden = [
            [m in subset for m in self.modalities]
            for subset in subsets_of(tuple(model.familiarity), smallest=0)
        ]
        self.register_buffer("hidden", torch.tensor(hidden).unsqueeze(1))

    def forward(
        self,
        features: Features,
        present: Bool[Tensor, "utterance modality"],
        speaker: Int[Tensor, " utterance"],
    ) -> tuple[Float[Tensor, "utterance emotion"], Float[Tensor, "utterance modality"]]:
        """Returns the probabilities of the emotions, and how far each modality is trusted.

        Args:
            features: Of each of the model's modalities, as its extractor or encoder makes them.
            present: Which of these modalities each utterance has.
            speaker: A number for whoever speaks.
        """
        rows, trust = self._read(features, present, speaker)
        there = trust > 0
        seen = there & ~self.hidden
        share = torch.where(self.hidden, (1 - trust) * there, torch.where(there, trust, 1.0))
        of_each = self.calibration(self._logits(rows, seen, speaker), seen)
        found = (share.prod(-1, keepdim=True) * of_each).sum(0)
        return found / found.sum(-1, keepdim=True), trust

    def _read(
        self,
        features: Features,
        present: Bool[Tensor, "utterance modality"],
        speaker: Int[Tensor, " utterance"],
    ) -> tuple[Features, Float[Tensor, "utterance modality"]]:
        """Returns the features as the network reads them, and how far each is trusted."""
        rows, trust = {}, []
        for n, m in enumerate(self.modalities):
            own, there = features[m], present[:, n]
            if m == "audio" and self.by_speaker is not None:
                rows[m] = self.normalisation[m](self.by_speaker(own, there, speaker), there)
                trust.append(self._trust(m, own, there))
            else:
                rows[m] = self.normalisation[m](own, there)
                trust.append(self._trust(m, rows[m], there))
        return rows, torch.stack(trust, 1)

    def _trust(
        self,
        modality: str,
        known: Float[Tensor, "utterance dim"],
        present: Bool[Tensor, " utterance"],
    ) -> Float[Tensor, " utterance"]:
        if modality not in self.familiarity:
            return present.float()
        familiar = cast(Familiarity, self.familiarity[modality])
        return familiar.trust(familiar.distance(known), present)

    def _logits(
        self,
        rows: Features,
        seen: Bool[Tensor, "copy utterance modality"],
        speaker: Int[Tensor, " utterance"],
    ) -> Float[Tensor, "copy utterance emotion"]:
        """Returns the logits of every copy of the conversation."""
        copies, utterances = seen.shape[:2]
        nothing = torch.zeros(copies, utterances, dtype=torch.bool)
        numbers = torch.arange(copies).unsqueeze(1).expand(-1, utterances).flatten()
        told = {m: seen[:, :, n] for n, m in enumerate(self.modalities)}
        features = {
            m: (rows[m] * told[m].unsqueeze(-1)).flatten(0, 1)
            if m in rows
            else torch.zeros(copies * utterances, 0)
            for m in MODALITIES
        }
        batch = Batch(
            **features,
            present=torch.stack([told.get(m, nothing) for m in MODALITIES], -1).flatten(0, 1),
            dialogue=numbers,
            turn=torch.arange(utterances).repeat(copies),
            speaker=speaker.repeat(copies),
            emotion=torch.zeros_like(numbers) - 1,
        )
        window = self.network.architecture.past, self.network.architecture.future
        logits = self.network.over(batch, alike_blocks(batch, copies, *window)).logits
        return logits.unflatten(0, (copies, utterances))


class Calibration(nn.Module):
    """Logits to probabilities, by the modalities that an utterance is seen in.

    Args:
        provenance: The model's.
        modalities: Its modalities.
        emotions: The number of its emotions.

    Source: ``Provenance.adjusted``; of nothing at all, the class frequencies where they are known.
    """

    scale: Tensor
    bias: Tensor
    frequencies: Tensor

    def __init__(self, provenance: Provenance, modalities: tuple[str, ...], emotions: int) -> None:
        super().__init__()
        count = len(modalities)
        columns = np.zeros((2**count, len(MODALITIES)), dtype=bool)
        columns[:, [MODALITIES.index(m) for m in modalities]] = (
            np.arange(2**count)[:, None] >> np.arange(count)
        ) & 1
        zero = provenance.adjusted(np.zeros((2**count, emotions)), columns)
        one = provenance.adjusted(np.ones((2**count, emotions)), columns)
        for name, table in (("scale", one - zero), ("bias", zero)):
            self.register_buffer(name, torch.from_numpy(table).float())
        known = torch.tensor(provenance.confidence.frequencies, dtype=torch.float)
        self.register_buffer("frequencies", known)

    def forward(
        self,
        logits: Float[Tensor, "copy utterance emotion"],
        seen: Bool[Tensor, "copy utterance modality"],
    ) -> Float[Tensor, "copy utterance emotion"]:
        """Returns the probabilities."""
        row = (seen.long() * 2 ** torch.arange(seen.shape[-1])).sum(-1)
        found = (self.scale[row] * logits + self.bias[row]).softmax(-1)
        if not len(self.frequencies):
            return found
        return torch.where((row > 0).unsqueeze(-1), found, self.frequencies)


class BySpeaker(nn.Module):
    """Audio features less what their speaker sounds like anyway.

    Args:
        makers: Of the model's features.

    Source: :mod:`synctva.features.normalise`, which does the same to a corpus.
    """

    mean: Tensor
    sd: Tensor

    def __init__(self, makers: Makers) -> None:
        super().__init__()
        self.is_one, self.is_causal = makers.normalise_by == "corpus", makers.is_causal
        self.knows_voices = makers.voices is not None
        if makers.voices is not None:
            self.register_buffer("mean", torch.from_numpy(makers.voices.mean))
            self.register_buffer("sd", torch.from_numpy(makers.voices.sd))

    def forward(
        self,
        features: Float[Tensor, "utterance dim"],
        present: Bool[Tensor, " utterance"],
        speaker: Int[Tensor, " utterance"],
    ) -> Float[Tensor, "utterance dim"]:
        """Returns normalised features, zero where the modality is absent."""
        heard = present.unsqueeze(0) & torch.ones_like(present).unsqueeze(1)
        own = heard if self.is_one else heard & (speaker.unsqueeze(0) == speaker.unsqueeze(1))
        if self.is_causal:
            own = own & torch.ones_like(own).tril()
        exact = features.double()
        if self.knows_voices:
            count, mean, sd = _moments(exact, own, self.mean)
            share = count / (count + PRIOR_UTTERANCES)
            mean = share * mean + (1 - share) * self.mean
            sd = (share * sd.square() + (1 - share) * self.sd.square()).sqrt()
        else:
            _, all_mean, _ = _moments(exact, heard, torch.zeros_like(exact[:1]))
            _, _, all_sd = _moments(exact, heard, all_mean)
            count, mean, sd = _moments(exact, own, all_mean)
            is_known = count >= LEAST_UTTERANCES
            mean, sd = torch.where(is_known, mean, all_mean), torch.where(is_known, sd, all_sd)
        scaled = torch.where(sd > 0, (exact - mean) / torch.where(sd > 0, sd, 1.0), 0.0)
        scaled = scaled.clamp(-FARTHEST_SD, FARTHEST_SD).float()
        return scaled * present.unsqueeze(1)


def _moments(
    values: Float[Tensor, "utterance dim"],
    counted: Bool[Tensor, "utterance other"],
    near: Float[Tensor, "#utterance dim"],
) -> tuple[Float[Tensor, "utterance 1"], Float[Tensor, "..."], Float[Tensor, "..."]]:
    """Returns how many rows count for each row, and their mean and sd.

    Args:
        values: In double precision.
        counted: Which rows count for which.
        near: Something near the means, so that no digits are lost in squares.
    """
    weights = counted.double()
    count = weights.sum(1, keepdim=True)
    rows = (values - near) * counted.any(0).unsqueeze(1)
    first = weights @ rows / count.clamp(min=1)
    second = weights @ rows.square() / count.clamp(min=1)
    mean, sd = first + near, (second - first.square()).clamp(min=0).sqrt()
    return count, mean, torch.where(sd > RESOLUTION * mean.abs(), sd, 0.0)
