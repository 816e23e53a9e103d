"""The speaker's face in the frames of an utterance, found and cut out.

It needs no torch, as what makes a vector of the faces does: so a process that reads recordings
begins in a fifth of the time, and holds a third of the memory.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from synctva.errors import InputError, did_you_mean
from synctva.features.extractors.clarity import SIDE_PX, are_clear
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.extractor import Stream
from synctva.features.extractors.faces import crop, detector_named, grey, resize
from synctva.features.extractors.tracks import (
    LOOKED_AT,
    Find,
    Track,
    follow_faces,
    largest_track,
    moving_track,
)
from synctva.media import Frames

CHOICES = {
    "faces": ("found", "whole"),
    "speaker": ("largest", "moving"),
    "no_face": ("absent", "frame"),
    "pooling": ("mean", "mean_sd"),
}
"""The extractor's settings and what each may be."""

RATE_HZ = 5.0
"""Frames per second that are looked at."""
MOST_FRAMES = 64
"""Frames of a longer utterance are spread evenly; it bounds time and memory."""
SMALLEST_PX = 40
"""Smaller faces are ignored; the side in a picture of at most 640 pixels."""


@dataclass(frozen=True)
class Faces:
    """Crops of the speaker's face, or whole frames.

    Attributes:
        crops: RGB; at least one.
        flags: What is to note of them.
    """

    crops: UInt8[np.ndarray, "face size size 3"]
    flags: tuple[str, ...] = ()


class FaceReader:
    """Finds the speaker's face in the frames of an utterance.

    Args:
        size_px: Side of the crops.
        detector: As of :class:`~synctva.features.extractors.visual.VisualExtractor`.
        speaker: Likewise.
        faces: Likewise.
        no_face: Likewise.
        smallest_px: Likewise.
        rate_hz: Likewise.

    Attributes:
        find: Finds the faces of a picture; None = each whole picture is one.
        settings: All that its crops depend on.

    Raises:
        InputError: There is no such detector or choice.
    """

    most_frames = MOST_FRAMES

    def __init__(
        self,
        size_px: int,
        *,
        detector: str | None = None,
        speaker: str = "moving",
        faces: str = "found",
        no_face: str = "absent",
        smallest_px: int = SMALLEST_PX,
        rate_hz: float = RATE_HZ,
    ) -> None:
        chosen = {"faces": faces, "speaker": speaker, "no_face": no_face}
        check_choices(chosen)
        if not rate_hz > 0:
            raise InputError(f"visual features: rate_hz {rate_hz}; give more than 0")
        found_by = detector_named(detector, smallest_px) if faces == "found" else None
        self.find: Find | None = found_by and found_by.find  # live puts a memory before it
        self._size_px, self._speaker, self._no_face = size_px, speaker, no_face
        self.rate_hz = float(rate_hz)
        self.settings: dict[str, str | int | float | bool] = {"faces": faces}
        if found_by is not None:
            looked = {"smallest_px": smallest_px, "looked_at": LOOKED_AT}
            self.settings |= {**chosen, **found_by.settings, **looked}
        self.settings |= {"rate_hz": self.rate_hz, "most_frames": MOST_FRAMES}

    @property
    def reads(self) -> tuple[Stream, ...]:
        """The features depend on the pictures, and on the sound where a mouth moves with it."""
        hears = self.find is not None and self._speaker == "moving"
        return ("pictures", "sound") if hears else ("pictures",)

    def read_clip(self, clip: Clip) -> Faces | Encoded:
        """Returns the faces of an utterance's recording; see ``read``."""
        frames = clip.frames(self.rate_hz, self.most_frames)
        if frames is None:
            return Encoded(None, ("no_video",))
        tracks = self._tracks(frames)
        is_asked = "sound" in self.reads and len(tracks) > 1  # else it would change nothing
        track = self._chosen(tracks, frames, clip.samples() if is_asked else None)
        return self._cropped(frames, track)

    def read(
        self, frames: Frames, samples: Float32[np.ndarray, " sample"] | None = None
    ) -> Faces | Encoded:
        """Returns an utterance's faces, or why there are none; dark or blurred ones do not count.

        Args:
            frames: At ``rate_hz``, ``most_frames`` at the most.
            samples: The sound of the same span, for the speaker whose mouth moves with it.
        """
        return self._cropped(frames, self.speaker(frames, samples))

    def _cropped(self, frames: Frames, track: Track | None) -> Faces | Encoded:
        """Returns a track's faces, or whole frames, or why there are none."""
        size = self._size_px
        whole, flags = self.find is None, ()
        if track is None and not whole:
            if self._no_face == "absent":
                return Encoded(None, ("no_face",))
            flags = ("no_face", "whole_frame")
        crops = (
            [resize(picture, size) for picture in frames.pixels]
            if track is None
            else [
                crop(frames.pixels[number], face, size)
                for number, face in zip(track.frames, track.faces, strict=True)
            ]
        )
        faces = np.stack(crops)
        if track is not None:
            faces = faces[are_clear(_seen(faces))]
            if not len(faces):
                return Encoded(None, ("unclear_face",))
        return Faces(faces, flags)

    def speaker(
        self, frames: Frames, samples: Float32[np.ndarray, " sample"] | None = None
    ) -> Track | None:
        """Returns the speaker's faces; None where there are none, or where they are not looked for.

        Args:
            frames: The utterance's.
            samples: The sound of the same span.
        """
        return self._chosen(self._tracks(frames), frames, samples)

    def _tracks(self, frames: Frames) -> list[Track]:
        return [] if self.find is None else follow_faces(frames.pixels, self.find)

    def _chosen(
        self,
        tracks: list[Track],
        frames: Frames,
        samples: Float32[np.ndarray, " sample"] | None,
    ) -> Track | None:
        if self._speaker == "moving":
            return moving_track(tracks, frames, samples)
        return largest_track(tracks)


def _seen(faces: UInt8[np.ndarray, "face size size 3"]) -> UInt8[np.ndarray, "face 48 48"]:
    """Returns faces as the expression network would see them."""
    return grey(np.stack([resize(face, SIDE_PX) for face in faces]))


def check_choices(chosen: dict[str, str]) -> None:
    """Refuses a setting that is none of ``CHOICES``."""
    for setting, choice in chosen.items():
        if choice not in CHOICES[setting]:
            raise InputError(
                f"visual features: {setting} {choice!r} is none of {', '.join(CHOICES[setting])}."
                + did_you_mean(choice, CHOICES[setting])
            )
