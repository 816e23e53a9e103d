"""Recordings: the sound and the pictures of a span; small movies written.

Only local regular files of a closed list of formats are read, known by their first bytes and never
by their names, and no file can make another one be opened. A recording's clock starts at 0 with
its first packet, as in a player. Decoding runs in one thread, packet by packet, and holds no more
than what it returns.
"""

from synctva.media.apart import apart, seen_apart, streamed_apart
from synctva.media.browser import browser_type, write_small
from synctva.media.limits import LIMITS, Limits
from synctva.media.movie import write_movie
from synctva.media.pictures import Frames, Half, read_frames
from synctva.media.probe import MediaFacts, length_of, probe
from synctva.media.sound import SAMPLE_RATE_HZ, read_audio
from synctva.media.sound_tracks import SoundTrack, chosen_track, sound_tracks
from synctva.media.waveform import WAVEFORM_HZ, waveform

READER = 2
"""Raised whenever a file that could be read before sounds or looks different now: features cached
of it then no longer count."""

__all__ = [
    "LIMITS",
    "READER",
    "SAMPLE_RATE_HZ",
    "WAVEFORM_HZ",
    "Frames",
    "Half",
    "Limits",
    "MediaFacts",
    "SoundTrack",
    "apart",
    "browser_type",
    "chosen_track",
    "length_of",
    "probe",
    "read_audio",
    "read_frames",
    "seen_apart",
    "sound_tracks",
    "streamed_apart",
    "waveform",
    "write_movie",
    "write_small",
]
