"""Conversations that lie in no file: turns in words, and sound and pictures as numbers."""

import tempfile
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from jaxtyping import Shaped

from synctva.dialogue import Dialogue, Utterance
from synctva.errors import InputError
from synctva.inference.utterances import Segmented
from synctva.media import write_movie

Turns = Sequence[tuple[str, str]]
"""Who says what: speaker and words, in their order."""

Sound = tuple[Shaped[np.ndarray, "..."], int]
"""Samples of one channel, or (sample, channel), from -1 to 1 or whole numbers; and their rate."""

CONVERSATION, SOUND, FILM = "conversation", "sound", "film"
"""What such a recording is called."""


@dataclass(frozen=True, eq=False)
class Film:
    """Pictures, and what is heard with them.

    Attributes:
        frames: RGB in uint8, (frame, height, width, 3), of even height and width.
        rate_hz: Pictures per second.
        sound: From the first picture on; None = there is none.
    """

    frames: Shaped[np.ndarray, "..."]
    rate_hz: float
    sound: Sound | None = None


RATES_HZ = range(1_000, 768_001)
AAC_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
MOST_PICTURES_HZ = 240


def is_sound(given: object) -> TypeGuard[Sound]:
    """Returns whether something is samples and their rate, not turns."""
    return isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], np.ndarray)


def said(turns: Sequence[Any]) -> Segmented:
    """Returns turns as a recording in utterances that have no times.

    Raises:
        InputError: There is none, or one is not a speaker's name and words.
    """
    for number, turn in enumerate(turns):
        is_pair = isinstance(turn, tuple | list) and len(turn) == 2
        if not is_pair or not all(isinstance(part, str) and part.strip() for part in turn):
            raise InputError(
                f"turn {number}: {turn!r} is no speaker and words; give pairs of strings, such as"
                " ('Ada', 'Oh no!')"
            )
    if not turns:
        raise InputError("no turns; give pairs of speaker and words")
    utterances = tuple(Utterance(n, who, text) for n, (who, text) in enumerate(turns))
    return Segmented(CONVERSATION, 0.0, Dialogue(CONVERSATION, "test", utterances))


@contextmanager
def as_file(sound: Sound) -> Iterator[Path]:
    """Gives a WAV file of 16 bits that holds the sound, and deletes it afterwards.

    Raises:
        InputError: It is no sound.
    """
    samples, rate_hz = _whole_numbers(sound[0]), sound[1]
    if rate_hz not in RATES_HZ:
        raise InputError(f"a rate of {rate_hz} Hz: must be {RATES_HZ[0]} to {RATES_HZ[-1]}")
    with tempfile.TemporaryDirectory(prefix="synctva-") as folder:
        path = Path(folder) / f"{SOUND}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(int(rate_hz))
            file.writeframes(samples.tobytes())
        yield path


@contextmanager
def as_movie(film: Film) -> Iterator[Path]:
    """Gives a movie of a film, as cameras write it (H.264, AAC), and deletes it afterwards.

    Raises:
        InputError: The pictures or the sound are none, or no movie can hold them.
    """
    frames = film.frames
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not len(frames):
        raise InputError(
            f"pictures of {frames.dtype} and shape {frames.shape}: give uint8, (frame, height,"
            " width, 3)"
        )
    if not 0 < film.rate_hz <= MOST_PICTURES_HZ:
        raise InputError(f"{film.rate_hz} pictures per second: must be 0 to {MOST_PICTURES_HZ}")
    audio, rate_hz = None, 0
    if film.sound is not None:
        audio = (_whole_numbers(film.sound[0]).mean(1) / 32_768).astype(np.float32)
        rate_hz = film.sound[1]
        if rate_hz not in AAC_HZ:
            raise InputError(
                f"sound of {rate_hz} Hz in a film: must be one of {', '.join(map(str, AAC_HZ))}"
            )
    with tempfile.TemporaryDirectory(prefix="synctva-") as folder:
        path = Path(folder) / f"{FILM}.mp4"
        write_movie(path, frames, film.rate_hz, audio, int(rate_hz))
        yield path


def _whole_numbers(samples: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "sample channel"]:
    """Returns sound as whole numbers of 16 bits."""
    if samples.ndim not in (1, 2) or not samples.size:
        raise InputError(f"samples of shape {samples.shape}: give (sample) or (sample, channel)")
    laid_out = samples.reshape(len(samples), -1)
    if laid_out.shape[1] > 8:
        raise InputError(f"{laid_out.shape[1]} channels: samples come first, as (sample, channel)")
    if samples.dtype == np.int16:
        return laid_out.astype("<i2")
    if not np.issubdtype(samples.dtype, np.floating):
        raise InputError(f"samples of {samples.dtype}: give int16, or floats from -1 to 1")
    if not np.isfinite(samples).all() or np.abs(samples).max() > 1.0:
        raise InputError("samples beyond -1 to 1, or not finite; divide by the greatest possible")
    return np.rint(laid_out * 32_767).astype("<i2")
