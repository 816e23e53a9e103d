"""Recordings: the sound and the pictures of a span, and small movies written.

Only local regular files of a closed list of formats are read, recognised by their first bytes,
never by their names, and no file can make another one be opened. A recording's clock starts at 0
with its first packet, as in a player. Decoding runs in one thread, packet by packet, and holds no
more than what it returns.
"""

import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.container import InputContainer
from jaxtyping import Float32, Float64, UInt8

from synctva.errors import InputError

SAMPLE_RATE_HZ = 16_000
"""Of all audio that is read."""

Half = Literal["left", "right"]


@dataclass(frozen=True)
class Limits:
    """What a recording may be at the most; beyond it, it is refused before it is decoded.

    Attributes:
        file_bytes: Bytes of the file.
        span_s: Seconds that are read at once, be it a span or a whole file.
        streams: Streams in the file.
        frame_side_px: Pixels of a picture's longer side.
        frame_px: Pixels of a picture.
        least_rate_hz: Audio samples per second, at the least.
        most_rate_hz: Audio samples per second, at the most.
        least_share: Share of the span asked for that must be there and decodable; an annotation
            may run on a little beyond the end, but a tenth of an utterance is not that utterance.
    """

    file_bytes: int = 64 * 2**30
    span_s: float = 1_800.0
    streams: int = 32
    frame_side_px: int = 10_000
    frame_px: int = 50_000_000
    least_rate_hz: int = 2_000
    most_rate_hz: int = 768_000
    least_share: float = 0.5


LIMITS = Limits()

LONGER_SIDE_PX = 640
"""Pictures are scaled down to this."""


@dataclass(frozen=True)
class Frames:
    """Pictures of a span.

    Attributes:
        pixels: RGB.
        times_s: The moment at which each was on screen, in seconds since the span's start.
    """

    pixels: UInt8[np.ndarray, "frame height width 3"]
    times_s: Float64[np.ndarray, " frame"]


@dataclass(frozen=True)
class MediaFacts:
    """What a recording says of itself.

    Attributes:
        duration_s: Its length in seconds as its header has it; None if it does not say. A still
            picture has none.
        has_audio: Whether there is a sound track.
        has_video: Whether there are pictures (a cover is none).
        width: Of the pictures, in pixels; 0 without.
        height: Of the pictures, in pixels; 0 without.
        rate_hz: Frames per second on average; 0 if unknown or without.
    """

    duration_s: float | None
    has_audio: bool
    has_video: bool
    width: int = 0
    height: int = 0
    rate_hz: float = 0.0


def probe(path: str | Path) -> MediaFacts:
    """Returns what a recording says of itself, without decoding it.

    Raises:
        InputError: It is no recording, broken, too large, or not a local regular file.
    """
    with _opened(path) as container:
        audio, video = _stream(container, "audio", path), _stream(container, "video", path)
        if video is None:
            return MediaFacts(_duration_s(container), audio is not None, False)
        rate = float(video.average_rate or 0)
        size = video.codec_context.width, video.codec_context.height
        return MediaFacts(_duration_s(container), audio is not None, True, *size, rate)


def read_audio(
    path: str | Path, start_s: float | None = None, end_s: float | None = None
) -> Float32[np.ndarray, " sample"] | None:
    """Returns the sound of a span as 16 kHz mono in -1..1; None if there is no audio stream.

    The first sample is the span's start to within a sample; where the recording has a gap there
    is silence.

    Args:
        path: A local recording.
        start_s: Seconds since the recording's start; None for its start.
        end_s: Seconds since the recording's start; None for its end.

    Raises:
        InputError: It is no recording, broken, too large, not a local regular file, or less than
            half of the span is there.
    """
    with _opened(path) as container:
        stream = _stream(container, "audio", path)
        if stream is None:
            return None
        span = _span(container, path, start_s, end_s)
        track = _Track(span)
        for time_s, frame in _decoded(container, stream, span.start_s - PREROLL_S):
            if not track.add(time_s, frame):
                break
        return track.samples()


