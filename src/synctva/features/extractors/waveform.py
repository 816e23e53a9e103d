"""The sound itself as features: what a speech encoder that is fine-tuned jointly reads."""

import numpy as np
from jaxtyping import Float32

from synctva.corpus import Description
from synctva.errors import InputError
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.extractor import Stream
from synctva.media import SAMPLE_RATE_HZ

SECONDS = 6.0
"""How much of an utterance is kept; three of four in MELD are shorter than 4 s."""


class WaveformExtractor:
    """Keeps the beginning of an utterance's sound, with zeros up to the width.

    Args:
        seconds: How much of it.

    Raises:
        InputError: No time at all, or more than a minute.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        if not 0.1 <= seconds <= 60:
            raise InputError(f"waveform of {seconds} s: keep 0.1 to 60 s of an utterance")
        self.dim = round(seconds * SAMPLE_RATE_HZ)
        self.description = Description(
            "waveform", settings={"sample_rate_hz": SAMPLE_RATE_HZ}, dim=self.dim
        )

    @property
    def reads(self) -> tuple[Stream, ...]:
        """The features depend on the sound."""
        return ("sound",)

    def encode_clip(self, clip: Clip) -> Encoded:
        """Returns the features of an utterance's recording; see ``encode``."""
        samples = clip.samples()
        return Encoded(None, ("no_audio",)) if samples is None else self.encode(samples)

    def encode(self, samples: Float32[np.ndarray, " sample"]) -> Encoded:
        """Returns the first samples. Flags: ``no_audio`` (no samples), ``cut`` (there are more).

        Args:
            samples: 16 kHz mono, -1..1.
        """
        if not samples.size:
            return Encoded(None, ("no_audio",))
        row = np.zeros(self.dim, np.float32)
        kept = np.nan_to_num(samples[: self.dim], nan=0.0, posinf=1.0, neginf=-1.0)
        row[: len(kept)] = kept
        return Encoded(row, ("cut",) if len(samples) > self.dim else ())
