"""Streams without a header, which may begin in the middle of a frame: MPEG audio, AAC, MPEG-TS."""

from collections.abc import Callable

BEGUN_BYTES = 2**16
"""In so many bytes a stream that was cut out of a longer one shows its first whole frame."""

TRANSPORT_BYTES = (188, 192, 204)
"""Sizes of an MPEG transport stream's packet: plain, with a time before it, a check after it."""

FRAMES = 4
"""How many frames or packets in a row show that they are not chance."""


def stream_format(head: bytes) -> str | None:
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
