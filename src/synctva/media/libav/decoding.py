"""Frames and sound of a recording from a moment on, as decoding all of it would give them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from jaxtyping import Float32

from synctva.media.channels import Shares, mean_shares
from synctva.media.libav.recording import SEEK_FROM_S, TROUBLE, Recording, broken, told
from synctva.media.libav.resampling import Run

RUN_UP_S = 0.25
"""How much before what is wanted decoding starts: codecs and the resampler need it."""

RESERVOIR_S = 1.0
"""For mp3 instead: a frame may use bits that up to nine frames before it have saved for it."""

FAR_RUN_UP_S = 10.0
"""If an index leads too far, how much before decoding starts instead, else at the start."""

COUNTED_BY_BYTES = ("wav", "w64", "au", "aiff")
"""Formats in which libav finds a time by counting bytes, which is wrong unless the sound is PCM."""

LASTING = ("adpcm_", "amr", "g72", "gsm", "nellymoser")
"""Codecs whose decoder remembers what was long before, or that count times by themselves."""


@dataclass(frozen=True)
class Beat:
    """The frames of a stream that are all as long as the second one, counted from its start.

    A clock that counts milliseconds rounds what a count of frames tells to the sample.

    Attributes:
        begin_s: When the second frame begins.
        samples: How long a frame is.
        tick_s: What the stream's clock counts.
    """

    begin_s: float
    samples: int
    tick_s: float

    @classmethod
    def of(cls, stream: Any, frames: Iterator[tuple[float, Any]]) -> "Beat | None":
        """Returns the beat of a stream from its start; None of less than two frames."""
        (first_s, first), (_, second) = (next(frames, (0.0, None)) for _ in range(2))
        if first is None or second is None:
            return None
        begin_s = first_s + first.samples / first.sample_rate
        return cls(begin_s, second.samples, float(stream.time_base))

    def nearest_s(self, time_s: float, frame: Any) -> float:
        """Returns when a frame begins, given what the clock says of it."""
        sample_s = 1 / frame.sample_rate
        if frame.samples != self.samples or self.tick_s <= sample_s:
            return time_s
        length_s = self.samples * sample_s
        counted_s = self.begin_s + round((time_s - self.begin_s) / length_s) * length_s
        return counted_s if abs(counted_s - time_s) <= self.tick_s + sample_s else time_s


def frames_of(recording: Recording, stream: Any, since_s: float) -> Iterator[tuple[float, Any]]:
    """Yields decoded frames and their seconds since the recording's start.

    The first is at or before ``since_s``, unless the stream starts later. What cannot be
    decoded is left out, as players do.
    """
    seeks = since_s > SEEK_FROM_S and seeks_exactly(recording, stream)
    beat = None
    if seeks and stream.type == "audio":
        stream = recording.rewound(stream)
        beat = Beat.of(stream, decoded(recording, stream))
    near_s = RESERVOIR_S if stream.codec_context.name.startswith("mp3") else RUN_UP_S
    for run_up_s in (near_s, FAR_RUN_UP_S) if seeks else ():
        if recording.seek(stream, max(recording.first_s(stream), since_s - run_up_s)):
            frames = decoded(recording, stream)
            first = next(frames, None)
            if first is not None and first[0] <= since_s:
                yield first if beat is None else (beat.nearest_s(*first), first[1])
                yield from frames
                return
    yield from decoded(recording, recording.rewound(stream))


def seeks_exactly(recording: Recording, stream: Any) -> bool:
    """Returns whether after a seek libav tells the time right, and the codec has no memory.

    Where it does not, sound is decoded from the start, which such codecs do quickly.
    """
    codec = stream.codec_context.name
    if stream.type == "video" or codec.startswith("pcm_"):
        return recording.kind != "flv" or stream.type == "video"
    return not (
        recording.kind in COUNTED_BY_BYTES
        or codec.startswith(LASTING)
        or (recording.kind, codec) == ("ogg", "flac")
    )


def decoded(recording: Recording, stream: Any) -> Iterator[tuple[float, Any]]:
    """Yields the frames of a stream from where the recording is read, and their seconds."""
    clock_s, packets = 0.0, recording.packets(stream)
    while (packet := recording.next_packet(packets)) is not None:
        try:
            frames = packet.decode()
        except FFmpegError:
            continue
        except TROUBLE as error:
            raise broken(recording.path, error) from error
        for frame in frames:
            clock_s = clock_s if frame.time is None else frame.time - recording.start_s
            yield clock_s, frame
            if isinstance(frame, av.AudioFrame):
                clock_s += frame.samples / frame.sample_rate


def sound_of(
    recording: Recording, stream: Any, since_s: float, rate_hz: int, shares: Shares = mean_shares
) -> Iterator[tuple[int, Float32[np.ndarray, " sample"]]]:
    """Yields mono pieces at ``rate_hz`` with the number of their first sample since the start.

    Pieces join without a seam, except where the stream has a gap or changes its form. From
    ``since_s`` on they are those of the whole recording: to the bit where its clock tells
    samples apart and its codec forgets within ``RUN_UP_S``.
    """
    run = None
    for time_s, frame in chain(frames_of(recording, stream, since_s), [(0.0, None)]):
        if run is not None and (frame is None or not run.continues(time_s, frame)):
            with told(recording.path):
                last = run.pieces(None)
            yield from last
            run = None
        if frame is not None:
            with told(recording.path):
                run = run or Run(time_s, frame, rate_hz, shares)
                pieces = run.pieces(frame)
            yield from pieces
