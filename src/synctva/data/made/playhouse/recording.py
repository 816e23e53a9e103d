"""Scenes of the playhouse as one recording with a transcript, as people have them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from synctva.data.made.playhouse.clips import act
from synctva.data.made.playhouse.scenes import Production, write_scenes
from synctva.data.made.playhouse.stage import RATE_HZ
from synctva.data.made.playhouse.voices import SAMPLE_RATE_HZ
from synctva.files import write_text
from synctva.media import write_movie

PAUSE_FRAMES = RATE_HZ // 4
"""Between two turns: a quarter of a second, in which the last picture stands."""


def render_recording(
    path: Path, production: Production, split: str = "test", scenes: int = 2
) -> Path:
    """Films scenes one after another into an mp4, and writes their transcript beside it.

    If the recording and its transcript exist, it is not rendered again.

    Args:
        path: Of the mp4.
        production: What is played.
        split: Whose scenes.
        scenes: How many, from the first.

    Returns:
        The transcript, an SRT file with the speakers' names.
    """
    transcript = path.with_suffix(".srt")
    if path.is_file() and transcript.is_file():
        return transcript
    chosen = [scene for scene in write_scenes(production) if scene.split == split][:scenes]
    lines = [(scene, line) for scene in chosen for line in scene.lines]
    acted = [act(production, scene, line) for scene, line in lines]
    pause = np.zeros(SAMPLE_RATE_HZ * PAUSE_FRAMES // RATE_HZ, np.float32)
    cues, clock_s = [], 0.0
    for number, ((_, line), (sound, _)) in enumerate(zip(lines, acted, strict=True), start=1):
        end_s = clock_s + len(sound) / SAMPLE_RATE_HZ
        said = f"{line.speaker.name}: {line.text}"
        cues.append(f"{number}\n{_clock(clock_s)} --> {_clock(end_s)}\n{said}\n")
        clock_s = end_s + len(pause) / SAMPLE_RATE_HZ

    def pictures() -> Iterator[np.ndarray]:
        for _, drawn in acted:
            picture = None
            for picture in drawn:
                yield picture
            if picture is not None:
                yield from [picture] * PAUSE_FRAMES

    sounds = [part for sound, _ in acted for part in (sound, pause)]
    write_movie(path, pictures(), RATE_HZ, np.concatenate(sounds), SAMPLE_RATE_HZ)
    write_text(transcript, "\n".join(cues))
    return transcript


def _clock(time_s: float) -> str:
    milliseconds = round(time_s * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d},{rest % 1000:03d}"
