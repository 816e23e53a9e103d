"""Clips cut to their speech, as recognition hears them: acted clips begin and end with silence."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from silero_vad import get_speech_timestamps, load_silero_vad

from synctva.corpus import Corpus, Features
from synctva.errors import InputError
from synctva.features.extractors.audio import AudioExtractor
from synctva.features.extractors.encoded import Encoded
from synctva.listening.voice_activity import MARGIN_S, PAUSE_S, SHORTEST_S
from synctva.media import SAMPLE_RATE_HZ, read_audio


def cut_to_speech(corpus: Corpus, extractor: AudioExtractor) -> Corpus:
    """Returns the corpus with audio features of what is between the first speech and the last.

    Args:
        corpus: Its recordings are where they were when it was imported.
        extractor: Makes the features; nothing is normalised.

    Raises:
        InputError: A recording is missing, or has no sound.
    """
    encoded = list(_encoded(corpus, extractor))
    present = np.array([one.vector is not None for one in encoded])
    nothing = np.zeros(extractor.dim, np.float32)
    values = np.stack([nothing if one.vector is None else one.vector for one in encoded])
    return replace(corpus, features={"audio": Features(values, present, extractor.extractor)})


def _encoded(corpus: Corpus, extractor: AudioExtractor) -> Iterator[Encoded]:
    silero = load_silero_vad()
    for dialogue, utterance in corpus.utterances():
        place = utterance.audio_media or utterance.media
        sound = None if place is None else read_audio(place, utterance.start_s, utterance.end_s)
        if sound is None:
            raise InputError(f"{corpus.name}: {dialogue.id}: no sound; import the corpus again")
        yield extractor.encode(speech_of(sound, silero))


def speech_of(sound: Float32[np.ndarray, " sample"], silero: Any) -> Float32[np.ndarray, " sample"]:
    """Returns what is between the first speech and the last; all where there is none."""
    spans = get_speech_timestamps(
        torch.from_numpy(sound.copy()),
        silero,
        sampling_rate=SAMPLE_RATE_HZ,
        min_speech_duration_ms=round(1000 * SHORTEST_S),
        min_silence_duration_ms=round(1000 * PAUSE_S),
        speech_pad_ms=round(1000 * MARGIN_S),
    )
    first, last = (spans[0]["start"], spans[-1]["end"]) if spans else (0, len(sound))
    return sound[first:last]