PREROLL_S = 0.25
"""Decoding starts so much before the span: codecs and the resampler need a run-up."""

GAP_S = 0.05
"""Timestamps that jump by more are a gap; less is the rounding of the container."""


@dataclass(frozen=True)
class _Span:
    """What to read: ``end_s`` is None for the end of the file, wherever it is."""

    path: str
    start_s: float
    end_s: float | None
    said_s: float | None

    def refuse(self, got_s: float, what: str) -> InputError:
        """Returns the error for a span of which too little is there."""
        end = "its end" if self.end_s is None else f"{self.end_s:g} s"
        return InputError(
            f"{self.path}: from {self.start_s:g} s to {end} only {got_s:.2f} s of {what} can be"
            " read; correct the times, or copy the recording again if it was cut off"
        )


def _span(
    container: InputContainer, path: str | Path, start_s: float | None, end_s: float | None
) -> _Span:
    start, said = start_s or 0.0, _duration_s(container)
    if not (0 <= start < float("inf") and (end_s is None or start < end_s < float("inf"))):
        raise InputError(f"{path}: no span from {start_s} s to {end_s} s; start before you end")
    length = said - start if end_s is None and said is not None else (end_s or start) - start
    if length > LIMITS.span_s:
        raise InputError(
            f"{path}: {length:.0f} s are asked for, more than {LIMITS.span_s:.0f} s; cut the"
            " recording into utterances by start and end"
        )
    if said is not None and start >= said:
        raise InputError(
            f"{path}: the span starts at {start:g} s, but the recording ends at {said:g} s;"
            " correct the times"
        )
    return _Span(str(path), start, end_s, said)


