"""The limits of a recording."""

from dataclasses import dataclass

from synctva.errors import InputError


@dataclass(frozen=True)
class Limits:
    """Beyond these, a recording is refused, from its header and before it is decoded.

    Attributes:
        file_bytes: Bytes of the file.
        streams: Streams in the file.
        span_s: Seconds that are read at once, be it a span or a whole file; so also the length
            of a file that is read whole. A span of a longer file may be read.
        frame_side_px: Pixels of the longer side of a picture.
        frame_px: Pixels of a picture.
        least_rate_hz: Audio samples per second, at the least.
        most_rate_hz: Audio samples per second, at the most.
        channels: Channels of sound.
        least_share: Share of what is asked for that must be there and decodable, at the least:
            an annotation may run on a little beyond the end, but a tenth of an utterance is not
            that utterance.
    """

    file_bytes: int = 64 * 2**30
    streams: int = 64
    span_s: float = 1_800.0
    frame_side_px: int = 10_000
    frame_px: int = 50_000_000
    least_rate_hz: int = 2_000
    most_rate_hz: int = 768_000
    channels: int = 64
    least_share: float = 0.5


LIMITS = Limits()


def check_picture(path: str, width: int, height: int) -> None:
    """Refuses pictures of too many pixels.

    Raises:
        InputError: They are beyond ``LIMITS``, or have no size.
    """
    too_large = max(width, height) > LIMITS.frame_side_px or width * height > LIMITS.frame_px
    if too_large or min(width, height) < 1:
        raise InputError(
            f"{path}: pictures of {width} x {height} pixels cannot be read; scale them down to"
            f" {LIMITS.frame_side_px} pixels a side and {LIMITS.frame_px} in all, at the most"
        )


def check_sound(path: str, rate_hz: int, channels: int) -> None:
    """Refuses sound of an impossible form.

    Raises:
        InputError: It is beyond ``LIMITS``.
    """
    known = LIMITS.least_rate_hz <= rate_hz <= LIMITS.most_rate_hz
    if not known or not 1 <= channels <= LIMITS.channels:
        raise InputError(
            f"{path}: sound of {channels} channels at {rate_hz} Hz cannot be read; convert it to"
            " one channel at 16000 Hz"
        )
