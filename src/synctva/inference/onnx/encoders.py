"""The encoders of words and faces as functions that can be traced: numbers in, features out."""

from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from synctva.corpus import Description
from synctva.encoders.adapters import merged
from synctva.encoders.faces import ExpressionEncoder
from synctva.encoders.text import TextEncoder
from synctva.features.extractors.expression import ExpressionNetwork, load_expression_network
from synctva.features.extractors.hub import is_packaged, load_text_model
from synctva.features.extractors.text import encode_tokens
from synctva.features.extractors.text_encoders import TextPreset, preset_of, sources
from synctva.model.emotion_model import EmotionModel


class Words(nn.Module):
    """A text encoder with its adapters merged.

    Args:
        encoder: The transformer.
        preset: How the tokens' vectors become one.
    """

    def __init__(self, encoder: nn.Module, preset: TextPreset) -> None:
        super().__init__()
        self.encoder, self.preset = encoder, preset

    def forward(
        self, tokens: Int[Tensor, "utterance token"], own: Int[Tensor, "utterance token"]
    ) -> Float[Tensor, "utterance dim"]:
        """Returns a vector per utterance.

        Args:
            tokens: Their numbers; 0 = padding.
            own: 1 for an utterance's own tokens, 0 for padding and for turns before it.
        """
        return encode_tokens(self.encoder, tokens, (tokens > 0).long(), own, self.preset)


class Faces(nn.Module):
    """The face network over the faces of one utterance.

    Args:
        network: With its adapters merged.
        has_deviation: Mean and sd of the faces' vectors; else the mean alone.
    """

    def __init__(self, network: ExpressionNetwork, has_deviation: bool) -> None:
        super().__init__()
        self.network, self.has_deviation = network, has_deviation

    def forward(self, faces: Float[Tensor, "face 48 48"]) -> Float[Tensor, " dim"]:
        """Returns the utterance's vector, of grey faces from 0 to 255."""
        vectors = self.network.embed(faces)
        vectors = torch.cat([vectors, self.network.classifier(vectors).softmax(1)], 1)
        mean = vectors.mean(0)
        if not self.has_deviation:
            return mean
        return torch.cat([mean, (vectors - mean).square().mean(0).sqrt()])


def words_of(model: EmotionModel, known: Description) -> Words | None:
    """Returns the encoder that makes a model's text features; None of one of the hub.

    Args:
        model: The model, which may have trained it.
        known: What its text features, or the tokens that they are made of, are.
    """
    if not is_packaged(known.model, sources().get(known.model, "")):
        return None
    if "text" in model.encoders:
        encoder = cast(TextEncoder, model.encoders["text"].body).model
    else:
        encoder = load_text_model(known.model, sources()).model
    return Words(merged(encoder), preset_of(known.model))


def faces_of(model: EmotionModel, known: Description) -> Faces | None:
    """Returns the network that makes a model's visual features; None of a ResNet."""
    if known.model != "expression":
        return None
    if "visual" in model.encoders:
        network = cast(ExpressionEncoder, model.encoders["visual"].body).model
    else:
        network = load_expression_network()
    has_deviation = known.settings.get("pooling", "mean_sd") == "mean_sd"
    return Faces(cast(ExpressionNetwork, merged(network)), has_deviation)
