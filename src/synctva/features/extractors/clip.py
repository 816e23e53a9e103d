"""An utterance's part of a recording: its sound and its pictures, read when they are asked for."""

import stat
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from jaxtyping import Float32

from synctva.dialogue import Utterance
from synctva.errors import InputError
from synctva.files import file_sha256

if TYPE_CHECKING:
    from synctva.media import Frames, Half


class Clip:
    """What an extractor may read of an utterance's recording.

    Args:
        utterance: Where its recording is, and its span.
        sound_track: Which of the recording's sound tracks is heard, from 1; None = that which a
            player plays.
    """

    def __init__(self, utterance: Utterance, sound_track: int | None = None) -> None:
        self._utterance, self._sound_track = utterance, sound_track

    def samples(self) -> Float32[np.ndarray, " sample"] | None:
        """Returns the sound, 16 kHz mono; None where the recording has none.

        Raises:
            InputError: The recording is missing, broken or hostile.
        """
        from synctva.media import read_audio

        own = self._utterance
        if own.audio_media is not None:
            return read_audio(own.audio_media)
        assert own.media is not None
        return read_audio(own.media, own.start_s, own.end_s, self._sound_track)

    def frames(self, rate_hz: float, most: int) -> "Frames | None":
        """Returns the pictures; None where the recording has none.

        Args:
            rate_hz: How many a second.
            most: The most; of a longer span, they are spread evenly.

        Raises:
            InputError: The recording is missing, broken or hostile.
        """
        from synctva.media import read_frames

        own = self._utterance
        assert own.media is not None
        half = cast("Half | None", own.half)  # an Utterance has checked it
        return read_frames(own.media, own.start_s, own.end_s, rate_hz=rate_hz, most=most, half=half)

    def content(self, stream: str) -> list[object]:
        """Returns what differs from any other clip's stream: a hash, the span, the reader.

        Raises:
            InputError: The recording is missing.
        """
        from synctva.media import READER

        own = self._utterance
        span = [own.start_s, own.end_s]
        if stream == "sound":
            if own.audio_media is not None:
                return [READER, _sha256(own.audio_media)]
            track = [] if self._sound_track is None else [self._sound_track]
            return [READER, _sha256(own.media), *span, *track]
        return [READER, _sha256(own.media), *span, own.half]


def _sha256(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        facts = Path(path).stat()
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error}; restore it, or import again"
        ) from error
    if not stat.S_ISREG(facts.st_mode):
        raise InputError(f"{path}: not a regular file; give a recording")
    return _hashed(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=256)
def _hashed(path: str, size: int, changed_ns: int) -> str:
    """Returns a file's sha256; many utterances of one long recording ask for it."""
    return file_sha256(Path(path))
