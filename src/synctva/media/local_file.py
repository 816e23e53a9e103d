"""A local regular file, and the format that its first bytes say it has."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from synctva.errors import InputError
from synctva.media.limits import LIMITS

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
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"#!AMR", "amr"),
    (0, b"caff", "caf"),
    (0, b".snd", "au"),
    (0, b"riff\x2e\x91\xcf\x11", "w64"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    *((4, box, "mp4") for box in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")),
)
"""Place and bytes by which a format is known, and libav's name of the one that reads it. What
lists other files (HLS, DASH, concat, SDP, image sequences) is not among them, and never tried."""

STILL = ("jpeg_pipe", "png_pipe")
"""Formats of one picture that has no time."""

RIFF = ("wav", "avi")
"""Formats that state their size in bytes."""

ENDLESS_BYTES = 0x7FFF_0000
"""A RIFF file that states more was written as a stream, whose end was not known."""

MOST_PAGES = 2**20
"""So many pages of an Ogg file are looked at: half a day of them has a tenth."""

VIDEO_SUFFIXES = (
    *(".mp4", ".mkv", ".avi", ".mov", ".webm", ".flv", ".m4v", ".wmv", ".asf", ".3gp", ".3g2"),
    *(".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".qt"),
)
AUDIO_SUFFIXES = (
    *(".wav", ".flac", ".mp3", ".ogg", ".m4a", ".opus", ".oga", ".aac", ".wma", ".aiff", ".aif"),
    *(".aifc", ".amr", ".caf", ".au", ".snd", ".w64", ".m4b", ".mka", ".mp2"),
)
MEDIA_SUFFIXES = (*VIDEO_SUFFIXES, *AUDIO_SUFFIXES)
"""Names of recordings, videos first; what is in a file is only found out when it is read."""

READ = (
    "mp4, mov, 3gp, mkv, webm, avi, flv, wmv, wma, mpeg, mts, wav, aiff, flac, mp3, aac, ogg, amr,"
    " caf, au, w64, jpeg and png"
)

BEGUN_BYTES = 2**16
"""In so many bytes a stream that was cut out of a longer one shows its first whole frame."""

TRANSPORT_BYTES = (188, 192, 204)
"""Of a packet of an MPEG transport stream: plain, with a time before it, with a check after it."""

FRAMES = 4
"""So many frames or packets in a row tell that they are no chance."""


@contextmanager
def open_local(path: str | Path) -> Iterator[tuple[FileIO, str]]:
    """Opens a recording; yields the file at its start, and its format.

    Raises:
        InputError: There is no such file, it is not a regular one (a folder, a device, a pipe),
            it is empty, too large, or of a format that is not read.
    """
    try:
        # Not blocking: else opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; correct the path") from error
    except (OSError, ValueError) as error:  # a ValueError is a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be opened ({reason}); give a local file") from error
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise InputError(f"{path}: a folder, device or pipe; give a file that is a recording")
    with FileIO(descriptor) as file:
        if facts.st_size > LIMITS.file_bytes:
            most = LIMITS.file_bytes // 2**30
            raise InputError(f"{path}: more than {most} GiB; cut the recording into parts")
        kind = _format(path, head := file.read(BEGUN_BYTES))
        if head.startswith(b"ID3") and _streamed(_behind_tag(file, head)) == "aac":
            kind = "aac"
        file.seek(0)
        yield file, kind


def stated_growth(file: FileIO) -> float:
    """Returns how many times as large as it is a RIFF file states to be; 1 if all of it is there.

    Of one that was cut off libav states the shorter length, as if nothing were missing.
    """
    there = os.fstat(file.fileno()).st_size
    file.seek(4)
    stated = int.from_bytes(file.read(4), "little") + 8
    return max(1.0, stated / there) if stated < ENDLESS_BYTES else 1.0


def is_chain(file: FileIO) -> bool:
    """Returns whether an Ogg file is several recordings, one after another."""
    place, has_begun = 0, False
    for _ in range(MOST_PAGES):
        file.seek(place)
        head = file.read(27)
        if len(head) < 27 or not head.startswith(b"OggS"):
            return False
        is_first = bool(head[5] & 2)  # of a stream; those of one recording all begin at its start
        if is_first and has_begun:
            return True
        has_begun = has_begun or not is_first
        place += 27 + head[26] + sum(file.read(head[26]))
    return False


def _behind_tag(file: FileIO, head: bytes) -> bytes:
    """Returns the first bytes behind an ID3 tag."""
    length = sum((byte & 127) << 7 * place for place, byte in enumerate(reversed(head[6:10])))
    file.seek(10 + length)
    return file.read(BEGUN_BYTES)


def _format(path: str | Path, head: bytes) -> str:
    if not head:
        raise InputError(f"{path}: empty (0 bytes); copy or download it again")
    for place, mark, name in SIGNATURES:
        if head[place:].startswith(mark):
            return name
    if (stream := _streamed(head)) is not None:
        return stream
    raise InputError(
        f"{path}: begins with {head[:16]!r}, which is no recording of a format that is read"
        f" ({READ}); if it is a recording, convert it to mp4 or wav"
    )


def _streamed(head: bytes) -> str | None:
    """Returns the format of a stream without a header, which may begin in the middle of a frame.

    That of the first place from which ``FRAMES`` frames or packets follow one another; a single
    frame is enough at the very beginning of a short file.
    """
    if any(_packets_from(head, size) for size in TRANSPORT_BYTES):
        return "mpegts"
    place = head.find(b"\xff")
    while place >= 0:
        for kind, length_at in (("mp3", _mpeg_frame_bytes), ("aac", _adts_frame_bytes)):
            if _follow(head, place, length_at):
                return kind
        place = head.find(b"\xff", place + 1)
    return None


def _packets_from(head: bytes, size: int) -> bool:
    """Returns whether the bytes are packets of a transport stream, from one of the first bytes."""
    rows = (head[first : first + FRAMES * size : size] for first in range(size))
    return any(row == b"\x47" * FRAMES for row in rows)


def _follow(head: bytes, place: int, length_at: Callable[[bytes, int], int]) -> bool:
    """Returns whether frames of one form follow one another from a place."""
    first = place
    for number in range(FRAMES):
        if number and place + 4 > len(head):
            return len(head) < BEGUN_BYTES and (first == 0 or number > 1)
        length = length_at(head, place)
        if not length:
            return False
        place += length
    return True


BIT_RATES = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""MPEG's version (1, else 2) and layer, as a header codes them, -> kbit/s. ISO 11172-3, 2.4.2.3."""


