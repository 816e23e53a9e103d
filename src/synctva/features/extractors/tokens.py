"""Words as numbers of tokens: what a text encoder reads, alone or after the turns before."""

import bisect
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from jaxtyping import Float32

from synctva.corpus import Corpus, Description
from synctva.errors import InputError
from synctva.features.extractors.context import InContext, inputs_in_context
from synctva.features.extractors.hub import load_tokenizer, located, stored
from synctva.features.extractors.text_encoders import sources

if TYPE_CHECKING:
    from synctva.features.extractors.hub.text import Words

MAX_TOKENS = 256
"""Longer utterances are cut, or earlier if the encoder ends; the longest in MELD has 124 tokens."""


class Tokeniser:
    """Turns utterances into tokens, and says which of them are an utterance's own.

    Args:
        name: The text encoder's, for messages.
        tokenizer: Its tokenizer.
        context: How many turns are read before an utterance; as many of them as fit.
        max_tokens: The most tokens; fewer if the encoder ends earlier.

    Raises:
        InputError: The context is negative, or this tokenizer cannot tell own tokens from others.
    """

    def __init__(
        self,
        name: str,
        tokenizer: "Words",
        context: int = 0,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        if context < 0:
            raise InputError(f"context {context}: give 0 or a number of turns before an utterance")
        if context and not tokenizer.is_fast:
            raise InputError(
                f"text encoder {name!r} has no fast tokenizer, which context needs; use another"
                " one, or context 0"
            )
        self.tokenizer, self.context = tokenizer, context
        self.max_tokens = min(max_tokens, tokenizer.model_max_length)

    def inputs_of(self, corpus: Corpus) -> Sequence[str | InContext]:
        """Returns what is read for each utterance of a corpus; nothing in it is said later."""
        if self.context:
            return inputs_in_context(corpus, self.context)
        return [utterance.text or "" for _, utterance in corpus.utterances()]

    def tokens(self, item: str | InContext) -> tuple[list[int], list[bool]]:
        """Returns an item's tokens, and which of them are its own."""
        if isinstance(item, InContext):
            return self._in_context(item)
        found = self.tokenizer(item, truncation=True, max_length=self.max_tokens)
        tokens = cast("list[int]", found["input_ids"])
        return tokens, [True] * len(tokens)

    def _in_context(self, item: InContext) -> tuple[list[int], list[bool]]:
        """Returns the tokens of the item with as many turns before it as fit, and its own ones."""
        separator = self.tokenizer.sep_token or self.tokenizer.eos_token or "\n"
        own = item.text.strip()
        turns = [f"Speaker {who}: {said.strip()}{separator}" for who, said in item.before]

        def joined(left_out: int) -> str:
            return "".join([*turns[left_out:], f"Speaker {item.speaker}: {own}"])

        def fits(left_out: int) -> bool:
            numbers = self.tokenizer(joined(left_out), verbose=False)["input_ids"]
            return len(cast("list[int]", numbers)) <= self.max_tokens

        text = joined(bisect.bisect_left(range(len(turns)), True, key=fits))
        found = self.tokenizer(
            text, truncation=True, max_length=self.max_tokens, return_offsets_mapping=True
        )
        start = len(text) - len(own)
        offsets = cast("list[tuple[int, int]]", found["offset_mapping"])
        pooled = [end > start for _, end in offsets]
        tokens = cast("list[int]", found["input_ids"])
        return tokens, pooled if any(pooled) else [True] * len(pooled)


class TokenExtractor:
    """Keeps an utterance's tokens, for a model that trains its text encoder.

    A row holds for every token its number plus one, negative if the token belongs to a turn
    before, and zeros up to the width: so one column tells tokens, own tokens and padding.

    Args:
        name: The text encoder: ``minilm``, ``roberta-base``, a hub id, or a folder.
        tokens: The most tokens of an utterance and the turns before it: the width.
        context: Turns before an utterance that are read with it, as many as fit.

    Raises:
        InputError: There is no such encoder, or it reads fewer tokens.
    """

    def __init__(self, name: str, tokens: int, context: int = 0) -> None:
        tokenizer = load_tokenizer(name, sources())
        if not 8 <= tokens <= tokenizer.model_max_length:
            raise InputError(
                f"tokens {tokens}: the text encoder {name!r} reads 8 to"
                f" {tokenizer.model_max_length}"
            )
        self._tokeniser = Tokeniser(name, tokenizer, context, tokens)
        self.dim = tokens
        self.description = Description(
            "tokens",
            located(name, sources()),
            weights=hashlib.sha256(stored(tokenizer).encode()).hexdigest(),
            settings={"context": context} if context else {},
            dim=tokens,
        )

    def inputs_of(self, corpus: Corpus) -> Sequence[str | InContext]:
        """Returns what is read for each utterance of a corpus."""
        return self._tokeniser.inputs_of(corpus)

    def encode(
        self,
        items: Sequence[str | InContext],
        advance: Callable[[int], None] = lambda count: None,
    ) -> Float32[np.ndarray, "item token"]:
        """Returns a row per item; numbers below 2 ** 24 are exact in float32."""
        rows = np.zeros((len(items), self.dim), dtype=np.float32)
        for row, item in zip(rows, items, strict=True):
            tokens, own = self._tokeniser.tokens(item)
            row[: len(tokens)] = (np.array(tokens) + 1) * np.where(own, 1, -1)
        advance(len(items))
        return rows
