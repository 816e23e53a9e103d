"""All that touches libav, by way of PyAV: opening, decoding, resampling, writing."""

from synctva.media.libav.decoding import frames_of, seeks_exactly, sound_of
from synctva.media.libav.recording import Recording, opened
from synctva.media.libav.resampling import channels_of
from synctva.media.libav.writing import new_movie, picture_frame, sound_frame

__all__ = [
    "Recording",
    "channels_of",
    "frames_of",
    "new_movie",
    "opened",
    "picture_frame",
    "seeks_exactly",
    "sound_frame",
    "sound_of",
]
