"""What the page plays: the recording or a small copy, inside the page or beside it."""

import base64
import math
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from synctva.inference.progress import Progress, unseen
from synctva.media import MediaFacts, browser_type, chosen_track, probe, seen_apart, waveform
from synctva.work import Engine

EMBEDDED_BYTES = 32 * 2**20
"""A larger recording is not put into the page: browsers open it slowly, mail refuses it."""

COPY_BYTES_PER_S, SOUND_COPY_BYTES_PER_S = 45_000, 6_500
"""The most of a small copy, by its encoders' limits; and the most of a copy of sound alone."""

UNPACKED = ("audio/wav", "audio/flac")
"""Sound that is much smaller as AAC."""

UNPACKED_BYTES = 2**20
"""From this size on it is packed; for less, starting another process is not worth it."""


@dataclass(frozen=True)
class Player:
    """What the page plays.

    Attributes:
        type: Its media type.
        content: The recording in base64, where it is inside the page.
        link: Where it lies otherwise, seen from the page.
        file: The copy that was written beside the page, if one was.
        is_blurred: Whether faces in it are made unrecognisable.
        waveform: Where there is nothing to see, the peak of each tenth of a second, 0 to 255.
    """

    type: str
    content: Markup | None = None
    link: str = ""
    file: Path | None = None
    is_blurred: bool = False
    waveform: bytes = b""

    @property
    def is_video(self) -> bool:
        """Whether there is something to see."""
        return self.type.startswith("video/")


def player_for(
    recording: Path,
    page: Path,
    *,
    blur: bool = False,
    sound_track: str | None = None,
    progress: Progress = unseen,
    apart: Engine | None = None,
) -> Player:
    """Returns what a page plays of a recording; makes a small copy where it must or is worth it.

    Args:
        recording: The recording.
        page: Where the page will be.
        blur: Whether faces are made unrecognisable.
        sound_track: The number, language or title of the one that is heard; None = that which a
            player plays.
        progress: Shows how many seconds of a copy are done.
        apart: The process that looks at recordings; None = one for this recording.

    Raises:
        InputError: It is no recording, broken, or not a local regular file.
    """
    kind, facts, track, wave = seen_apart(partial(_looked, sound_track), recording, apart)
    blur = blur and facts.has_video
    most = UNPACKED_BYTES if kind in UNPACKED else EMBEDDED_BYTES
    if kind and not blur and recording.stat().st_size <= most:
        return Player(kind, _in_base64(recording), waveform=wave)
    rate = COPY_BYTES_PER_S if facts.has_video else SOUND_COPY_BYTES_PER_S
    if kind and not blur and (facts.duration_s or 0.0) * rate > EMBEDDED_BYTES:
        return Player(kind, link=_link(recording, page), waveform=wave)
    from synctva.inference.preview import make_preview

    staged = page.with_name(f".{page.name}-{secrets.token_hex(8)}")
    try:
        with progress(math.ceil(facts.duration_s or 0.0)) as advance:
            make_preview(recording, staged, blur=blur, sound_track=track, advance=advance)
        kind = "video/mp4" if facts.has_video else "audio/mp4"
        if staged.stat().st_size <= EMBEDDED_BYTES:
            return Player(kind, _in_base64(staged), is_blurred=blur, waveform=wave)
        copy = _place_beside(page)
        staged.replace(copy)
    finally:
        staged.unlink(missing_ok=True)
    return Player(kind, link=_link(copy, page), file=copy, is_blurred=blur, waveform=wave)


def _looked(
    sound_track: str | None, recording: Path
) -> tuple[str | None, MediaFacts, int | None, bytes]:
    """Returns how browsers call a recording, its facts, the track that is heard, how loud it is."""
    track = None if sound_track is None else chosen_track(recording, sound_track).number
    facts = probe(recording)
    wave = b"" if facts.has_video else waveform(recording, track).tobytes()
    return browser_type(recording), facts, track, wave


def _place_beside(page: Path) -> Path:
    """Returns where the copy of a page goes: over its last one, but over no other file."""
    from synctva.inference.folder import is_preview

    return next(path for path in _names_beside(page) if is_preview(path) or not path.exists())


def _names_beside(page: Path) -> Iterator[Path]:
    yield page.with_name(f"{page.stem}.preview.mp4")
    yield from (page.with_name(f"{page.stem}.preview-{number}.mp4") for number in count(2))


def _in_base64(recording: Path) -> Markup:
    return Markup(base64.b64encode(recording.read_bytes()).decode())


def _link(recording: Path, page: Path) -> str:
    """Returns where a recording lies, seen from the page; never taken for a protocol."""
    way = os.path.relpath(recording.resolve(), page.resolve().parent)
    return quote(os.fsencode(f"./{Path(way).as_posix()}"))
