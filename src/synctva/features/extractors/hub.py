"""Pretrained models of the Hugging Face hub, or of a folder in its layout; the one door to them.

Weights are read from safetensors only, and a model is refused if any of its weights would have to
be made up. The network is used only for a model that is named by its hub id and not cached.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from torch import nn

from synctva.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of ImageNet's red, green and blue in 0..1: for a model that does not name its own."""
IMAGENET_SD = (0.229, 0.224, 0.225)
IMAGE_PX = 224
"""Height and width in pixels for a model that does not name its own."""
AFTER_PADDING = (
    *("camembert", "data2vec-text", "esm", "ibert", "lilt", "longformer", "luke", "markuplm"),
    *("mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
)
"""Kinds of text encoders that count positions from the padding token's number plus one."""


@dataclass(frozen=True)
class TextModel:
    """A text encoder and its tokenizer.

    Attributes:
        tokenizer: Text -> token numbers.
        model: Token numbers -> a vector per token, on the CPU, in evaluation mode.
        weights: sha256 of the weights.
        version: Of the library that runs it.
    """

    tokenizer: "PreTrainedTokenizerBase"
    model: nn.Module
    weights: str
    version: str

    @property
    def dim(self) -> int:
        """Width of a token's vector."""
        return int(self.model.config.hidden_size)  # pyright: ignore


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


@dataclass(frozen=True)
class SpeechModel:
    """A speech encoder.

    Attributes:
        model: (n, sample) 16 kHz mono -> ``.last_hidden_state`` (n, frame, dim), on the CPU, in
            evaluation mode.
        weights: sha256 of the weights.
        version: Of the library that runs it.
    """

    model: nn.Module
    weights: str
    version: str

    @property
    def kind(self) -> str:
        """Its kind, such as ``wavlm``."""
        return str(self.model.config.model_type)  # pyright: ignore

    @property
    def dim(self) -> int:
        """Width of a frame's vector."""
        return int(self.model.config.hidden_size)  # pyright: ignore


def load_text_model(name: str, sources: Mapping[str, str]) -> TextModel:
    """Returns a text encoder.

    Args:
        name: One of ``sources``, a hub id, or a folder in the hub's layout.
        sources: Known names, and the hub id or folder of each.

    Raises:
        InputError: There is no such model, here or on the hub; or it is damaged, incomplete, or
            does not make vectors of texts.
    """
    import transformers

    transformers.logging.disable_progress_bar()  # of weights loaded; downloads keep theirs

    what, source = f"text encoder {name!r}", sources.get(name, name)
    tokenizer = load_tokenizer(name, sources)
    try:
        model, report = transformers.AutoModel.from_pretrained(
            source, use_safetensors=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _cannot_be_loaded(what, name, sources, error) from error
    made_up = sorted(report["missing_keys"])
    _refuse([key for key in made_up if not key.startswith("pooler.")], what)
    version = f"transformers {transformers.__version__}"
    loaded = TextModel(tokenizer, model.eval(), weights_sha256(model, made_up), version)
    _try_out(loaded, what)
    return loaded


def load_tokenizer(name: str, sources: Mapping[str, str]) -> "PreTrainedTokenizerBase":
    """Returns a text encoder's tokenizer, which cuts texts where the encoder ends.

    One that has no token for padding pads with the token for the end of a text; masks cover it.
    Arguments and errors are those of ``load_text_model``.
    """
    import transformers

    what, source = f"text encoder {name!r}", sources.get(name, name)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source)
        config = transformers.AutoConfig.from_pretrained(source)
    except (OSError, ValueError, RuntimeError) as error:
        raise _cannot_be_loaded(what, name, sources, error) from error
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # made up, where its files are missing
        raise InputError(
            f"{what}: its tokenizer knows no words; add its files, such as tokenizer.json, or take"
            " another one"
        )
    if (most := _positions(config)) is not None:
        tokenizer.model_max_length = min(tokenizer.model_max_length, most)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _positions(config: "PreTrainedConfig") -> int | None:
    """Returns how many tokens a text encoder has positions for; None where there is no bound."""
    positions = getattr(config, "max_position_embeddings", None)
    if positions is None or positions < 1:  # XLNet says -1
        return None
    if config.model_type in AFTER_PADDING:
        return positions - 1 - (config.pad_token_id or 0)
    return positions


def _try_out(loaded: TextModel, what: str) -> None:
    """Raises where two texts, one of them padded, do not become vectors."""
    try:
        tokens = [loaded.tokenizer(text)["input_ids"] for text in ("Oh no!", "Oh no! Not again.")]
        padded = loaded.tokenizer.pad({"input_ids": tokens}, return_tensors="pt")
        with torch.no_grad():
            output = loaded.model(**{key: padded[key] for key in ("input_ids", "attention_mask")})
        width = output.last_hidden_state.shape[-1]
        if width != loaded.dim:
            raise ValueError(f"{width} numbers for a token, not {loaded.dim}")
    except Exception as error:  # each kind of model fails in a way of its own
        raise InputError(
            f"{what} cannot encode a text ({_reason(error)}); take an encoder, such as BERT or"
            " RoBERTa"
        ) from error


def load_speech_model(name: str) -> SpeechModel:
    """Returns a speech encoder: wav2vec 2.0, HuBERT or WavLM.

    Args:
        name: A hub id such as ``microsoft/wavlm-base-plus``, or a folder in the hub's layout.

    Raises:
        InputError: There is no such model, here or on the hub; or it is damaged, incomplete, or
            no speech encoder.
    """
    import transformers

    transformers.logging.disable_progress_bar()
    what = f"speech encoder {name!r}"
    try:
        config = transformers.AutoConfig.from_pretrained(name)
        if not hasattr(config, "feat_extract_norm"):
            raise InputError(f"{what} is of the kind {config.model_type}; take WavLM or wav2vec2")
        model, report = transformers.AutoModel.from_pretrained(
            name, use_safetensors=True, output_loading_info=True
        )
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _cannot_be_loaded(what, name, {}, error) from error
    made_up = sorted(report["missing_keys"])
    _refuse([key for key in made_up if key != "masked_spec_embed"], what)
    model.config.apply_spec_augment = False  # its mask would hide what the loss asks for
    version = f"transformers {transformers.__version__}"
    return SpeechModel(model.eval(), weights_sha256(model, made_up), version)


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
        kind = transformers.AutoConfig.from_pretrained(source).model_type
        if kind != "resnet":
            raise InputError(f"{what} is of the kind {kind}; take a ResNet")
        model, report = transformers.AutoModel.from_pretrained(
            source, use_safetensors=True, output_loading_info=True
        )
        config = get_image_processor_config(source)
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _cannot_be_loaded(what, name, sources, error) from error
    made_up = sorted(report["missing_keys"])
    _refuse([key for key in made_up if not key.endswith("num_batches_tracked")], what)
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


def _cannot_be_loaded(
    what: str, name: str, sources: Mapping[str, str], error: Exception
) -> InputError:
    known = f"presets are {', '.join(sources)}; a folder or a hub id works too"
    near = "" if name in sources else did_you_mean(name, sources)
    return InputError(f"{what} cannot be loaded ({_reason(error)}): {known}.{near}")


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _refuse(lacking: list[str], what: str) -> None:
    """Raises where weights are missing: the library makes them up, and features would be noise."""
    if lacking:
        raise InputError(
            f"{what}: {len(lacking)} of its weights are missing, such as {lacking[0]};"
            " get it again, or take another one"
        )


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


def weights_sha256(model: nn.Module, made_up: Iterable[str] = ()) -> str:
    """Returns the hash of the weights, without those that are random at each loading."""
    left_out = set(made_up)
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if name not in left_out:
            digest.update(name.encode())
            digest.update(tensor.contiguous().cpu().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