class _Track:
    """16 kHz mono that frames of any form are written into at their times."""

    def __init__(self, span: _Span) -> None:
        self.span = span
        end_s = span.end_s if span.end_s is not None else span.start_s + LIMITS.span_s
        self.wanted = round((end_s - span.start_s) * SAMPLE_RATE_HZ)
        self.values = np.zeros(min(self.wanted, 2**20), np.float32)
        self.end = self.position = self.written = 0
        self.clock_s = -np.inf
        self.form: tuple[str, str, int] | None = None
        self.resampler: Any = None

    def add(self, time_s: float, frame: av.AudioFrame) -> bool:
        """Writes a frame that starts at that time; returns whether more is wanted."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self.form or abs(time_s - self.clock_s) > GAP_S:
            self._flush()
            self.form, self.clock_s = form, time_s
            self.resampler = av.AudioResampler("fltp", frame.layout, SAMPLE_RATE_HZ)
            self.position = round((time_s - self.span.start_s) * SAMPLE_RATE_HZ)
        self.clock_s += frame.samples / frame.sample_rate
        frame.pts = None
        for piece in self.resampler.resample(frame):
            self._write(_mono(piece))
        return self.position < self.wanted

    def _flush(self) -> None:
        if self.resampler is not None:
            for piece in self.resampler.resample(None):
                self._write(_mono(piece))
            self.resampler = None

    def _write(self, piece: Float32[np.ndarray, " sample"]) -> None:
        start, self.position = self.position, self.position + len(piece)
        piece = piece[max(0, -start) : max(0, self.wanted - start)]
        start = max(0, start)
        if not len(piece):
            return
        if start + len(piece) > len(self.values):
            grown = np.zeros(min(self.wanted, 2 * (start + len(piece))), np.float32)
            grown[: self.end] = self.values[: self.end]
            self.values = grown
        self.values[start : start + len(piece)] = piece
        self.end = max(self.end, start + len(piece))
        self.written += len(piece)

    def samples(self) -> Float32[np.ndarray, " sample"]:
        """Returns what was written, if it is enough of the span."""
        self._flush()
        span = self.span
        wanted_s = (span.end_s or span.said_s or 0) - span.start_s
        if not self.written or self.written < LIMITS.least_share * wanted_s * SAMPLE_RATE_HZ:
            raise span.refuse(self.written / SAMPLE_RATE_HZ, "sound")
        return self.values[: self.end].copy()


SHARE_OF_CHANNEL = {"LFE": 0.0, "FC": 1.0}
"""Share of a channel in mono: speech is in the centre; the deep effects are none of it."""


def _mono(frame: av.AudioFrame) -> Float32[np.ndarray, " sample"]:
    """Returns a weighted mean of the channels, which cannot clip as the sum does."""
    names = [channel.name for channel in frame.layout.channels]
    shares = np.array([SHARE_OF_CHANNEL.get(name, 0.7) for name in names], np.float32)
    if not shares.any():
        shares[:] = 1
    values = np.nan_to_num(frame.to_ndarray(), nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip((shares / shares.sum()) @ values, -1, 1).astype(np.float32)


def read_frames(
    path: str | Path,
    start_s: float | None = None,
    end_s: float | None = None,
    *,
    rate_hz: float = 5.0,
    most: int = 64,
    half: Half | None = None,
) -> Frames | None:
    """Returns the pictures on screen at even moments of a span; None if there is no video stream.

    The span is divided into equal parts and the picture in the middle of each is taken: a frame
    is on screen until the next one, so any frame rate, also a variable one, gives the same
    moments. A still picture is one frame.

    Args:
        path: A local recording, or a JPEG or PNG.
        start_s: Seconds since the recording's start; None for its start.
        end_s: Seconds since the recording's start; None for its end.
        rate_hz: Pictures per second.
        most: Pictures at the most; a longer span has them spread evenly.
        half: The half of the picture to take, of a split screen.

    Raises:
        InputError: It is no recording, broken, too large, not a local regular file, or less than
            half of the span is there.
    """
    with _opened(path) as container:
        stream = _stream(container, "video", path)
        if stream is None:
            return None
        if container.format.name.endswith("_pipe"):
            for _, frame in _decoded(container, stream, 0.0):
                return Frames(_pixels(frame, half)[None], np.zeros(1))
            raise InputError(f"{path}: the picture cannot be decoded; save it again")
        span = _span(container, path, start_s, end_s)
        end = min(t for t in (span.end_s, span.said_s or _measured_s(container, stream)) if t)
        number = min(most, max(1, round((end - span.start_s) * rate_hz)))
        times = (np.arange(number) + 0.5) * (end - span.start_s) / number
        pictures = list(_shown_at(container, stream, (times + span.start_s).tolist(), half))
        if not pictures or len(pictures) < LIMITS.least_share * number:
            raise span.refuse(len(pictures) / number * (end - span.start_s), "video")
        kept = times[[k for k, _ in pictures]]
        return Frames(np.stack([pixels for _, pixels in pictures]), kept)


HOLD_S = 0.5
"""The first and the last picture may stand in for so long before and after their own time."""


def _shown_at(
    container: InputContainer, stream: Any, moments_s: list[float], half: Half | None
) -> Iterator[tuple[int, UInt8[np.ndarray, "height width 3"]]]:
    """Yields the number and the picture of each moment (in ascending order) that has one."""
    shown, shown_s, next_, size = None, -np.inf, 0, None
    for time_s, frame in _decoded(container, stream, moments_s[0]):
        pixels = None
        while next_ < len(moments_s) and moments_s[next_] < time_s:
            if shown is None and moments_s[next_] > time_s - HOLD_S:
                shown = frame
            if shown is not None:
                pixels = _pixels(shown, half, size) if pixels is None else pixels
                size = pixels.shape[:2]
                yield next_, pixels
            next_ += 1
        if next_ == len(moments_s):
            return
        shown, shown_s = frame, time_s
    if shown is not None:
        pixels = _pixels(shown, half, size)
        while next_ < len(moments_s) and moments_s[next_] < shown_s + HOLD_S:
            yield next_, pixels
            next_ += 1


def _pixels(
    frame: av.VideoFrame, half: Half | None, size: tuple[int, int] | None = None
) -> UInt8[np.ndarray, "height width 3"]:
    """Returns a frame upright, its half cut out, and scaled down."""
    turned = frame.rotation % 180 == 90
    width, height = frame.width, frame.height
    seen = (height if turned else width) / (1 if half is None else 2), width if turned else height
    scale = min(1.0, LONGER_SIDE_PX / max(seen))
    width, height = max(2, round(width * scale)), max(2, round(height * scale))
    pixels = frame.reformat(width, height, "rgb24").to_ndarray()
    pixels = np.rot90(pixels, frame.rotation // 90)
    middle = pixels.shape[1] // 2
    if half is not None:
        pixels = pixels[:, :middle] if half == "left" else pixels[:, middle : 2 * middle]
    return np.ascontiguousarray(pixels)


SIGNATURES = (
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"FLV\x01", "flv"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xd8\xff", "jpeg_pipe"),
    (0, b"\x89PNG\r\n\x1a\n", "png_pipe"),
    (8, b"AVI ", "avi"),
    (8, b"WAVE", "wav"),
    *((4, box, "mp4") for box in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")),
)
"""Place and bytes by which a format is known, and libav's name of it."""

