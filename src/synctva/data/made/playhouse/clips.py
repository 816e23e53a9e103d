"""A line of a scene -> its sound, its pictures, and both as an mp4."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8

from synctva.data.corpora.meld_raw import CLIPS
from synctva.data.made.playhouse.expressions import EXPRESSIONS
from synctva.data.made.playhouse.scenes import Line, Production, Scene
from synctva.data.made.playhouse.stage import LISTENER_RATE, RATE_HZ, film, paint_room
from synctva.data.made.playhouse.voices import SAMPLE_RATE_HZ, prosody_of, speak
from synctva.dialogue import SPLITS
from synctva.media import write_movie

INTENSITY = (0.6, 1.0)
"""Least and greatest strength with which an emotion is shown."""
HISS = 0.0035
"""Root mean square of the room's noise; 1 is full scale."""


def clip_path(folder: Path, scene: Scene, line: Line) -> Path:
    """Returns where the clip of a line is in the playhouse's folder."""
    return folder / CLIPS[scene.split] / f"dia{scene.number}_utt{line.turn}.mp4"


def render_clip(folder: Path, production: Production, scene: Scene, line: Line) -> float:
    """Renders the clip of a line unless it is there already; returns its length in seconds."""
    path = clip_path(folder, scene, line)
    sound, pictures = act(production, scene, line)
    if line.filmed and not path.exists():
        heard = None if "audio" in line.missing else sound
        seen = None if "visual" in line.missing else pictures
        write_movie(path, seen, RATE_HZ, heard, SAMPLE_RATE_HZ)
    return len(sound) * RATE_HZ // SAMPLE_RATE_HZ / RATE_HZ


def act(
    production: Production, scene: Scene, line: Line
) -> tuple[Float32[np.ndarray, " sample"], Iterator[UInt8[np.ndarray, "height width 3"]]]:
    """Returns the sound of a line, and its pictures, which are drawn while they are read."""
    place = (SPLITS.index(scene.split), scene.number)
    rng = np.random.default_rng((production.seed, 3, *place, line.turn))
    sound = _sound(production, line, rng)
    frames = len(sound) * RATE_HZ // SAMPLE_RATE_HZ

    def pictures() -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        room = paint_room(np.random.default_rng((production.seed, 4, *place)))
        yield from film(
            line.speaker.look,
            EXPRESSIONS[line.shown["visual"]].at(rng.uniform(*INTENSITY)),
            mouth_opening(sound, frames),
            room,
            line.listener.look if rng.random() < LISTENER_RATE else None,
            production.noise,
            rng,
        )

    return sound, pictures()


def _sound(
    production: Production, line: Line, rng: np.random.Generator
) -> Float32[np.ndarray, " sample"]:
    """Returns the spoken words in a room, as long as a whole number of frames."""
    prosody = prosody_of(line.shown["audio"], rng.uniform(*INTENSITY), rng)
    voice = speak(line.text, line.speaker.voice, prosody, rng)
    frames = -(-len(voice) * RATE_HZ // SAMPLE_RATE_HZ)
    sound = np.zeros(-(-frames * SAMPLE_RATE_HZ // RATE_HZ), np.float32)
    sound[: len(voice)] = voice
    hiss = rng.standard_normal(len(sound), np.float32)
    hiss[1:] = 0.5 * (hiss[1:] + hiss[:-1])  # a room is duller than white noise
    return np.clip(sound + np.float32(HISS * production.noise) * hiss, -1, 1)


def mouth_opening(
    sound: Float32[np.ndarray, " sample"], frames: int
) -> Float[np.ndarray, " frame"]:
    """Returns how far the sound opens a mouth in each frame: 0 in silence, 1 where it is loud."""
    edges = np.arange(frames + 1) * len(sound) // frames
    power = np.add.reduceat(sound.astype(np.float64) ** 2, edges[:-1]) / np.diff(edges)
    loudness = np.sqrt(power)
    quiet, loud = np.quantile(loudness, [0.05, 0.9])
    return np.clip((loudness - quiet) / max(loud - quiet, 1e-6), 0, 1) ** 0.8
