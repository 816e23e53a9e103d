"""Copies of the training utterances, played slower and faster: more voices than were recorded.

Source: Ko et al. 2015, "Audio augmentation for speech recognition", section 2: tempo and pitch
    change together, and a copy counts as a voice of its own.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from wave import open as open_wave

import numpy as np
from jaxtyping import Float, Float32
from scipy.signal import resample_poly

from synctva.corpus import Corpus
from synctva.dialogue import Dialogue, Utterance
from synctva.errors import InputError
from synctva.files import write_bytes
from synctva.media import read_audio
from synctva.media.sound import SAMPLE_RATE_HZ

SLOWEST, FASTEST = 0.5, 2.0
FINEST = 100
"""A speed is rounded to a fraction whose denominator is no greater."""


def with_speeds(
    corpus: Corpus,
    speeds: Sequence[float],
    folder: Path,
    *,
    progress: Callable[[int], AbstractContextManager[Callable[[int], None]]],
) -> Corpus:
    """Returns the corpus with copies of its training dialogues at other speeds.

    A copy has the words, the emotion and the picture of its original; its sound is a file of its
    own; its speaker is somebody else, called after the original and the speed.

    Args:
        corpus: With recordings, and without features.
        speeds: Such as 0.92 and 1.08; 1 is the original's.
        folder: Where the copies' sound goes, a WAV file each.
        progress: Opens a progress bar for so many files.

    Raises:
        InputError: A speed out of range, given twice, or 1; the corpus has features already, or no
            recording; or the sound cannot be read or written.
    """
    _check(corpus, speeds)
    originals = [d for d in corpus.dialogues if d.split == "train"]
    heard = [u for d in originals for u in d.utterances if _is_heard(u)]
    if not heard:
        raise InputError(f"{corpus.name}: no training utterance has a recording to play faster")
    copies = []
    with progress(len(heard) * len(speeds)) as advance:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for speed in speeds:
                for number, dialogue in enumerate(originals):
                    stem = folder / f"{number:06d}"
                    copies.append(_copy(dialogue, speed, stem, advance))
        except OSError as error:
            raise InputError(f"{folder}: the copies cannot be written there ({error})") from error
    origin = {**corpus.origin, "speeds": sorted([1.0, *speeds])}
    return replace(corpus, dialogues=(*corpus.dialogues, *copies), origin=origin)


def _check(corpus: Corpus, speeds: Sequence[float]) -> None:
    for speed in speeds:
        if not SLOWEST <= speed <= FASTEST or speed == 1 or list(speeds).count(speed) > 1:
            raise InputError(
                f"speed {speed:g}: give other speeds than 1, each once, from {SLOWEST:g} to"
                f" {FASTEST:g}, such as 0.92 and 1.08"
            )
    if corpus.features:
        raise InputError(
            f"{corpus.name}: already has features ({', '.join(corpus.features)}), and copies would"
            " have none; import its recordings"
        )


def _is_heard(utterance: Utterance) -> bool:
    return (utterance.audio_media or utterance.media) is not None


def _copy(dialogue: Dialogue, speed: float, stem: Path, advance: Callable[[int], None]) -> Dialogue:
    utterances = []
    for utterance in dialogue.utterances:
        sound = None
        if _is_heard(utterance):
            sound = _written(utterance, speed, Path(f"{stem}-{utterance.turn}-{speed:g}.wav"))
            advance(1)
        speaker = f"{utterance.speaker} at {speed:g}"
        utterances.append(replace(utterance, speaker=speaker, audio_media=sound))
    return Dialogue(f"{dialogue.id} at {speed:g}", dialogue.split, tuple(utterances))


def _written(utterance: Utterance, speed: float, path: Path) -> str | None:
    """Writes an utterance's sound at a speed; returns the file, or None if there is no sound."""
    if utterance.audio_media is not None:
        samples = read_audio(utterance.audio_media)
    else:
        assert utterance.media is not None
        samples = read_audio(utterance.media, utterance.start_s, utterance.end_s)
    if samples is None:
        return None
    write_bytes(path, _wav(played_at(samples, speed)))
    return str(path)


def played_at(
    samples: Float32[np.ndarray, " sample"], speed: float
) -> Float32[np.ndarray, " played"]:
    """Returns sound played at a speed: at 2 half as long and an octave higher."""
    ratio = Fraction(speed).limit_denominator(FINEST)
    played: Float[np.ndarray, " played"] = resample_poly(
        samples, ratio.denominator, ratio.numerator
    )
    return np.clip(played, -1.0, 1.0).astype(np.float32)


def _wav(samples: Float32[np.ndarray, " sample"]) -> bytes:
    buffer = BytesIO()
    with open_wave(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