FORMATS = "mp4, mov, mkv, webm, avi, flv, wav, flac, mp3, ogg, jpeg or png"


def _format(path: str | Path, head: bytes) -> str:
    for place, mark, name in SIGNATURES:
        if head[place:].startswith(mark):
            return name
    if len(head) > 1 and head[0] == 0xFF and head[1] >= 0xE0 and head[1] & 0x06:
        return "mp3"
    what = "is empty" if not head else f"begins with {head[:16]!r} and is none of {FORMATS}"
    raise InputError(f"{path}: {what}; give a recording, converted with ffmpeg if need be")


def _refuse_to_open(url: str, *_: object) -> None:
    raise PermissionError(f"refers to another file, {url!r}")


@contextmanager
def _opened(path: str | Path) -> Iterator[InputContainer]:
    """Opens a local recording; all that goes wrong with it is an InputError.

    The file is opened here and handed over as an object, so that its name is never taken for a
    protocol, and whatever it refers to is refused.
    """
    options = {"max_pixels": str(LIMITS.frame_px), "max_streams": str(LIMITS.streams)}
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise InputError(f"{path}: not a regular file; give a recording")
            if facts.st_size > LIMITS.file_bytes:
                raise InputError(f"{path}: {facts.st_size} bytes are too many; cut it into parts")
            kind = _format(path, file.read(16))
            file.seek(0)
            with av.open(
                file,
                "r",
                kind,
                options,
                metadata_errors="replace",
                buffer_size=2**18,
                io_open=_refuse_to_open,
            ) as container:
                _check(container, path)
                yield container
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, OverflowError, MemoryError, av.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: damaged or cut off ({reason}); copy or download it again"
        ) from error


def _check(container: InputContainer, path: str | Path) -> None:
    """Refuses what is too large, from the header alone."""
    for stream in container.streams.video:
        width, height = stream.codec_context.width, stream.codec_context.height
        if max(width, height) > LIMITS.frame_side_px or width * height > LIMITS.frame_px:
            raise InputError(f"{path}: {width} x {height} pixels are too many; scale it down")
    for stream in container.streams.audio:
        rate = stream.codec_context.sample_rate
        if not LIMITS.least_rate_hz <= rate <= LIMITS.most_rate_hz:
            raise InputError(f"{path}: {rate} audio samples per second; convert it to 16000")
    if not container.streams.video and not container.streams.audio:
        raise InputError(f"{path}: neither sound nor pictures in it; give a recording")


