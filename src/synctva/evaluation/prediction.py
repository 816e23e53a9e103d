"""Logits of a whole split; memory grows with its longest dialogue, not with their number."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from synctva.batch import Batch
from synctva.model.emotion_model import EmotionModel
from synctva.tensors import device_of

CHUNK_UTTERANCES = 4096
"""How many utterances at a time; a longer dialogue is cut if the model's window allows it."""

CHUNK_PAIRS = 2**20
"""How many pairs of utterances at a time, each dialogue as long as the longest beside it."""


@torch.inference_mode()
def predict(model: EmotionModel, batch: Batch) -> Float[Tensor, "utterance emotion"]:
    """Returns the logits of a batch of any size, on the CPU, from the model in eval mode.

    It is computed where the model is; the batch may be elsewhere.
    """
    training = model.training
    if training:  # to say so to each of its parts takes as long as a short dialogue
        model.eval()
    device = device_of(model)
    chunks = (batch.select(chunk).to(device) for chunk in _chunks(batch))
    logits = [part for chunk in chunks for part in _logits(model, chunk)]
    if training:
        model.train()
    return torch.cat(logits)


def calibrated(
    logits: Float[Tensor, "utterance emotion"], model: EmotionModel, batch: Batch
) -> Float[np.ndarray, "utterance emotion"]:
    """Returns the probabilities that a model's logits of a batch stand for.

    Its calibration is that for the modalities which an utterance has.
    """
    adjusted = model.provenance.adjusted(logits.double().numpy(), batch.present.cpu().numpy())
    return softmax(adjusted)


def softmax(
    logits: Float[np.ndarray, "utterance emotion"],
) -> Float[np.ndarray, "utterance emotion"]:
    """Returns the probabilities of logits; what ``scipy`` returns, whose import takes .15 s."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _logits(model: EmotionModel, batch: Batch) -> Iterator[Float[Tensor, "utterance emotion"]]:
    """Yields the logits; a long dialogue in pieces, each with all that it depends on."""
    if len(batch) <= CHUNK_UTTERANCES or model.reach is None:
        yield model(batch).logits.float().cpu()
        return
    before, after = model.reach
    for start in range(0, len(batch), CHUNK_UTTERANCES):
        stop = min(start + CHUNK_UTTERANCES, len(batch))
        first, last = max(start - before, 0), min(stop + after, len(batch))
        logits = model(batch.part(first, last)).logits
        yield logits[start - first : stop - first].float().cpu()


def _chunks(batch: Batch) -> list[Tensor]:
    lengths = torch.bincount(batch.dialogue).tolist()
    chunks: list[list[int]] = [[]]
    utterances = longest = 0
    for number, length in enumerate(lengths):
        pairs = (len(chunks[-1]) + 1) * max(longest, length) ** 2
        if chunks[-1] and (utterances + length > CHUNK_UTTERANCES or pairs > CHUNK_PAIRS):
            chunks.append([])
            utterances = longest = 0
        chunks[-1].append(number)
        utterances, longest = utterances + length, max(longest, length)
    return [torch.tensor(chunk, device=batch.dialogue.device) for chunk in chunks]
