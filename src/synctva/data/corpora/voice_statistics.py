"""Eight statistics of a voice, by Praat, as SpeechCueLLM publishes them of MELD and IEMOCAP.

Source: Wu, Gong, Ai, Shi, Donbekci, Hirschberg: Beyond Silent Letters: Amplifying LLMs in Emotion
    Recognition with Vocal Nuances. Findings of NAACL 2025; https://github.com/zehuiwu/SpeechCueLLM.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32

from synctva.corpus import Description, Features

STATISTICS = (
    "duration",
    "avg_intensity",
    "intensity_variation",
    "avg_pitch",
    "pitch_std",
    "pitch_range",
    "articulation_rate",
    "mean_hnr",
)
"""Seconds; dB twice; Hz three times; syllables a second; dB above the noise."""


def voice_features(
    values: Float32[np.ndarray, "utterance dim"],
    is_training: Bool[np.ndarray, " utterance"],
    names: Sequence[str],
    corpus: str,
) -> Features:
    """Returns the modality ``audio``: statistics, with a flag for each that could not be measured.

    A whisper has no pitch, and "Oh!" may have no syllable that Praat counts. Such a statistic is
    the training split's mean, which says nothing, and its flag is ``no_`` and its name. If an
    utterance has none at all, the modality is missing.

    Args:
        values: NaN where not measured.
        is_training: Which utterances are of the training split.
        names: What the columns are.
        corpus: Its name.
    """
    unknown = np.isnan(values)
    present = np.asarray(~unknown.all(axis=1))
    known = np.ma.array(values, mask=unknown)[is_training]
    mean = np.asarray(known.mean(axis=0).filled(0.0), dtype=np.float32)
    filled = np.where(unknown, mean, values)
    filled[~present] = 0.0
    flags = tuple(
        " ".join(f"no_{name}" for name, no in zip(names, row, strict=True) if no and there)
        for row, there in zip(unknown, present, strict=True)
    )
    described = Description("published", settings={"corpus": corpus, "audio": ",".join(names)})
    return Features(filled, present, described, flags if any(flags) else ())