def _stream(container: InputContainer, kind: Literal["audio", "video"], path: str | Path) -> Any:
    """Returns the stream that a player would play; None if there is none."""
    if kind == "audio":
        streams = [best] if (best := container.streams.best("audio")) else []
    else:
        cover = av.stream.Disposition.attached_pic
        streams = [s for s in container.streams.video if not s.disposition & cover]
    if not streams:
        return None
    if streams[0].codec_context is None:
        raise InputError(f"{path}: {kind} in a codec that is not known here; convert it")
    streams[0].codec_context.thread_count = 1
    return streams[0]


def _duration_s(container: InputContainer) -> float | None:
    return container.duration / av.time_base if container.duration else None


def _measured_s(container: InputContainer, stream: Any) -> float:
    """Returns the end of a stream that does not state it, in seconds since the file's start."""
    start_s = (container.start_time or 0) / av.time_base
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    container.seek(container.start_time or 0)
    return last - start_s


def _decoded(container: InputContainer, stream: Any, since_s: float) -> Iterator[tuple[float, Any]]:
    """Yields frames with their seconds since the file's start, from one at or before ``since_s``.

    A packet that cannot be decoded is skipped, as players do.
    """
    start_s = (container.start_time or 0) / av.time_base
    for other in container.streams:
        mine = other.index == stream.index
        other.discard = av.stream.Discard.default if mine else av.stream.Discard.all
    frames = _frames(container, stream, start_s)
    if since_s > 1:
        container.seek(int((since_s + start_s) / stream.time_base), stream=stream)
        first = next(frames, None)
        if first is not None and first[0] <= since_s:
            yield first
        else:
            container.seek(container.start_time or 0)
            frames = _frames(container, stream, start_s)
    yield from frames


def _frames(container: InputContainer, stream: Any, start_s: float) -> Iterator[tuple[float, Any]]:
    clock_s = 0.0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in frames:
            if frame.time is not None:
                clock_s = frame.time - start_s
            yield clock_s, frame
            if isinstance(frame, av.AudioFrame):
                clock_s += frame.samples / frame.sample_rate


def write_movie(
    path: str | Path,
    frames: Iterable[UInt8[np.ndarray, "height width 3"]] | None,
    rate_hz: float,
    audio: Float32[np.ndarray, " sample"] | None,
    sample_rate_hz: int,
) -> None:
    """Writes an mp4 of H.264 and AAC; the same input gives the same bytes.

    Args:
        path: Replaced when the movie is complete, never before.
        frames: RGB pictures of one even size; None for sound alone.
        rate_hz: Pictures per second.
        audio: Mono in -1..1; None for pictures alone.
        sample_rate_hz: Of the audio.
    """
    path = Path(path)
    staged = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        _encode(staged, frames, rate_hz, audio, sample_rate_hz)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _encode(
    path: Path, frames: Iterable[Any] | None, rate_hz: float, audio: Any, sample_rate_hz: int
) -> None:
    from fractions import Fraction

    options = {"fflags": "+bitexact"}
    with av.open(str(path), "w", "mp4", container_options=options) as container:
        video = sound = None
        if frames is not None:
            rate = Fraction(rate_hz).limit_denominator(1001)
            video = container.add_stream("libx264", rate, {"preset": "veryfast", "threads": "1"})
            video.pix_fmt = "yuv420p"
        if audio is not None:
            sound = container.add_stream("aac", sample_rate_hz, layout="mono")
        for number, pixels in enumerate(frames or ()):
            if number == 0:
                video.height, video.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts = number
            container.mux(video.encode(frame))
        if video is not None:
            container.mux(video.encode())
        if sound is not None:
            frame = av.AudioFrame.from_ndarray(np.float32(audio)[None], "fltp", "mono")
            frame.sample_rate, frame.pts = sample_rate_hz, 0
            container.mux(sound.encode(frame))
            container.mux(sound.encode())
