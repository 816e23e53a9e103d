"""The sentiment of an emotion, for networks that recognise both."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from synctva.emotions import EmotionSchema

SENTIMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "negative": ("negative", "anger", "boredom", "disgust", "fear", "frustrated", "sadness"),
        "neutral": ("neutral", "calm"),
        "positive": ("positive", "joy", "excited"),
    }
)
"""Emotions by sentiment; surprise is in none, because it may be a good or a bad one."""


def sentiment_numbers(emotions: tuple[str, ...]) -> tuple[int, ...]:
    """Returns the number of each emotion's sentiment in ``SENTIMENTS``; -1 = it has none."""
    known = {name: i for i, names in enumerate(SENTIMENTS.values()) for name in names}
    names = EmotionSchema("own", emotions).mapping(EmotionSchema("sentiments", tuple(known)))
    return tuple(-1 if names[e] is None else known[str(names[e])] for e in emotions)


def sentiments_of(
    emotion: Int[Tensor, " utterance"], numbers: tuple[int, ...]
) -> Int[Tensor, " utterance"]:
    """Returns each utterance's sentiment; -1 = unlabelled, or its emotion has none.

    Args:
        emotion: Number of the emotion; -1 = unlabelled.
        numbers: The sentiment of each emotion.
    """
    return torch.tensor([*numbers, -1], device=emotion.device)[emotion]


def mean_cross_entropy(
    logits: Float[Tensor, "row kind"], kind: Int[Tensor, " row"]
) -> Float[Tensor, ""]:
    """Returns the mean cross-entropy over the rows whose kind is not -1; 0 where there is none."""
    total = functional.cross_entropy(logits, kind, ignore_index=-1, reduction="sum")
    return total / (kind >= 0).sum().clamp(min=1)
