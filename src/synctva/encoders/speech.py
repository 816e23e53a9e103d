"""The speech encoder inside a model: sound of a store in, one vector per utterance out."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from synctva.features.extractors.hub import load_speech_model
from synctva.features.extractors.text import batches_by_length

BATCH_SAMPLES = 16 * 16_000 * 6
"""How many samples at a time, padding included."""
LEAST_SAMPLES = 1_600
"""A tenth of a second: the convolutions need some."""
UNCALLED = {"wavlm": ("q_proj", "k_proj", "v_proj", "out_proj")}
"""Matrices that the library reads without calling them: an adapter there would have no effect."""
GRID = 1.1
"""Ratio of two lengths that follow each other on the grid."""


class SpeechEncoder(nn.Module):
    """WavLM, HuBERT or wav2vec 2.0: the mean of the last layer over an utterance's sound.

    Args:
        name: Hub id or folder.

    Raises:
        InputError: There is no such encoder, or it is damaged.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        loaded = load_speech_model(name)
        self.model, self.weights, self.dim = loaded.model, loaded.weights, loaded.dim
        self.without_adapters = UNCALLED.get(loaded.kind, ())

    def forward(self, rows: Float[Tensor, "utterance sample"]) -> Float[Tensor, "utterance dim"]:
        """Returns a vector per utterance.

        An utterance is cut to the next shorter length of a grid, at most a tenth of it, so that
        many have the same length and none is padded.
        """
        lengths = _lengths(rows)
        order, vectors = [], []
        for length in sorted(set(lengths)):
            alike = [row for row, own in enumerate(lengths) if own == length]
            for batch in batches_by_length([length] * len(alike), BATCH_SAMPLES):
                chosen = [alike[place] for place in batch]
                sound = rows[chosen, :length]
                mean, sd = sound.mean(1, keepdim=True), sound.std(1, keepdim=True)
                hidden = self.model((sound - mean) / (sd + 1e-7)).last_hidden_state
                vectors.append(hidden.float().mean(1))
                order += chosen
        places = torch.empty(len(order), dtype=torch.long)
        places[order] = torch.arange(len(order))
        return torch.cat(vectors)[places.to(rows.device)]

    def tuned_fully(self) -> list[nn.Module]:
        """Returns the parts that full tuning trains: the transformer, not the convolutions."""
        return [self.model.encoder]  # pyright: ignore


def _lengths(rows: Float[Tensor, "utterance sample"]) -> list[int]:
    """Returns the samples of each utterance, up to its last that is not zero, cut to the grid."""
    width = rows.shape[1]
    found = ((rows != 0) * torch.arange(1, width + 1, device=rows.device)).amax(1)
    steps = (found.clamp(min=LEAST_SAMPLES) / LEAST_SAMPLES).log() / math.log(GRID)
    return (LEAST_SAMPLES * GRID ** (steps + 1e-4).floor()).round().long().clamp(max=width).tolist()
