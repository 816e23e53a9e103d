"""Recordings made on the spot: a tone that begins at a known time, pictures with a drawn number."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, BITS = 64, 48, 8
TONE_HZ, LOUDNESS = 1_000, 0.5

CODECS = {
    "mp4": ("mp4", "libx264", "aac"),
    "m4a": ("mp4", None, "aac"),
    "mov": ("mov", "mpeg4", "pcm_s16le"),
    "mkv": ("matroska", "libx264", "aac"),
    "webm": ("webm", "libvpx", "libopus"),
    "avi": ("avi", "mpeg4", "pcm_s16le"),
    "flv": ("flv", "flv", "aac"),
    "wav": ("wav", None, "pcm_s16le"),
    "flac": ("flac", None, "flac"),
    "mp3": ("mp3", None, "libmp3lame"),
    "ogg": ("ogg", None, "libopus"),
    "3gp": ("3gp", "mpeg4", "aac"),
    "aiff": ("aiff", None, "pcm_s16be"),
    "caf": ("caf", None, "pcm_s16le"),
    "wmv": ("asf", "wmv2", "ac3"),
    "wma": ("asf", None, "ac3"),
    "mts": ("mpegts", "libx264", "ac3"),
    "mpg": ("mpeg", "mpeg2video", "mp2"),
    "aac": ("adts", None, "aac"),
}
"""Of every ending: libav's format, its codec of pictures and its codec of sound."""

COARSE = ("wmv", "wma", "mts", "mpg", "aac")
"""Formats that do not say by how much of its start a codec is late, or count the time coarsely."""

SOUNDING = tuple(ending for ending in CODECS if ending not in COARSE)
MOVING = tuple(ending for ending in SOUNDING if CODECS[ending][1])


@dataclass(frozen=True)
class Making:
    """How a recording is made.

    Attributes:
        length_s: Of the sound, and of the pictures unless ``times_s`` says when each is shown.
        step_s: When the tone begins.
        rate_hz: Samples per second.
        layout: Of the channels; the tone is in all but those that ``silent`` names.
        frame_rate_hz: Pictures per second.
        times_s: When each picture is shown, for a variable frame rate.
        begin_s: What the container's clock shows at the start.
        hole_s: From when to when there is no sound at all, not even silence.
        codec: Of the sound, in place of the usual one.
        bits_per_s: Of the sound; None = libav's choice.
        pixel_aspect: Of the pictures.
        key_every: Pictures from one that stands alone to the next.
    """

    length_s: float = 1.0
    step_s: float = 0.5
    rate_hz: int = 48_000
    layout: str = "mono"
    silent: tuple[str, ...] = ()
    frame_rate_hz: int = 25
    times_s: Sequence[float] | None = None
    begin_s: float = 0.0
    hole_s: tuple[float, float] | None = None
    codec: str | None = None
    bits_per_s: int | None = None
    pixel_aspect: Fraction = Fraction(1)
    key_every: int = 10


