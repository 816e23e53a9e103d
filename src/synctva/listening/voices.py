"""Whose voice is heard: a vector for each window of speech.

The sound comes from a process of its own, since recordings are read as if hostile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from synctva.media import SAMPLE_RATE_HZ, streamed_apart
from synctva.media.sound import sound_in_steps
from synctva.work import Engine

if TYPE_CHECKING:
    from synctva.listening.camplusplus import CamPlusPlus

Span = tuple[float, float]
"""Start and end, in seconds since the recording's start."""

WINDOW_S = 1.5
"""The length of a window: shorter ones tell voices apart badly, longer ones hold several people."""

STEP_S = 0.75
"""The longest step from one window to the next."""

LEAST_S = 0.5
"""A shorter span is heard with what surrounds it."""

AT_ONCE = 4
"""Windows that the network hears side by side."""


@dataclass(frozen=True)
class Voices:
    """The voices in a recording.

    Attributes:
        windows: Where each of them was heard, in order of time.
        vectors: Of length 1; the greater their product, the more surely it is one person.
    """

    windows: tuple[Span, ...]
    vectors: Float32[np.ndarray, "window dim"]


def voices_in(
    recording: Path,
    spans: Sequence[Span],
    kept: Engine | None = None,
    sound_track: int | None = None,
) -> Voices:
    """Returns the voices in spans of a recording; in memory that does not grow with its length.

    Args:
        recording: The recording.
        spans: When somebody speaks.
        kept: From :func:`synctva.media.apart`, for several recordings; None = a process for this
            one.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.

    Raises:
        InputError: The recording is broken, too large, or not a local regular file.
    """
    windows = tuple(sorted(window for span in spans for window in windows_of(span)))
    steps = streamed_apart(partial(sound_in_steps, sound_track), recording, kept)
    return Voices(windows, _listen((piece for step in steps for piece in step), windows))


def windows_of(span: Span) -> list[Span]:
    """Returns windows of equal length that cover a span, one more than fits side by side."""
    start_s, end_s = span
    if end_s - start_s < LEAST_S:
        start_s = max(0.0, (start_s + end_s - LEAST_S) / 2)
        return [(start_s, start_s + LEAST_S)]
    if end_s - start_s <= WINDOW_S:
        return [(start_s, end_s)]
    steps = int(np.ceil((end_s - start_s - WINDOW_S) / STEP_S))
    starts = np.linspace(start_s, end_s - WINDOW_S, steps + 1).tolist()
    return [(start, start + WINDOW_S) for start in starts]


@cache
def _network() -> "CamPlusPlus":
    from synctva.listening.camplusplus import load_camplusplus

    return load_camplusplus()


def _listen(
    pieces: Iterator[Float32[np.ndarray, " _"]], windows: Sequence[Span]
) -> Float32[np.ndarray, "window dim"]:
    import torch

    from synctva.listening.camplusplus import DIM
    from synctva.tensors import in_one_thread

    network, vectors = _network(), np.zeros((len(windows), DIM), np.float32)
    waiting: dict[int, list[tuple[int, Float32[np.ndarray, " sample"]]]] = {}

    def hear(length: int) -> None:
        rows, sounds = zip(*waiting.pop(length), strict=True)
        vectors[list(rows)] = network(torch.from_numpy(np.stack(sounds))).numpy()

    with in_one_thread(), torch.inference_mode():
        for row, sound in enumerate(_cut(pieces, windows)):
            waiting.setdefault(len(sound), []).append((row, sound))
            if len(waiting[len(sound)]) == AT_ONCE:
                hear(len(sound))
        for length in list(waiting):
            hear(length)
    return vectors


def _cut(
    pieces: Iterator[Float32[np.ndarray, " _"]], windows: Sequence[Span]
) -> Iterator[Float32[np.ndarray, " sample"]]:
    """Yields the sound of each window; beyond the sound's end there is silence."""
    sound, first = np.zeros(0, np.float32), 0
    for start_s, end_s in windows:
        start, length = round(start_s * SAMPLE_RATE_HZ), round((end_s - start_s) * SAMPLE_RATE_HZ)
        while (lacking := start + length - first - len(sound)) > 0:
            past = min(start - first, len(sound))
            piece = next(pieces, np.zeros(lacking, np.float32))
            sound, first = np.concatenate([sound[past:], piece]), first + past
        yield sound[start - first :][:length]
