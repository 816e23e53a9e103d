"""ResNets of the hub."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from safetensors import SafetensorError
from torch import nn

from synctva.errors import InputError
from synctva.features.extractors.hub.door import WEIGHTS, loaded
from synctva.features.extractors.hub.weights import (
    cannot_be_loaded,
    refuse_made_up,
    weights_sha256,
)

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of ImageNet's red, green and blue in 0..1: for a model that does not name its own."""
IMAGENET_SD = (0.229, 0.224, 0.225)
IMAGE_PX = 224
"""Height and width in pixels for a model that does not name its own."""


@dataclass(frozen=True)
class ImageModel:
    """A ResNet and how pictures are brought to it.

    Attributes:
        model: (n, 3, size, size) RGB, normalised -> ``.pooler_output`` (n, dim, 1, 1); on the
            CPU, in evaluation mode.
        size: Height and width of the pictures it expects, in pixels.
        mean: Of red, green and blue in 0..1, to be subtracted.
        sd: Of red, green and blue in 0..1, to divide by.
        weights: sha256 of the weights.
        version: Of the library that runs it.
    """

    model: nn.Module
    size: int
    mean: tuple[float, float, float]
    sd: tuple[float, float, float]
    weights: str
    version: str

    @property
    def dim(self) -> int:
        """Width of a picture's vector; 2048 for ResNet-50."""
        return int(self.model.config.hidden_sizes[-1])  # pyright: ignore


def load_image_model(name: str, sources: Mapping[str, str]) -> ImageModel:
    """Returns a ResNet, with mean, sd and size of its pictures by ``preprocessor_config.json``.

    A model without that file, or without one of its entries, gets ImageNet's mean and sd and 224
    pixels. Only these numbers are taken: the library's own preparation needs torchvision.

    Args:
        name: One of ``sources``, a hub id such as ``microsoft/resnet-50``, or a folder.
        sources: Known names, and the hub id or folder of each.

    Raises:
        InputError: There is no such model, here or on the hub; or it is damaged, incomplete, or
            no ResNet.
    """
    import transformers

    transformers.logging.disable_progress_bar()  # of weights loaded; downloads keep theirs
    from transformers.models.auto.image_processing_auto import get_image_processor_config

    what, source = f"image encoder {name!r}", sources.get(name, name)
    try:
        kind = loaded(transformers.AutoConfig.from_pretrained, source).model_type
        if kind != "resnet":
            raise InputError(f"{what} is of the kind {kind}; use a ResNet")
        model, report = loaded(partial(transformers.AutoModel.from_pretrained, **WEIGHTS), source)
        config = loaded(get_image_processor_config, source, partial(_is_known, source))
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise cannot_be_loaded(what, name, sources, error) from error
    made_up = sorted(report["missing_keys"])
    refuse_made_up([key for key in made_up if not key.endswith("num_batches_tracked")], what)
    try:
        size, mean, sd = (
            _size(config),
            _colours(config, "image_mean"),
            _colours(config, "image_std"),
        )
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise InputError(
            f"{what}: its preprocessor_config.json is not as expected ({error!r}); it gives"
            " image_mean and image_std as three numbers and size as a number of pixels"
        ) from error
    version = f"transformers {transformers.__version__}"
    return ImageModel(model.eval(), size, mean, sd, weights_sha256(model, made_up), version)


def _is_known(source: str, config: Mapping[str, Any]) -> bool:
    """Returns whether this machine knows how a model of the hub wants its pictures."""
    from huggingface_hub import try_to_load_from_cache

    return bool(config) or try_to_load_from_cache(source, "preprocessor_config.json") is not None


def _size(config: Mapping[str, Any]) -> int:
    """Returns the side of the square that a model's pictures are brought to, in pixels."""
    named = config.get("crop_size", config.get("size", IMAGE_PX))
    pixels = int(next(iter(named.values())) if isinstance(named, Mapping) else named)
    if not 1 <= pixels <= 4096:
        raise ValueError(f"size {pixels}")
    return pixels


def _colours(config: Mapping[str, Any], key: str) -> tuple[float, float, float]:
    """Returns a number for red, green and blue: the model's own, else ImageNet's."""
    is_mean = key == "image_mean"
    if not config.get("do_normalize", True):
        return (0.0, 0.0, 0.0) if is_mean else (1.0, 1.0, 1.0)
    red, green, blue = config.get(key) or (IMAGENET_MEAN if is_mean else IMAGENET_SD)
    found = (float(red), float(green), float(blue))
    if not is_mean and min(found) <= 0:
        raise ValueError(f"{key} {found}")
    return found
