"""What was heard and seen of a turn: in memory, as an extractor reads a recording's clip."""

import bisect
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from synctva.dialogue import Utterance
from synctva.errors import InputError
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.faces import Face
from synctva.media import SAMPLE_RATE_HZ, Frames
from synctva.media.pictures import HOLD_S, LONGER_SIDE_PX, moments_of

Picture = UInt8[np.ndarray, "height width 3"]

SHOWN_S = 2.0
"""A picture that no other follows is on screen for so long: a camera may stop."""

MOST_HZ = 10.0
"""If more pictures a second come, some are left out; features read five."""

KEPT_S = 16.5
"""Pictures of the longest turn and of what lies before it."""


class Pictures:
    """The pictures of the last seconds."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, Picture]] = deque()

    def see(self, at_s: float, picture: Picture) -> None:
        """Takes a picture; one that comes sooner after the last than is needed is left out.

        Args:
            at_s: The moment from which it is on screen; they ascend.
            picture: RGB, its longer side 640 pixels at the most.

        Raises:
            InputError: It is none, is too large, or comes before one that was seen.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise InputError(
                f"a picture of {picture.dtype}, {picture.shape}: give RGB bytes, (height, width, 3)"
            )
        if not 1 <= min(picture.shape[:2]) <= max(picture.shape[:2]) <= LONGER_SIDE_PX:
            raise InputError(
                f"a picture of {picture.shape[1]} x {picture.shape[0]} pixels: scale its longer"
                f" side to {LONGER_SIDE_PX}"
            )
        if self._kept and at_s < self._kept[-1][0]:
            raise InputError(
                f"a picture of {at_s:.2f} s comes after one of {self._kept[-1][0]:.2f} s"
            )
        if self._kept and at_s - self._kept[-1][0] < 0.999 / MOST_HZ:
            return
        if self._kept and self._kept[-1][1].shape != picture.shape:
            self._kept.clear()  # the camera was turned, or is another one
        self._kept.append((at_s, picture))
        while at_s - self._kept[0][0] > KEPT_S:
            self._kept.popleft()

    def between(self, start_s: float, end_s: float, rate_hz: float, most: int) -> Frames | None:
        """Returns the pictures on screen at even moments of a span, as ``media.read_frames``.

        None where there are none for half of it.
        """
        moments_s = moments_of(end_s - start_s, rate_hz, most)
        shown = {n: self.at(start_s + moment_s) for n, moment_s in enumerate(moments_s.tolist())}
        found = {number: picture for number, picture in shown.items() if picture is not None}
        if 2 * len(found) < len(moments_s):
            return None
        return Frames(np.stack(list(found.values())), moments_s[list(found)])

    def at(self, moment_s: float) -> Picture | None:
        """Returns the picture that is on screen at a moment; None where there is none."""
        place = bisect.bisect_right(self._kept, moment_s, key=lambda kept: kept[0]) - 1
        if place < 0:
            is_soon = bool(self._kept) and self._kept[0][0] - moment_s <= HOLD_S
            return self._kept[0][1] if is_soon else None
        since_s, picture = self._kept[place]
        return picture if moment_s - since_s < SHOWN_S else None


class HeardClip(Clip):
    """A turn's sound and pictures.

    Args:
        utterance: The turn, with its span.
        sound: Of just the span, at 16 kHz.
        pictures: What was seen.
    """

    def __init__(
        self, utterance: Utterance, sound: Float32[np.ndarray, " sample"], pictures: Pictures
    ) -> None:
        super().__init__(utterance)
        self._sound, self._pictures = sound, pictures

    def samples(self) -> Float32[np.ndarray, " sample"]:
        """Returns the sound."""
        return self._sound

    def frames(self, rate_hz: float, most: int) -> Frames | None:
        """Returns the pictures; None where there are too few."""
        start_s = self._utterance.start_s or 0.0
        return self._pictures.between(
            start_s, start_s + len(self._sound) / SAMPLE_RATE_HZ, rate_hz, most
        )


class Remembering:
    """Finds faces, and knows those of pictures that it has just seen.

    Faces are looked for as the pictures come, so that little is left to do when a turn ends.

    Args:
        find: What finds the faces in a picture.
        most: How many pictures are remembered.
    """

    def __init__(self, find: Callable[[Picture], Sequence[Face]], most: int = 256) -> None:
        self._find, self._most = find, most
        self._known: dict[int, Sequence[Face]] = {}

    def __call__(self, picture: Picture) -> Sequence[Face]:
        """Returns the faces of a picture."""
        key = hash((picture.shape, picture.tobytes()))
        if key not in self._known:
            self._known[key] = self._find(picture)
            if len(self._known) > self._most:
                del self._known[next(iter(self._known))]
        return self._known[key]
