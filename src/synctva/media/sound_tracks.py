"""The sound tracks of a recording, such as languages of a film, and which of them is heard."""

from dataclasses import dataclass
from pathlib import Path

from synctva.errors import InputError
from synctva.media.libav import opened


@dataclass(frozen=True)
class SoundTrack:
    """One of a recording's sound tracks.

    Attributes:
        number: Among them, from 1.
        language: As the recording writes it, such as ``eng``; empty if it does not say.
        title: What it is called; empty if it does not say.
        channels: How many.
        is_default: Whether it is heard where none is chosen.
    """

    number: int
    language: str
    title: str
    channels: int
    is_default: bool

    def __str__(self) -> str:
        """Returns what a user needs to choose it: ``2 (deu, Director, 2 channels)``."""
        told = [self.language, self.title, f"{self.channels} channel{'s'[: self.channels != 1]}"]
        return f"{self.number} ({', '.join(filter(None, told))})"


def sound_tracks(path: str | Path) -> tuple[SoundTrack, ...]:
    """Returns the sound tracks of a recording, in its order.

    Raises:
        InputError: It is no recording, broken, too large, or not a local regular file.
    """
    with opened(path) as recording:
        best = recording.container.streams.best("audio")
        return tuple(
            SoundTrack(
                number,
                _plain(stream.metadata.get("language", "")).replace("und", ""),
                _plain(stream.metadata.get("title", "")),
                getattr(stream.codec_context, "channels", 0),
                best is not None and stream.index == best.index,
            )
            for number, stream in enumerate(recording.container.streams.audio, 1)
        )


def chosen_track(path: str | Path, choice: str) -> SoundTrack:
    """Returns the sound track that a user means.

    Args:
        path: A local recording.
        choice: Its number from 1, its language as the recording writes it, or its title.

    Raises:
        InputError: There is none such, or there are two; the message lists them. Or as
            ``sound_tracks``.
    """
    tracks = sound_tracks(path)
    wanted = choice.strip().lower()
    found = [track for track in tracks if wanted == f"{track.number}"] or [
        track
        for track in tracks
        if wanted and wanted in map(str.lower, (track.language, track.title))
    ]
    if len(found) == 1:
        return found[0]
    several = f"{len(found)} sound tracks are {choice!r}" if found else f"no sound track {choice!r}"
    listed = ", ".join(map(str, tracks)) or "none"
    raise InputError(f"{path}: {several}; there are: {listed}. Name one by its number")


def _plain(words: str) -> str:
    return " ".join(words.split())[:40]
