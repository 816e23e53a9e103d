"""Which encoder is fine-tuned jointly, and how much of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from synctva.corpus import Description
from synctva.errors import InputError

INPUTS = {
    "text": ("tokens", "--set text.tokens=48"),
    "audio": ("waveform", "--set audio.model=waveform"),
    "visual": ("crops", "--set visual.crops=6"),
}
"""Modality -> what its encoder reads, by its maker, and how a store comes by it."""


@dataclass(frozen=True)
class EncoderSettings:
    """An encoder of one modality, ahead of the network.

    Attributes:
        model: Text: ``minilm``, ``roberta-base``, ``roberta-large``, a hub id, or a folder.
            Visual: ``expression`` (our own), ``resnet50``, a hub id, or a folder. Audio: hub id or
            folder of a WavLM, HuBERT or wav2vec 2.0.
        tune: ``frozen``: as it is; ``lora``: adapters of low rank beside its matrices; ``full``:
            all its weights, but those of the tokens.
        rank: Rank of the adapters.
        alpha: The adapters' weight is alpha / rank.
        dropout: Dropout rate ahead of the adapters.
        learning_rate: Of what is tuned; the network has ``training.learning_rate``.
        checkpointing: Compute activations twice instead of keeping them: less memory, more time.

    Raises:
        InputError: A number out of range.
    """

    model: str
    tune: Literal["frozen", "lora", "full"] = "lora"
    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.1
    learning_rate: float = 3e-4
    checkpointing: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= 1024:
            raise InputError(f"encoders.rank {self.rank}: must be 1 to 1024")
        if self.alpha <= 0 or self.learning_rate <= 0:
            raise InputError("encoders.alpha and encoders.learning_rate must be above 0")
        if not 0 <= self.dropout < 1:
            raise InputError(f"encoders.dropout {self.dropout}: must be in [0, 1)")


def check_inputs(
    encoders: Mapping[Any, EncoderSettings],
    held: Mapping[str, Description],
    modalities: tuple[str, ...],
    place: Path,
) -> None:
    """Checks that each encoder finds what it reads, and nothing else is to be read.

    Args:
        encoders: The recipe's, by modality.
        held: What the store's features are, by modality.
        modalities: Those that the recipe uses.
        place: The store, for messages.

    Raises:
        InputError: The store holds features where an encoder reads inputs, or such inputs without
            an encoder.
    """
    if unknown := sorted(set(encoders) - set(INPUTS)):
        raise InputError(f"{place}: no encoder reads {unknown[0]}; leave encoders.{unknown[0]} out")
    for modality in (m for m in modalities if m in INPUTS):
        inputs, how = INPUTS[modality]
        found = held.get(modality, Description("nothing"))
        if modality in encoders and found.maker != inputs:
            raise InputError(
                f"{place}: the recipe trains the {modality} encoder, which reads {inputs}, but the"
                f" store holds {found.name}; run `synctva features {place} {how}`"
            )
        if modality not in encoders and found.maker == inputs:
            raise InputError(
                f"{place}: its {modality} features are {inputs}, which only an encoder can read;"
                f" name one in the recipe's table encoders.{modality}, or extract features"
            )
