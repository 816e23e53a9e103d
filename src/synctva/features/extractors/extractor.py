"""What makes features of one modality: the protocol that every extractor keeps."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from synctva.corpus import Corpus, Description
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded

Stream = Literal["sound", "pictures"]


@runtime_checkable
class Extractor(Protocol):
    """What makes features, and describes all that is needed to make it again."""

    @property
    def description(self) -> Description:
        """What the features are; equal descriptions make equal features."""
        ...


@runtime_checkable
class WordExtractor(Extractor, Protocol):
    """Makes features of what is said; many utterances at a time."""

    def inputs_of(self, corpus: Corpus) -> Sequence[Any]:
        """Returns what is read for each utterance of a corpus; nothing in it is said later."""
        ...

    def encode(
        self, items: Sequence[Any], advance: Callable[[int], None] = ...
    ) -> Float32[np.ndarray, "item dim"]:
        """Returns a vector per item; reports items that are done."""
        ...


@runtime_checkable
class ClipExtractor(Extractor, Protocol):
    """Makes features of recordings; one utterance at a time.

    Attributes:
        reads: The streams of a recording that the features depend on.
    """

    @property
    def reads(self) -> tuple[Stream, ...]:
        """The streams of a recording that the features depend on."""
        ...

    def encode_clip(self, clip: Clip) -> Encoded:
        """Returns the features of an utterance."""
        ...
