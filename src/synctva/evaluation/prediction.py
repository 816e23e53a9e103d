"""Logits of a whole split, a few dialogues at a time."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from synctva.batch import Batch

CHUNK_UTTERANCES = 4096
"""Dialogues are taken together up to this many utterances; a longer one goes alone."""


@torch.inference_mode()
def predict(model: nn.Module, batch: Batch) -> Float[Tensor, "utterance emotion"]:
    """Returns the logits of a batch of any size, on the CPU, from the model in eval mode."""
    training = model.training
    model.eval()
    logits = [model(batch.select(chunk)).logits.float().cpu() for chunk in _chunks(batch)]
    model.train(training)
    return torch.cat(logits)


def _chunks(batch: Batch) -> list[Tensor]:
    lengths = torch.bincount(batch.dialogue).tolist()
    chunks: list[list[int]] = [[]]
    utterances = 0
    for number, length in enumerate(lengths):
        if chunks[-1] and utterances + length > CHUNK_UTTERANCES:
            chunks.append([])
            utterances = 0
        chunks[-1].append(number)
        utterances += length
    return [torch.tensor(chunk, device=batch.dialogue.device) for chunk in chunks]
