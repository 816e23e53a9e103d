"""The text encoder inside a model: tokens of a store in, the extractor's vectors out."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from synctva.features.extractors.hub import load_text_model
from synctva.features.extractors.text import batches_by_length, encode_tokens
from synctva.features.extractors.text_encoders import preset_of, sources

BATCH_TOKENS, BATCH_TOKENS_CPU = 4096, 512
"""How many tokens at a time, padding included: utterances of like length share a batch.

A processor wants little padding, and has twice the speed so; another device wants much at a time.
"""


class TextEncoder(nn.Module):
    """Encodes rows of a ``TokenExtractor`` as the text features are.

    Args:
        name: As for :class:`synctva.features.extractors.text.TextExtractor`.

    Raises:
        InputError: There is no such encoder, or it is damaged.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        loaded = load_text_model(name, sources())
        self.model = loaded.model
        self.dim, self.weights, self._preset = loaded.dim, loaded.weights, preset_of(name)

    def forward(self, rows: Float[Tensor, "utterance token"]) -> Float[Tensor, "utterance dim"]:
        """Returns a vector per utterance, each of which has a token."""
        numbers = rows.long()
        lengths = (numbers != 0).sum(1)
        order, vectors = [], []
        most = BATCH_TOKENS_CPU if rows.device.type == "cpu" else BATCH_TOKENS
        for batch in batches_by_length(lengths.tolist(), most):
            part = numbers[batch, : int(lengths[batch].max())]
            mask, own = (part != 0).long(), (part > 0).long()
            tokens = torch.where(part != 0, part.abs() - 1, 0)
            vectors.append(encode_tokens(self.model, tokens, mask, own, self._preset))
            order += batch
        places = torch.empty(len(order), dtype=torch.long)
        places[order] = torch.arange(len(order))
        return torch.cat(vectors)[places.to(rows.device)].float()

    def tuned_fully(self) -> list[nn.Module]:
        """Returns the parts that full tuning trains: the layers, not the table of tokens."""
        return [self.model.encoder]  # pyright: ignore
