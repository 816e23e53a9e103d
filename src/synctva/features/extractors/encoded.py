"""What an extractor of audio or video returns for one utterance."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True)
class Encoded:
    """One utterance in one modality.

    Attributes:
        vector: The features, all finite; None = the utterance lacks the modality.
        flags: What a user of the features should know about them, such as ``short`` or ``no_face``;
            the words are those of :attr:`synctva.corpus.Features.flags`.
    """

    vector: Float32[np.ndarray, " dim"] | None
    flags: tuple[str, ...] = ()
