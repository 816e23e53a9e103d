"""A local regular file, and the format that its first bytes say it has."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from mimetypes import guess_type
from pathlib import Path
from typing import Literal

from synctva.errors import InputError
from synctva.media.limits import LIMITS
from synctva.media.streams import BEGUN_BYTES, stream_format

SIGNATURES = (
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"FLV\x01", "flv"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xd8\xff", "jpeg_pipe"),
    (0, b"\x89PNG\r\n\x1a\n", "png_pipe"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "asf"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"#!AMR", "amr"),
    (0, b"caff\x00\x01", "caf"),
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
    (8, b"AVI ", "avi"),
    (8, b"WAVE", "wav"),
    (0, b".snd", "au"),
    (0, b"riff\x2e\x91\xcf\x11", "w64"),
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

FRAMED = ("mp3", "aac", "flac", "ogg", "mpeg", "mpegts")
"""Formats of frames or packets, in none of which a long run of zeros is any sound."""

ZEROS_BYTES = 2**20
"""How many zeros at the end are accepted."""

MOST_ZEROS = 64 * 2**20
"""A recording that ends in more zeros is refused."""

MOST_CHUNKS = 256
"""How many chunks of a RIFF file are searched for the one with the sound."""

MOST_PAGES = 2**20
"""How many pages of an Ogg file are read: half a day of them has a tenth."""

VIDEO_SUFFIXES = (
    *(".mp4", ".mkv", ".avi", ".mov", ".webm", ".flv", ".m4v", ".wmv", ".asf", ".3gp", ".3g2"),
    *(".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".ogv", ".vob", ".qt"),
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


class _File(FileIO):
    """A file that says no where libav seeks to what is no place, as damage may make it do.

    Where it raises instead, PyAV prints the traceback and says no as well.

    Attributes:
        end: Where it ends for who reads it.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self.end = os.fstat(descriptor).st_size

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            if whence == os.SEEK_END:
                return super().seek(self.end + offset)
            return super().seek(offset, whence)
        except OSError:
            return -1

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.end - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))


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
    with _File(descriptor) as file:
        if facts.st_size > LIMITS.file_bytes:
            most = LIMITS.file_bytes // 2**30
            raise InputError(f"{path}: more than {most} GiB; cut the recording into parts")
        kind = _format(path, head := file.read(BEGUN_BYTES))
        if head.startswith(b"ID3") and stream_format(_behind_tag(file, head)) == "aac":
            kind = "aac"
        file.end = _end(path, file, kind)
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


def _end(path: str | Path, file: FileIO, kind: str) -> int:
    """Returns where a recording ends: not behind the zeros that follow all that it states to hold.

    A disk or a download may leave them. libav looks through them byte by byte for what comes next,
    and holds all of them meanwhile.
    """
    size = os.fstat(file.fileno()).st_size
    stated = _stated_end(file, kind, size)
    place = size
    while stated is not None and place > stated:
        begin = max(stated, place - ZEROS_BYTES)
        file.seek(begin)
        left = len(file.read(place - begin).rstrip(b"\0"))
        if left:
            return min(size, begin + left + ZEROS_BYTES)
        place = begin
        if size - place > MOST_ZEROS:
            raise InputError(
                f"{path}: ends in more than {MOST_ZEROS >> 20} MiB of zeros, as if not wholly"
                " downloaded or copied; get it again"
            )
    return min(size, place + ZEROS_BYTES)


def _stated_end(file: FileIO, kind: str, size: int) -> int | None:
    """Returns the place up to which zeros may be sound; None where no end is stated."""
    if kind in FRAMED:
        return 0
    if kind not in ("wav", "aiff"):
        return None
    order: Literal["little", "big"] = "little" if kind == "wav" else "big"
    place = 12
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        length = int.from_bytes(head[4:], order)
        place += 8 + length + length % 2
        if head[:4] in (b"data", b"SSND"):
            return min(size, place) if 0 < length < ENDLESS_BYTES else None
        if len(head) < 8 or place >= size:
            break
    return None


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
    if (stream := stream_format(head)) is not None:
        return stream
    raise InputError(
        f"{path}: begins with {head[:16]!r}, which is no recording of a format that is read"
        f" ({READ}); convert a recording to mp4 or wav, a transcript to srt or vtt"
    )


def may_be_recording(path: Path) -> bool:
    """Returns whether a file is a recording by its name, also of a format that is not read."""
    kind, _ = guess_type(path.name)
    return path.suffix.lower() in MEDIA_SUFFIXES or (kind or "").startswith(("audio/", "video/"))
