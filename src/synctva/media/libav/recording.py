"""An opened recording: its streams, where they end, and what they hold from a moment on."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition
from jaxtyping import UInt8

from synctva.errors import InputError
from synctva.media.libav.clock import GAP_S, on_one_clock
from synctva.media.limits import LIMITS, check_picture, check_sound
from synctva.media.local_file import RIFF, STILL, is_chain, open_local, stated_growth

SEEK_FROM_S = 2.0
"""What is wanted from before this is decoded from the start, which is as quick, and exact."""


LATE_CLOCK = ("matroska", "flv")
"""Formats whose stated length may or may not count from the first packet."""


GUESSED_LENGTH = ("mp3", "aac", "amr", "mpeg")
"""Formats whose length libav guesses, from the first bit rate or the last packet's time."""

FORWARD_ONLY = ("mpeg",)
"""Formats in which libav's seek leads elsewhere than it says; they are read from the start."""


@contextmanager
def opened(path: str | Path, sound_track: int | None = None) -> Iterator["Recording"]:
    """Opens a local recording.

    The file is handed to libav as an object with its format named, so that its name is never
    taken for a protocol nor its content for another format; what it refers to is not opened.

    Args:
        path: The recording.
        sound_track: Which of its sound tracks is heard, from 1; None = that which a player plays.

    Raises:
        InputError: It is no recording, broken, too large, or not a local regular file.
    """
    with open_local(path) as (file, kind):
        recording = Recording(f"{path}", file, kind, sound_track)
        try:
            yield recording
        finally:
            recording.container.close()


def _open_no_other(url: str, *_: object) -> None:
    raise PermissionError(f"it refers to another file, {url!r}")


@contextmanager
def told(path: str | Path) -> Iterator[None]:
    """Makes whatever goes wrong within libav an InputError that names the file."""
    try:
        yield
    except TROUBLE as error:
        raise broken(path, error) from error


TROUBLE = (FFmpegError, ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError)
"""What PyAV raises where a file makes no sense."""


def broken(path: str | Path, error: Exception) -> InputError:
    """Returns the error for a file that makes no sense."""
    reason = " ".join((getattr(error, "strerror", None) or f"{error}").split())[:120]
    return InputError(f"{path}: damaged or cut off ({reason}); copy or download it again")


