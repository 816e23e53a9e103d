"""Text encoders of the hub, and their tokenizers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import torch
from safetensors import SafetensorError
from torch import nn

from synctva.errors import InputError
from synctva.features.extractors.hub.bert import WordPieces, load_bert
from synctva.features.extractors.hub.door import WEIGHTS, loaded
from synctva.features.extractors.hub.weights import (
    cannot_be_loaded,
    reason_of,
    refuse_made_up,
    weights_sha256,
)

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

Words: TypeAlias = "PreTrainedTokenizerBase | WordPieces"
"""A tokenizer."""

PACKAGED = "minilm"
"""The name of the encoder that comes as a package of its own, and is a BERT."""

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

    tokenizer: Words
    model: nn.Module
    weights: str
    version: str

    @property
    def dim(self) -> int:
        """Width of a token's vector."""
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
    what, source = f"text encoder {name!r}", sources.get(name, name)
    if is_packaged(name, source):
        return _packaged(name, source, sources)
    import transformers

    transformers.logging.disable_progress_bar()  # of weights loaded; downloads keep theirs

    tokenizer = load_tokenizer(name, sources)
    try:
        model, report = loaded(partial(transformers.AutoModel.from_pretrained, **WEIGHTS), source)
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise cannot_be_loaded(what, name, sources, error) from error
    made_up = sorted(report["missing_keys"])
    refuse_made_up([key for key in made_up if not key.startswith("pooler.")], what)
    library = f"transformers {transformers.__version__}"
    found = TextModel(tokenizer, model.eval(), weights_sha256(model, made_up), library)
    _try_out(found, what)
    return found


def load_tokenizer(name: str, sources: Mapping[str, str]) -> Words:
    """Returns a text encoder's tokenizer, which cuts texts where the encoder ends.

    One that has no token for padding pads with the token for the end of a text; masks cover it.
    Arguments and errors are those of ``load_text_model``.
    """
    what, source = f"text encoder {name!r}", sources.get(name, name)
    if is_packaged(name, source):
        return _word_pieces(name, source, sources)
    import transformers

    try:
        tokenizer = loaded(transformers.AutoTokenizer.from_pretrained, source, _knows_words)
        config = loaded(transformers.AutoConfig.from_pretrained, source)
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise cannot_be_loaded(what, name, sources, error) from error
    if not _knows_words(tokenizer):
        raise InputError(
            f"{what}: its tokenizer knows no words; add its files, such as tokenizer.json, or take"
            " another one"
        )
    if (most := _positions(config)) is not None:
        tokenizer.model_max_length = min(tokenizer.model_max_length, most)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def is_packaged(name: str, source: str) -> bool:
    """Returns whether a text encoder is the one that comes with the package."""
    return name == PACKAGED and Path(source).is_dir()


def _packaged(name: str, source: str, sources: Mapping[str, str]) -> TextModel:
    try:
        model = load_bert(Path(source))
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        raise cannot_be_loaded(f"text encoder {name!r}", name, sources, error) from error
    words = _word_pieces(name, source, sources)
    return TextModel(words, model, weights_sha256(model), f"synctva {version('synctva')}")


def _word_pieces(name: str, source: str, sources: Mapping[str, str]) -> WordPieces:
    try:
        return _word_pieces_in(Path(source))
    except Exception as error:  # the library raises plain exceptions
        raise cannot_be_loaded(f"text encoder {name!r}", name, sources, error) from error


@cache
def _word_pieces_in(folder: Path) -> WordPieces:
    """Returns the tokenizer of a folder; a model's encoder and what makes its tokens share it."""
    told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return WordPieces(folder / "tokenizer.json", int(told["max_position_embeddings"]))


def stored(tokenizer: Words) -> str:
    """Returns what a tokenizer is, as text; its hash tells it from others."""
    if isinstance(tokenizer, WordPieces):
        return tokenizer.stored
    fast = getattr(tokenizer, "backend_tokenizer", None)
    return str(sorted(tokenizer.get_vocab())) if fast is None else fast.to_str()


def _knows_words(tokenizer: "PreTrainedTokenizerBase") -> bool:
    """Returns whether it is whole; where files are missing, the library makes an empty one up."""
    return len(tokenizer) > len(tokenizer.all_special_ids)


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
            f"{what} cannot encode a text ({reason_of(error)}); take an encoder, such as BERT or"
            " RoBERTa"
        ) from error
