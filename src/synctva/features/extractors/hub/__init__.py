"""Pretrained models of the Hugging Face hub, or of a folder in its layout; the one door to them.

Weights are read from safetensors only, and a model is refused if any of its weights would have to
be made up. ``door.py`` says when the network is used.
"""

from synctva.features.extractors.hub.door import named_in
from synctva.features.extractors.hub.image import ImageModel, load_image_model
from synctva.features.extractors.hub.speech import SpeechModel, load_speech_model
from synctva.features.extractors.hub.text import (
    TextModel,
    is_packaged,
    load_text_model,
    load_tokenizer,
    stored,
)
from synctva.features.extractors.hub.weights import located, weights_sha256

__all__ = [
    "ImageModel",
    "SpeechModel",
    "TextModel",
    "is_packaged",
    "load_image_model",
    "load_speech_model",
    "load_text_model",
    "load_tokenizer",
    "located",
    "named_in",
    "stored",
    "weights_sha256",
]