def drawn(number: int) -> np.ndarray:
    """Returns a picture of a number: a black or a white bar for each of its bits."""
    bits = (number >> np.arange(BITS)) & 1
    row = np.repeat(np.where(bits, 235, 20), WIDTH // BITS).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, 3)))


def number_in(pixels: np.ndarray) -> int:
    """Returns the number drawn in a picture."""
    bars = pixels.mean(axis=(0, 2)).reshape(BITS, -1).mean(axis=1)
    return int(((bars > 128) << np.arange(BITS)).sum())


def tone(making: Making) -> np.ndarray:
    """Returns silence, then a tone, of every channel."""
    times = np.arange(round(making.length_s * making.rate_hz)) / making.rate_hz
    wave = LOUDNESS * np.sin(2 * np.pi * TONE_HZ * times) * (times >= making.step_s)
    channels = av.AudioLayout(making.layout).channels
    return np.stack([wave * (c.name not in making.silent) for c in channels]).astype(np.float32)


def step_in(samples: np.ndarray, rate_hz: int = 16_000) -> float:
    """Returns when the tone begins, in seconds."""
    return float(np.argmax(np.abs(samples) > 0.4 * LOUDNESS)) / rate_hz


def record(
    path: Path, making: Making = Making(), pictures: bool = True, sound: bool = True
) -> Path:
    """Makes the recording that the path's ending says; returns the path."""
    form, picture_codec, sound_codec = CODECS[path.suffix[1:]]
    with av.open(str(path), "w", form) as movie:
        film = voice = None
        if pictures and picture_codec:
            film = movie.add_stream(
                picture_codec, making.frame_rate_hz, {"g": f"{making.key_every}"}
            )
            film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            film.bit_rate = 2_000_000
            film.codec_context.sample_aspect_ratio = making.pixel_aspect
            if making.times_s is not None:
                film.time_base = film.codec_context.time_base = Fraction(1, 1000)
        if sound:
            codec = making.codec or sound_codec
            voice = movie.add_stream(codec, making.rate_hz, layout=making.layout)
            if making.bits_per_s is not None:
                voice.bit_rate = making.bits_per_s
        if film is not None:
            _film(movie, film, making)
        if voice is not None:
            _voice(movie, voice, making)
    return path


def of_100_hours(path: Path) -> Path:
    """Returns a recording of a second whose header states 100 hours."""
    content = bytearray(record(path).read_bytes())
    if path.suffix == ".wav":
        place, value = content.index(b"data") + 4, struct.pack("<I", 2**32 - 2)
        content[24:32] = struct.pack("<II", 5_965, 11_930)  # slower, so that 4 GiB last so long
        content[4:8] = struct.pack("<I", 2**32 - 1)
    elif path.suffix == ".mkv":
        place = content.index(b"\x44\x89\x88") + 3
        value = struct.pack(">d", 360_000_000.0)
    elif path.suffix == ".flac":
        place, total = 18, int.from_bytes(content[18:26], "big")
        value = (total >> 36 << 36 | 48_000 * 360_000).to_bytes(8, "big")
    else:
        place = content.index(b"mvhd") + 20
        value = struct.pack(">I", 360_000_000)
    content[place : place + len(value)] = value
    path.write_bytes(content)
    return path


def of_misstated_length(path: Path, length_s: float) -> Path:
    """Returns a recording so long whose header misleads about it, or does not state it."""
    if path.suffix == ".mp3":
        parts = [(1.0, 192_000), (length_s - 1.0, 16_000)]  # libav takes the first for all
        for number, (part_s, bits_per_s) in enumerate(parts):
            making = Making(length_s=part_s, rate_hz=16_000, bits_per_s=bits_per_s)
            record(path.with_name(f".{number}.mp3"), making)
        files = [path.with_name(f".{number}.mp3") for number in range(2)]
        path.write_bytes(b"".join(file.read_bytes() for file in files))
    elif path.suffix == ".mkv":
        record(path, Making(length_s=length_s, begin_s=100.0))
    else:
        content = bytearray(record(path, Making(length_s=length_s)).read_bytes())
        place = content.index(b"\x44\x89\x88") + 3
        content[place : place + 8] = bytes(8)
        path.write_bytes(content)
    return path


def of_unknown_codec(path: Path, making: Making, kind: str) -> Path:
    """Returns an mkv whose pictures (V) or sound (A) have a codec that nobody knows."""
    content = bytearray(record(path, making).read_bytes())
    place = content.index({"V": b"V_MPEG4/", "A": b"A_AAC"}[kind]) + 2
    content[place : place + 3] = b"ZZZ"
    path.write_bytes(content)
    return path


def png_of(width: int, height: int) -> bytes:
    """Returns a small PNG that claims to be as large as that."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1_000))),
        (b"IEND", b""),
    ]
    packed = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def mkv_of(width: int, height: int, path: Path) -> bytes:
    """Returns a small mkv whose header claims pictures as large as that."""
    with av.open(str(path), "w", "matroska") as movie:
        stream = movie.add_stream("rawvideo", 25)
        stream.width, stream.height, stream.pix_fmt = 1_024, 512, "gray"
        frame = av.VideoFrame.from_ndarray(np.zeros((512, 1_024), np.uint8), "gray")
        movie.mux(stream.encode(frame))
    content = bytearray(path.read_bytes())
    for mark, old, new in ((0xB0, 1_024, width), (0xBA, 512, height)):
        place = content.index(bytes([mark, 0x82]) + old.to_bytes(2, "big")) + 2
        content[place : place + 2] = new.to_bytes(2, "big")
    return bytes(content)


def _film(movie: av.container.OutputContainer, stream: av.VideoStream, making: Making) -> None:
    rate = making.frame_rate_hz
    even = [number / rate for number in range(round(making.length_s * rate))]
    for number, time_s in enumerate(making.times_s or even):
        frame = av.VideoFrame.from_ndarray(drawn(number), "rgb24")
        unit = Fraction(1, 1000 if making.times_s else rate)
        frame.pts, frame.time_base = round((time_s + making.begin_s) / unit), unit
        movie.mux(stream.encode(frame))
    movie.mux(stream.encode(None))


def _voice(movie: av.container.OutputContainer, stream: av.AudioStream, making: Making) -> None:
    samples, rate = tone(making), making.rate_hz
    converter = av.AudioResampler(stream.format, making.layout, rate)
    for start in range(0, samples.shape[1], rate // 50):
        time_s = start / rate
        if making.hole_s and making.hole_s[0] <= time_s < making.hole_s[1]:
            continue
        piece = np.ascontiguousarray(samples[:, start : start + rate // 50])
        frame = av.AudioFrame.from_ndarray(piece, "fltp", making.layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = start + round(making.begin_s * rate)
        for converted in converter.resample(frame):
            movie.mux(stream.encode(converted))
    movie.mux(stream.encode(None))
