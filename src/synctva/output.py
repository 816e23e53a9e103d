"""Output: what a network computes for a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Output:
    """What a network computes for a batch.

    Attributes:
        logits: Of the emotions, from all modalities together.
        fused: The fused vector under the logits.
        unimodal: Logits from single modalities, by modality, of networks that have such heads.
        auxiliary: A term of the training loss that the network itself computes, already weighted,
            of networks with tasks of their own; only in training.
    """

    logits: Float[Tensor, "utterance emotion"]
    fused: Float[Tensor, "utterance width"]
    unimodal: Mapping[str, Float[Tensor, "utterance emotion"]] = field(default_factory=dict)
    auxiliary: Float[Tensor, ""] | None = None
