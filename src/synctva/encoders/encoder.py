"""An encoder as a part of a model: what of it is trained, and what a checkpoint must hold."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.encoders.adapters import add_adapters
from synctva.encoders.settings import EncoderSettings

INITIALISED_ON = 2048
"""Utterances whose vectors give mean and sd of an encoder's features, before it is trained."""


class Encoder(nn.Module):
    """An encoder of one modality, frozen, with adapters, or tuned in full.

    The pretrained weights that are not trained are never part of a checkpoint: they are named by
    their hash and loaded again.

    Args:
        modality: Whose rows it reads.
        settings: Which encoder, and what of it is trained.

    Raises:
        InputError: There is no such encoder, or it is damaged.
    """

    def __init__(self, modality: str, settings: EncoderSettings) -> None:
        super().__init__()
        body = BODIES[modality](settings.model)
        self.settings, self.dim = settings, int(body.dim)  # pyright: ignore
        self.weights: str = str(body.weights)
        if settings.checkpointing and modality != "visual":
            has_new_name = hasattr(body.model, "activation_checkpointing_enable")  # not in 5.0
            name = "activation" if has_new_name else "gradient"
            getattr(body.model, f"{name}_checkpointing_enable")({"use_reentrant": False})
        body.requires_grad_(False)
        if settings.tune == "full":
            for part in body.tuned_fully():  # pyright: ignore
                part.requires_grad_(True)
        elif settings.tune == "lora":
            for part in body.tuned_fully():  # pyright: ignore
                add_adapters(
                    part,
                    settings.rank,
                    settings.alpha,
                    settings.dropout,
                    getattr(body, "without_adapters", ()),
                )
        self.body = body
        self.trained = frozenset(n for n, p in self.named_parameters() if p.requires_grad)
        """The names of the weights that are trained."""

    def train(self, mode: bool = True) -> "Encoder":
        """Sets the mode; what is frozen, and statistics of batches, stay as in evaluation."""
        super().train(mode and bool(self.trained))
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self

    def forward(
        self, rows: Float[Tensor, "utterance number"], present: Bool[Tensor, " utterance"]
    ) -> Float[Tensor, "utterance dim"]:
        """Returns features of the utterances, zero where the modality is absent."""
        vectors = rows.new_zeros(len(rows), self.dim)
        there = present.nonzero()[:, 0]
        if not len(there):
            return vectors
        with nullcontext() if self.trained else torch.no_grad():
            return vectors.index_copy(0, there, self.body(rows[there]))

    @torch.inference_mode()
    def sample(
        self, rows: Float[Tensor, "utterance number"], present: Bool[Tensor, " utterance"]
    ) -> Float[Tensor, "sample dim"]:
        """Returns features of some utterances, evenly spread over those that are there."""
        there = present.nonzero()[:, 0]
        if len(there) > INITIALISED_ON:
            there = there[torch.linspace(0, len(there) - 1, INITIALISED_ON).long()]
        mode = self.training
        self.eval()
        parts = [self(rows[part], present[part]) for part in there.split(256)]
        self.train(mode)
        return torch.cat(parts) if parts else rows.new_zeros(0, self.dim)


def _words(name: str) -> nn.Module:
    from synctva.encoders.text import TextEncoder

    return TextEncoder(name)


def _sound(name: str) -> nn.Module:
    from synctva.encoders.speech import SpeechEncoder

    return SpeechEncoder(name)


def _faces(name: str) -> nn.Module:
    from synctva.encoders.faces import ExpressionEncoder, ResnetEncoder

    return ExpressionEncoder() if name == "expression" else ResnetEncoder(name)


BODIES: Mapping[str, Callable[[str], nn.Module]] = MappingProxyType(
    {"text": _words, "audio": _sound, "visual": _faces}
)
"""Modality -> what makes its encoder of a name."""


def load_encoders(settings: Mapping[Any, EncoderSettings]) -> dict[str, Encoder]:
    """Returns the encoders of a recipe, by modality."""
    return {modality: Encoder(modality, one) for modality, one in settings.items()}