class Recording:
    """An opened recording.

    Args:
        path: For messages.
        file: Its bytes.
        kind: libav's name of its format.
        sound_track: Which of its sound tracks is heard, from 1; None = that which a player plays.

    Attributes:
        pixel_aspect: Of its pictures, once their stream was asked for: a pixel's width over height.

    Raises:
        InputError: It is broken, or holds neither sound nor pictures of a known codec.
    """

    def __init__(self, path: str, file: FileIO, kind: str, sound_track: int | None = None) -> None:
        self.path, self.file, self.kind, self.sound_track = path, file, kind, sound_track
        self.is_still = kind in STILL
        self.pixel_aspect = 1.0
        self.growth = stated_growth(file) if kind in RIFF else 1.0
        self.is_chain = kind == "ogg" and is_chain(file)
        self._open()
        if len(self.container.streams) > LIMITS.streams:
            raise InputError(f"{path}: more than {LIMITS.streams} streams; keep one or two of them")
        streams = (*self.container.streams.video, *self.container.streams.audio)
        if all(stream.codec_context is None for stream in streams):
            raise InputError(
                f"{path}: neither sound nor pictures of a known codec in it; give a recording, or"
                " convert it to mp4"
            )

    def _open(self) -> None:
        options = {"max_pixels": f"{LIMITS.frame_px}", "max_streams": f"{LIMITS.streams + 1}"}
        self.file.seek(0)
        self.is_at_start = True
        with told(self.path):
            self.container: InputContainer = av.open(
                self.file,
                "r",
                self.kind,
                options,
                metadata_errors="replace",
                buffer_size=2**16,
                io_open=_open_no_other,
            )

    @property
    def start_s(self) -> float:
        """What libav's clock shows at the recording's start."""
        return (self.container.start_time or 0) / av.time_base

    @property
    def duration_s(self) -> float | None:
        """The length in seconds as the header has it."""
        length = self.container.duration
        return length / av.time_base if length and length > 0 and not self.is_still else None

    @property
    def _is_length_clear(self) -> bool:
        """Whether the header's length is one.

        For some formats libav guesses it, for a chain it takes the last link's, and if a clock does
        not begin at 0, muxers disagree on whether the length counts from 0.
        """
        if self.kind in GUESSED_LENGTH or self.is_chain:
            return False
        return not (self.kind in LATE_CLOCK and self.start_s > GAP_S)

    def length_s(self) -> float | None:
        """Returns the length in seconds, from all packets where the header does not say it clearly.

        None for a still picture, or if there are no packets.
        """
        if self.is_still or (self._is_length_clear and self.duration_s):
            return self.duration_s
        end_s = 0.0
        for kind in ("audio", "video"):
            if (stream := self.decodable(kind)) is not None:
                end_s = max(end_s, self.measured_end_s(self.rewound(stream), 0.0))
        return end_s or None

    def stream(self, kind: Literal["audio", "video"]) -> Any:
        """Returns the stream that a player would play, or the sound track that was chosen.

        None if there is none (a cover is none).

        Raises:
            InputError: Its codec is not known, or its pictures or its sound are beyond the limits.
        """
        best = self._best(kind)
        return None if best is None else self.set_up(best)

    def decodable(self, kind: Literal["audio", "video"]) -> Any:
        """Returns the same stream, but None if its codec is not known.

        Raises:
            InputError: Its pictures or its sound are beyond the limits.
        """
        best = self._best(kind)
        return None if best is None or best.codec_context is None else self.set_up(best)

    def _best(self, kind: Literal["audio", "video"]) -> Any:
        if kind == "audio":
            if self.sound_track is None:
                return self.container.streams.best("audio")
            return self.container.streams.audio[self.sound_track - 1]
        videos = self.container.streams.video
        return next((s for s in videos if not s.disposition & Disposition.attached_pic), None)

    def set_up(self, stream: Any) -> Any:
        """Returns a stream, made ready to be decoded."""
        codec = stream.codec_context
        if codec is None:
            raise InputError(f"{self.path}: {stream.type} of an unknown codec; convert it to mp4")
        if stream.type == "audio":
            check_sound(self.path, codec.sample_rate, codec.channels)
        else:
            check_picture(self.path, codec.width, codec.height)
            self.pixel_aspect = 1.0 if self.is_still else float(stream.sample_aspect_ratio or 1)
        if not codec.is_open:  # else it has been set up before
            codec.thread_count, codec.options = 1, {"max_pixels": f"{LIMITS.frame_px}"}
        return stream

    def stated_end_s(self, stream: Any) -> float | None:
        """Returns where the header says that a stream ends, in seconds since the start.

        None if it does not say, or not clearly.
        """
        if not self._is_length_clear:
            return None
        end_s = self.duration_s
        if stream.duration and stream.duration > 0:
            with told(self.path):
                end_s = self.first_s(stream) + float(stream.duration * stream.time_base)
        return end_s if end_s is None else end_s * self.growth

    def first_s(self, stream: Any) -> float:
        """Returns when a stream begins, in seconds since the recording's start."""
        if stream.start_time is None:
            return 0.0
        return float(stream.start_time * stream.time_base) - self.start_s

    def measured_end_s(self, stream: Any, since_s: float) -> float:
        """Returns where a stream really ends, in seconds since the start, from its packets.

        Args:
            stream: The stream.
            since_s: Packets from there on are read; 0 if there are none.
        """
        if since_s > SEEK_FROM_S:
            self.seek(stream, since_s)
        end_s, packets = 0.0, self.packets(stream)
        rate = stream.average_rate if stream.type == "video" else None
        usual_s = float(1 / rate) if rate else 0.0
        while (packet := self.next_packet(packets)) is not None:
            if packet.pts is not None:
                shown_s = float(packet.pts * packet.time_base) - self.start_s
                own_s = float((packet.duration or 0) * packet.time_base)
                end_s = max(end_s, shown_s + (own_s or usual_s))
        return end_s

    def rewound(self, stream: Any) -> Any:
        """Returns the stream where nothing of the recording has been read."""
        if self.is_at_start:
            return stream
        index = stream.index  # a stream dies with its container
        self.container.close()
        self._open()
        return self.set_up(self.container.streams[index])

    def seek(self, stream: Any, to_s: float) -> bool:
        """Returns whether the stream's next packet is now the key frame before a time."""
        if self.is_chain or self.kind in FORWARD_ONLY:  # times are known from the start only
            return False
        self.is_at_start = False
        with told(self.path):
            try:
                ticks = round((self.start_s + to_s) / stream.time_base)
                self.container.seek(ticks, stream=stream)
            except FFmpegError:
                return False
        return True

    def packets(self, stream: Any) -> Iterator[Any]:
        """Yields a stream's packets from where the recording is read."""
        self.is_at_start = False
        with told(self.path):
            for other in self.container.streams:
                other.discard = Discard.default if other.index == stream.index else Discard.all
            packets = iter(self.container.demux(stream))
        return on_one_clock(packets) if self.is_chain else packets

    def next_packet(self, packets: Iterator[Any]) -> Any:
        """Returns the next packet, None at the end or where the file cannot be read further."""
        try:
            return next(packets, None)
        except (FFmpegError, IndexError):  # PyAV trips at the end over streams that appeared late
            return None
        except TROUBLE as error:
            raise broken(self.path, error) from error

    def rgb(self, frame: Any, width: int, height: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns a decoded picture in RGB, scaled."""
        with told(self.path):
            return frame.reformat(width, height, "rgb24").to_ndarray()
