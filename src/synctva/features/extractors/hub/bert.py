"""BERT and its tokenizer, for the one that comes with the package.

The library that runs all other text encoders takes some three seconds to load, as long as all else
that it takes to recognise a few lines. Names of weights, vectors and tokens are the library's; a
test holds them together.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from synctva.tensors import shapes_only


class WordPieces:
    """A BERT tokenizer: the part of the library's interface that is used here.

    Args:
        file: ``tokenizer.json``.
        most: How many tokens the encoder reads.

    Attributes:
        stored: What it is, as JSON; its hash tells it from others.
    """

    is_fast = True
    sep_token, pad_token, eos_token = "[SEP]", "[PAD]", None

    def __init__(self, file: Path, most: int) -> None:
        self._whole = Tokenizer.from_file(str(file))
        self.stored: str = self._whole.to_str()
        self._whole.no_truncation()
        self._whole.no_padding()
        self.model_max_length = most

    def __call__(
        self,
        text: str,
        *,
        truncation: bool = False,
        max_length: int | None = None,
        return_offsets_mapping: bool = False,
        verbose: bool = True,
    ) -> dict[str, Any]:
        """Returns the tokens of a text between [CLS] and [SEP], which stay if it is cut."""
        found = self._whole.encode(text)
        tokens, offsets = found.ids, found.offsets
        if truncation and max_length is not None and len(tokens) > max_length:
            tokens = [*tokens[: max_length - 1], tokens[-1]]
            offsets = [*offsets[: max_length - 1], offsets[-1]]
        return {
            "input_ids": tokens,
            **({"offset_mapping": offsets} if return_offsets_mapping else {}),
        }

    def pad(self, items: dict[str, list[list[int]]], return_tensors: str) -> dict[str, Tensor]:
        """Returns tokens and their mask, as wide as the longest of the items."""
        rows = items["input_ids"]
        tokens = torch.zeros(len(rows), max(map(len, rows), default=0), dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, own in enumerate(rows):
            tokens[row, : len(own)], mask[row, : len(own)] = torch.tensor(own), 1
        return {"input_ids": tokens, "attention_mask": mask}


@dataclass(frozen=True)
class BertConfig:
    """Sizes, by the names of ``config.json``."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    vocab_size: int
    max_position_embeddings: int
    type_vocab_size: int
    layer_norm_eps: float
    hidden_dropout_prob: float
    attention_probs_dropout_prob: float


class Embeddings(nn.Module):
    """The vectors of tokens, of their places and of the first segment, added."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.word_embeddings = nn.Embedding(config.vocab_size, width)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, width)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, tokens: Int[Tensor, "item token"]) -> Float[Tensor, "item token dim"]:
        """Returns a vector per token."""
        found = self.word_embeddings(tokens) + self.token_type_embeddings.weight[0]
        found = found + self.position_embeddings.weight[: tokens.shape[1]]
        return self.dropout(self.LayerNorm(found))


class Heads(nn.Module):
    """Queries, keys and values, and what each token takes from the others."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads, self.dropout = config.num_attention_heads, config.attention_probs_dropout_prob
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(
        self, values: Float[Tensor, "item token dim"], mask: Int[Tensor, "item token"]
    ) -> Float[Tensor, "item token dim"]:
        """Returns ``softmax(Q K^T / sqrt(width of a head)) V`` of each head, side by side."""
        query, key, value = (
            project(values).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        )
        seen = mask[:, None, None, :].bool()
        dropout = self.dropout if self.training else 0.0
        found = functional.scaled_dot_product_attention(query, key, value, seen, dropout)
        return found.transpose(1, 2).flatten(2)


class Output(nn.Module):
    """A matrix, and the norm of its sum with what came in."""

    def __init__(self, config: BertConfig, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self, values: Float[Tensor, "item token width"], before: Float[Tensor, "item token dim"]
    ) -> Float[Tensor, "item token dim"]:
        """Returns ``norm(before + W values)``."""
        return self.LayerNorm(self.dropout(self.dense(values)) + before)


class Layer(nn.Module):
    """Attention, then two matrices with GELU between."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self.attention = nn.ModuleDict({"self": Heads(config), "output": Output(config, width)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, inner)})
        self.output = Output(config, inner)

    def forward(
        self, values: Float[Tensor, "item token dim"], mask: Int[Tensor, "item token"]
    ) -> Float[Tensor, "item token dim"]:
        """Returns the tokens' vectors after this layer."""
        values = self.attention["output"](self.attention["self"](values, mask), values)
        return self.output(functional.gelu(self.intermediate["dense"](values)), values)


class Bert(nn.Module):
    """The encoder. Its pooler is kept, since it belongs to the hash of the weights, and unused.

    Args:
        config: Its sizes.

    Source: Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers for Language
    Understanding, NAACL 2019, section 3.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config, self._is_checkpointed = config, False
        self.embeddings = Embeddings(config)
        layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.encoder = nn.ModuleDict({"layer": layers})
        self.pooler = nn.ModuleDict({"dense": nn.Linear(config.hidden_size, config.hidden_size)})

    def gradient_checkpointing_enable(self, **_: object) -> None:
        """Makes training compute each layer again for its gradients, which saves memory."""
        self._is_checkpointed = True

    def forward(
        self,
        input_ids: Int[Tensor, "item token"],
        attention_mask: Int[Tensor, "item token"],
        output_hidden_states: bool = False,
    ) -> SimpleNamespace:
        """Returns ``last_hidden_state`` and ``hidden_states`` (item token dim), as the library."""
        states: list[Tensor] = [self.embeddings(input_ids)]
        layers: Sequence[nn.Module] = self.encoder["layer"]  # pyright: ignore
        for layer in layers:
            if self._is_checkpointed and self.training:
                found = checkpoint(layer, states[-1], attention_mask, use_reentrant=False)
                states.append(found)  # pyright: ignore
            else:
                states.append(layer(states[-1], attention_mask))
        return SimpleNamespace(last_hidden_state=states[-1], hidden_states=tuple(states))


def load_bert(folder: Path) -> Bert:
    """Returns the encoder of a folder in the hub's layout, in evaluation mode.

    Raises:
        OSError: A file is missing.
        KeyError: A size is missing in ``config.json``.
        RuntimeError: The weights do not fit.
    """
    told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with shapes_only():
        model = Bert(BertConfig(**{name: told[name] for name in BertConfig.__annotations__}))
    weights = load_file(folder / "model.safetensors")
    weights.pop("embeddings.position_ids", None)
    model.load_state_dict(weights, assign=True)
    return model.eval()
