"""How the channels of a recording become one: their mean, except dead or cancelling channels."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from synctva.media.channels import Shares, live_shares, mean_shares
from synctva.media.libav import Recording, channels_of, frames_of, opened, seeks_exactly

PLACES = 8
"""At how many places, spread evenly, a recording is listened to, to know its channels."""

PLACE_S = 2.0
"""For how long at each place."""

FIRST_S = 60.0
"""Or for how long from its start, if a seek would cost as much as reading all."""

Products = Float64[np.ndarray, "channel channel"]


def shares_of(path: str | Path, sound_track: int | None = None) -> Shares:
    """Returns the share of each channel of a recording's sound, or of one track of it, in mono.

    Left and right that cancel each other, as behind a miswired cable, would be silence: the louder
    one is taken alone. A channel that is dead would take half of the loudness: it has no share.

    Raises:
        InputError: It is no recording, broken, too large, or not a local regular file.
    """
    facts = Path(path).stat()  # the same content is listened to once
    return _shares(f"{path}", sound_track, facts.st_ino, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=256)
def _shares(path: str, sound_track: int | None, *_: int) -> Shares:
    with opened(path, sound_track) as recording:
        stream = recording.stream("audio")
        if stream is None or stream.codec_context.channels == 1:
            return mean_shares
        found: dict[tuple[str, ...], Products] = {}
        for names, values in _heard(recording, stream):
            known = found.setdefault(names, np.zeros((len(names), len(names))))
            known += np.nan_to_num(values.astype(np.float64) @ values.T.astype(np.float64))
    known_shares = {names: live_shares(names, products) for names, products in found.items()}

    def shares(names: Sequence[str]) -> Float32[np.ndarray, " channel"]:
        own = known_shares.get(tuple(names))
        return mean_shares(names) if own is None else own

    return shares


def _heard(
    recording: Recording, stream: Any
) -> Iterator[tuple[tuple[str, ...], Float32[np.ndarray, "channel sample"]]]:
    """Yields channels' names and their samples, at some places of the recording."""
    length_s = recording.duration_s or 0.0
    if length_s <= FIRST_S or not seeks_exactly(recording, stream):
        spans = [(0.0, FIRST_S)]
    else:
        starts = np.arange(PLACES) * (length_s - PLACE_S) / (PLACES - 1)
        spans = [(float(start), float(start) + PLACE_S) for start in starts]
    index = stream.index
    for start_s, end_s in spans:
        stream = recording.set_up(recording.container.streams[index])  # a rewind gives a new one
        frames = frames_of(recording, stream, start_s)
        for _, frame in takewhile(lambda timed, end_s=end_s: timed[0] < end_s, frames):
            yield channels_of(frame)
