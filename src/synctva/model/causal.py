"""The same weights around another network: causal, or without the encoders."""

from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.model.emotion_model import EmotionModel, Normalisation
from synctva.networks.sync_tva.architecture import Architecture
from synctva.tensors import in_threads

ENCODED_AT_ONCE = 128
"""How many utterances go through a model's own encoders together; some such pieces at once."""


def causal(model: EmotionModel, place: str) -> EmotionModel:
    """Returns the model with the same weights that looks at no later utterance.

    Args:
        model: Of Sync-TVA, or of a network that looks at each utterance alone.
        place: Where it is, for messages.

    Raises:
        InputError: Its network has no such mode.
    """
    if model.reach is not None and model.reach[1] == 0:
        return model
    if not isinstance(model.settings, Architecture):
        raise InputError(
            f"{place}: a {model.settings.network} looks at the whole dialogue and has no causal"
            " mode; use a Sync-TVA, or leave out --causal"
        )
    settings = replace(model.settings, future=0)
    return rebuilt(model, settings, dict(model.dims), dict(model.encoders.items()))


def rebuilt(
    model: EmotionModel, settings: Any, dims: dict[str, int], encoders: dict[str, nn.Module]
) -> EmotionModel:
    """Returns a model around the same weights.

    Args:
        model: Whose weights.
        settings: The network's.
        dims: Width of the features of each modality.
        encoders: Those that it keeps.
    """
    other = EmotionModel(model.emotions, dims, settings, cast(Any, encoders))
    other.become_familiar(model.familiarity)
    weights: dict[str, Tensor] = model.state_dict()
    own = other.state_dict().keys()
    other.load_state_dict({name: weights[name] for name in own}, assign=True)
    other.provenance = model.provenance
    return other.eval()


def without_encoders(model: EmotionModel, batch: Batch) -> tuple[EmotionModel, Batch]:
    """Returns the model without encoders, and the batch of what its encoders make."""
    return bare(model), encoded(model, batch)


def bare(model: EmotionModel) -> EmotionModel:
    """Returns the model without encoders: what they make are its features."""
    if not model.encoders:
        return model
    dims = {m: len(cast(Normalisation, own).mean) for m, own in model.normalisation.items()}
    return rebuilt(model, cast(Any, model.settings), dims, {})


@torch.inference_mode()
def encoded(model: EmotionModel, batch: Batch) -> Batch:
    """Returns the batch of what a model's encoders make of it, each utterance by itself."""
    if not model.encoders:
        return batch
    if model.training:
        model.eval()
    made: dict[str, Any] = {}
    for m, encoder in model.encoders.items():
        rows, present = batch.features[m], batch.present[:, MODALITIES.index(m)]
        parts = zip(rows.split(ENCODED_AT_ONCE), present.split(ENCODED_AT_ONCE), strict=True)
        made[m] = torch.cat(list(in_threads(partial(_vectors, encoder), parts)))
    return replace(batch, **made)


@torch.inference_mode()
def _vectors(
    encoder: nn.Module, part: tuple[Float[Tensor, "utterance wide"], Bool[Tensor, " utterance"]]
) -> Float[Tensor, "utterance dim"]:
    return encoder(*part)
