"""A corpus of tones on disk, and what a store made of it holds."""

import wave
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import SCHEMAS
from synctva.features.store import FeatureStore


def write_tone(path: Path, seconds: float, pitch_hz: float) -> None:
    """Writes a 16 kHz wav of a trembling tone."""
    time_s = np.arange(round(seconds * 16000)) / 16000
    tone = np.sin(2 * np.pi * pitch_hz * time_s) * (0.5 + 0.3 * np.sin(9 * time_s))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((tone * 20000).astype("<i2").tobytes())


def corpus_of(files: list[str | None], clips: Path) -> Corpus:
    """Returns dialogues of two utterances each; None = an utterance without a recording."""
    utterances = [
        Utterance(turn, "AB"[turn], f"Words of {file}.", "joy", media=file and str(clips / file))
        for turn, file in zip([0, 1] * len(files), files, strict=False)
    ]
    dialogues = tuple(
        Dialogue(f"d{n}", ("train", "valid", "test")[n % 3], tuple(utterances[2 * n : 2 * n + 2]))
        for n in range(len(files) // 2)
    )
    return Corpus("tones", SCHEMAS["meld-7"], dialogues)


def content(store: FeatureStore) -> dict[str, bytes]:
    """Returns all files of a store."""
    return {path.name: path.read_bytes() for path in store.path.iterdir()}
