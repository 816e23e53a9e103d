"""Text features: one vector per utterance from a frozen encoder of the Hugging Face hub."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from synctva.corpus import Corpus, Description, Features
from synctva.features.extractors.context import InContext
from synctva.features.extractors.extractor import WordExtractor
from synctva.features.extractors.hub import load_text_model, located
from synctva.features.extractors.language import flags_of_words
from synctva.features.extractors.text_encoders import PRESETS, TextPreset, preset_of, sources
from synctva.features.extractors.tokens import Tokeniser
from synctva.tensors import AT_ONCE, device_named, in_threads

BATCH_TOKENS = 8192
"""A batch holds this many tokens, padding included: it bounds the memory."""

Tokens = Int[Tensor, "item token"]


class TextExtractor:
    """Encodes utterances: tokens -> transformer -> mean over the last layers and the tokens.

    MiniLM gives the very vectors of ``sentence-transformers``. RoBERTa's mean over the last four
    layers is our choice; published feature files differ in it and rarely say how.

    Args:
        name: A preset (``minilm``, ``roberta-base``, ``roberta-large``), a hub id, or a folder.
        device: Where to run; the GPU where there is one by default.
        context: Encode an utterance after this many turns before it: ``Speaker 1: Hi.</s>Speaker 2:
            Well...``. The encoder reads all of it, as much as fits, and only the vectors of the
            utterance's own words are pooled. 0 = every utterance on its own.

    Raises:
        InputError: There is no such model, here or on the hub, or it is damaged or no encoder; or
            there is no such device; or the context is negative, or its tokenizer cannot tell which
            tokens are an utterance's own.
    """

    def __init__(
        self, name: str, device: torch.device | str | None = None, context: int = 0
    ) -> None:
        preset = preset_of(name)
        self._device = device_named(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        loaded = load_text_model(name, sources())
        self._tokeniser = Tokeniser(name, loaded.tokenizer, context)
        self._model = loaded.model.to(self._device)
        self._preset = preset
        self.dim: int = loaded.dim
        self.description = Description(
            "transformer",
            located(name, PRESETS),
            version=loaded.version,
            weights=loaded.weights,
            settings={
                "pooling": "mean",
                "layers": preset.layers,
                "normalise": preset.normalise,
                "max_tokens": self._tokeniser.max_tokens,
                **({"context": context} if context else {}),
            },
            dim=self.dim,
        )

    def inputs_of(self, corpus: Corpus) -> Sequence[str | InContext]:
        """Returns what is encoded for each utterance of a corpus; nothing in it is said later."""
        return self._tokeniser.inputs_of(corpus)

    def encode(
        self,
        items: Sequence[str | InContext],
        advance: Callable[[int], None] = lambda count: None,
    ) -> Float32[np.ndarray, "item dim"]:
        """Returns a vector per item. Items of like length share a batch; the order is kept.

        Each batch is computed in one thread, several at once, so the vectors are the same to the
        last bit wherever they are made by the same kind of processor.

        Args:
            items: Texts, alone or in context; an empty one is encoded like any other.
            advance: Called with the number of items that have been finished since the last call.
        """
        encoded = [self._tokeniser.tokens(item) for item in items]
        vectors = np.zeros((len(items), self.dim), dtype=np.float32)
        batches = batches_by_length([len(tokens) for tokens, _ in encoded], BATCH_TOKENS)
        padded = (self._padded([encoded[row] for row in rows]) for rows in batches)
        at_once = AT_ONCE if self._device.type == "cpu" else 1
        made = in_threads(self._vectors, padded, at_once)
        for rows, found in zip(batches, made, strict=True):
            vectors[rows] = found.numpy()
            advance(len(rows))
        return vectors

    def _padded(self, encoded: Sequence[tuple[list[int], list[bool]]]) -> "tuple[Tokens, ...]":
        """Returns tokens, mask, and which tokens are pooled, of the items of a batch."""
        padded = self._tokeniser.tokenizer.pad(
            {"input_ids": [tokens for tokens, _ in encoded]}, return_tensors="pt"
        )
        mask = padded["attention_mask"]
        own = torch.zeros_like(mask)
        own[mask.bool()] = torch.tensor(
            [is_own for _, pooled in encoded for is_own in pooled], dtype=mask.dtype
        )
        return padded["input_ids"], mask, own

    @torch.inference_mode()
    def _vectors(self, padded: "tuple[Tokens, ...]") -> Float[Tensor, "item dim"]:
        tokens, mask, own = (tensor.to(self._device) for tensor in padded)
        return encode_tokens(self._model, tokens, mask, own, self._preset).float().cpu()


def encode_tokens(
    model: nn.Module,
    tokens: Int[Tensor, "item token"],
    mask: Int[Tensor, "item token"],
    own: Int[Tensor, "item token"],
    preset: TextPreset,
) -> Float[Tensor, "item dim"]:
    """Returns a vector per item from a transformer.

    Args:
        model: The transformer.
        tokens: Numbers of the tokens.
        mask: 1 for a token, 0 for padding.
        own: 1 for a token that is pooled.
        preset: How.
    """
    output = model(input_ids=tokens, attention_mask=mask, output_hidden_states=preset.layers > 1)
    if preset.layers > 1:
        hidden = torch.stack(output.hidden_states[-preset.layers :]).mean(0)
    else:
        hidden = output.last_hidden_state
    kept = own.unsqueeze(-1).to(hidden.dtype)
    vectors = (hidden * kept).sum(1) / kept.sum(1).clamp(min=1)
    return torch.nn.functional.normalize(vectors, dim=-1) if preset.normalise else vectors


def text_features(
    corpus: Corpus,
    extractor: WordExtractor,
    advance: Callable[[int], None] = lambda count: None,
) -> Features:
    """Returns the text features of a corpus; an utterance with no words lacks the modality.

    Words in a language that the encoder does not know are flagged.
    """
    words = [(utterance.text or "").strip() for _, utterance in corpus.utterances()]
    present = np.array([bool(text) for text in words], dtype=bool)
    values = np.zeros((len(words), extractor.description.dim), dtype=np.float32)
    items = extractor.inputs_of(corpus)
    values[present] = extractor.encode(
        [item for item, there in zip(items, present, strict=True) if there], advance
    )
    advance(int((~present).sum()))
    flags = flags_of_words(corpus, extractor.description)
    return Features(values, present, extractor.description, flags)


def batches_by_length(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Returns rows grouped by length, longest first, so that little is padded.

    Args:
        lengths: Of each row.
        size: How much a batch holds, padding included; but at least one row.
    """
    batches: list[list[int]] = []
    longest = 0
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        if not batches or (len(batches[-1]) + 1) * longest > size:
            batches.append([])
            longest = max(lengths[row], 1)
        batches[-1].append(row)
    return batches
