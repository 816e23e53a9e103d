"""Words of speech by faster-whisper, where it is installed; the one file that knows it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError


@dataclass(frozen=True)
class Word:
    """A word that was heard.

    Attributes:
        start_s: Since the sound's start.
        end_s: Likewise.
        text: As it is written in a sentence, with the space before it.
    """

    start_s: float
    end_s: float
    text: str


Transcribe = Callable[[Float32[np.ndarray, " sample"]], list[list[Word]]]
"""Sound at 16 kHz -> its sentences, in words."""


def load_transcriber(name: str) -> Transcribe:
    """Returns what writes down speech.

    Args:
        name: A size of Whisper (``tiny`` to ``large-v3``, got from the hub once), a hub id, or the
            folder of a model that faster-whisper reads.

    Raises:
        InputError: faster-whisper is not installed, or cannot load the model.
    """
    try:
        from faster_whisper import WhisperModel  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            "--asr needs faster-whisper; install it with `pip install 'synctva[asr]'`, or give a"
            " transcript with --transcript"
        ) from error
    try:
        model = WhisperModel(name, device="auto", compute_type="default")
    except Exception as error:  # each layer below has errors of its own
        reason = " ".join(f"{error}".split())[:200]
        raise InputError(f"--asr {name}: cannot be loaded ({reason}); see its name") from error

    def transcribe(samples: Float32[np.ndarray, " sample"]) -> list[list[Word]]:
        segments, _ = model.transcribe(samples, word_timestamps=True)
        return [
            [Word(float(w.start), float(w.end), w.word) for w in segment.words or ()]
            for segment in segments
        ]

    return transcribe
