"""The sound of a span."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError
from synctva.media.libav import opened, sound_of
from synctva.media.mix import shares_of
from synctva.media.span import Span

SAMPLE_RATE_HZ = 16_000
"""The sample rate of all audio that is read."""

LONGEST_S = 12 * 3_600.0
"""A longer recording is given up: clocks of broken files run on for ever."""


def stream_audio(
    path: str | Path, sound_track: int | None = None
) -> Iterator[Float32[np.ndarray, " sample"]]:
    """Yields all sound of a recording as 16 kHz mono in -1..1, in pieces that follow one another.

    They begin at the recording's start; where it has a gap, there is silence. Nothing if there is
    no audio stream. The memory does not grow with the length.

    Args:
        path: A local recording.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.

    Raises:
        InputError: It is no recording, broken, longer than 12 hours, or not a local regular file.
    """
    with opened(path, sound_track) as recording:
        stream, end = recording.stream("audio"), 0
        shares = shares_of(path, sound_track)
        for position, piece in (
            () if stream is None else sound_of(recording, stream, 0.0, SAMPLE_RATE_HZ, shares)
        ):
            if position > LONGEST_S * SAMPLE_RATE_HZ:
                raise InputError(
                    f"{path}: longer than {LONGEST_S / 3600:.0f} hours; cut it into parts"
                )
            while end < position:
                silence = np.zeros(min(SAMPLE_RATE_HZ, position - end), np.float32)
                yield silence
                end += len(silence)
            piece = np.nan_to_num(piece[end - position :], nan=0.0, posinf=0.0, neginf=0.0)
            if len(piece):
                yield np.clip(piece, -1.0, 1.0)
                end += len(piece)


STEP_SAMPLES = 60 * SAMPLE_RATE_HZ
"""How much of a recording is sent from process to process at once."""


def sound_in_steps(
    sound_track: int | None, recording: Path
) -> Iterator[list[Float32[np.ndarray, " sample"]]]:
    """Yields the pieces of ``stream_audio``, about a minute of them at a time."""
    waiting: list[Float32[np.ndarray, " sample"]] = []
    samples = 0
    for piece in stream_audio(recording, sound_track):
        waiting.append(piece)
        samples += len(piece)
        if samples >= STEP_SAMPLES:
            yield waiting
            waiting, samples = [], 0
    if waiting:
        yield waiting


def read_audio(
    path: str | Path,
    start_s: float | None = None,
    end_s: float | None = None,
    sound_track: int | None = None,
) -> Float32[np.ndarray, " sample"] | None:
    """Returns the sound of a span as 16 kHz mono in -1..1; None if there is no audio stream.

    The first sample is the one at the span's start, to within half a sample; where the recording
    has a gap, there is silence. A span that ends beyond the end is clipped.

    Args:
        path: A local recording.
        start_s: Seconds since the recording's start; None for its start.
        end_s: Seconds since the recording's start; None for its end.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.

    Raises:
        InputError: It is no recording, broken, too large, not a local regular file, or less than
            half of the span is there.
    """
    with opened(path, sound_track) as recording:
        stream = recording.stream("audio")
        if stream is None:
            return None
        span = Span(str(path), start_s or 0.0, end_s, recording.stated_end_s(stream))
        track = _Track(span)
        first = round(span.start_s * SAMPLE_RATE_HZ)
        for position, piece in sound_of(
            recording, stream, span.start_s, SAMPLE_RATE_HZ, shares_of(path, sound_track)
        ):
            if not track.write(position - first, piece):
                break
    return track.samples()


class _Track:
    """Samples that are written at their places, and grow no longer than the span."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.most = max(1, round(span.most_s * SAMPLE_RATE_HZ))
        self.values = np.zeros(0, np.float32)
        self.end = self.written = 0

    def write(self, place: int, piece: Float32[np.ndarray, " sample"]) -> bool:
        """Writes samples at a place counted from the span's start; returns whether more fit."""
        end = place + len(piece)
        piece = piece[max(0, -place) : max(0, self.most - place)]
        place = max(0, place)
        if len(piece):
            self._reserve(place + len(piece))
            self.values[place : place + len(piece)] = piece
            self.end = max(self.end, place + len(piece))
            self.written += len(piece)
        if end > self.most and self.span.end_s is None:
            raise self.span.too_long(f"more than {self.span.most_s:.0f} s")
        return end < self.most or self.span.end_s is None

    def _reserve(self, length: int) -> None:
        if length > len(self.values):
            grown = np.zeros(min(self.most, 2 * length), np.float32)
            grown[: self.end] = self.values[: self.end]
            self.values = grown

    def samples(self) -> Float32[np.ndarray, " sample"]:
        """Returns what was written, if it is enough of the span; what is not finite is silence."""
        self.span.check(self.written / SAMPLE_RATE_HZ, "sound")
        values = np.nan_to_num(self.values[: self.end], nan=0.0, posinf=0.0, neginf=0.0)
        return np.clip(values, -1.0, 1.0)