def _mpeg_frame_bytes(head: bytes, place: int) -> int:
    """Returns the length of the MPEG audio frame that begins at a place; 0 if none does."""
    mark = head[place : place + 4]
    if len(mark) < 4 or mark[0] != 0xFF or mark[1] < 0xE0:
        return 0
    version, layer = mark[1] >> 3 & 3, mark[1] >> 1 & 3
    bit_rate, sample_rate = mark[2] >> 4, mark[2] >> 2 & 3
    if version == 1 or layer == 0 or bit_rate in (0, 15) or sample_rate == 3:
        return 0
    rate_hz = (44_100, 48_000, 32_000)[sample_rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits_per_s = 1_000 * BIT_RATES[3 if version == 3 else 2, layer][bit_rate - 1]
    padding = mark[2] >> 1 & 1
    if layer == 3:
        return 4 * (12 * bits_per_s // rate_hz + padding)
    samples = 576 if layer == 1 and version != 3 else 1_152
    return samples // 8 * bits_per_s // rate_hz + padding


def _adts_frame_bytes(head: bytes, place: int) -> int:
    """Returns the length of the AAC frame (ADTS) that begins at a place; 0 if none does."""
    mark = head[place : place + 7]
    if len(mark) < 7 or mark[0] != 0xFF or mark[1] & 0xF6 != 0xF0 or mark[2] >> 2 & 15 > 12:
        return 0
    length = (mark[3] & 3) << 11 | mark[4] << 3 | mark[5] >> 5
    return length if length >= 7 else 0
