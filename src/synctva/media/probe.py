"""What a recording's header says."""

from dataclasses import dataclass
from pathlib import Path

from synctva.media.libav import opened


@dataclass(frozen=True)
class MediaFacts:
    """What a recording's header says; it may be wrong, which reading will show.

    Attributes:
        duration_s: Its length in seconds; None if it does not say, or is a still picture.
        has_audio: Whether there is sound of a known codec.
        has_video: Whether there are pictures of a known codec (a cover is none).
        width: Of the pictures, in pixels; 0 without.
        height: Of the pictures, in pixels; 0 without.
        frame_rate_hz: Pictures per second on average; 0 if unknown, or without.
    """

    duration_s: float | None
    has_audio: bool
    has_video: bool
    width: int = 0
    height: int = 0
    frame_rate_hz: float = 0.0


def probe(path: str | Path) -> MediaFacts:
    """Returns what a recording's header says, without decoding all of it.

    Raises:
        InputError: It is no recording, broken, too large, or not a local regular file.
    """
    with opened(path) as recording:
        audio, video = recording.decodable("audio"), recording.decodable("video")
        if video is None:
            return MediaFacts(recording.duration_s, audio is not None, False)
        size = video.codec_context.width, video.codec_context.height
        rate = 0.0 if recording.is_still else float(video.average_rate or 0)
        return MediaFacts(recording.duration_s, audio is not None, True, *size, rate)


def length_of(path: str | Path) -> float | None:
    """Returns a recording's length in seconds; None for a still picture, or if nothing is in it.

    The header's, or where that says none, or a guess, the end of the last packet: then all of the
    file is read, though not decoded.

    Raises:
        InputError: It is no recording, broken, too large, or not a local regular file.
    """
    with opened(path) as recording:
        return recording.length_s()
