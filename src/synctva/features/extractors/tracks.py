"""The faces of one person over time, and the choice of the person who speaks."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from synctva.features.extractors.faces import Face, crop, grey
from synctva.media import SAMPLE_RATE_HZ, Frames

LOOKED_AT = 2
"""Faces are looked for in every second frame, and in the last; in between they lie on a line."""
LEAST_OVERLAP = 0.3
"""The least intersection over union of two squares for the same person in another frame."""
GAP_FRAMES = 5
"""A face that comes back after at most this many frames is still the same person's."""
LEAST_SHARE = 0.1
"""A track with a face in a smaller share of the frames looked at is a mistake of the detector."""

Find = Callable[[UInt8[np.ndarray, "height width 3"]], Sequence[Face]]
"""A picture -> the faces in it."""

MOTION_PX = 48
MOUTH = slice(30, 47), slice(11, 37)
"""Rows and columns of the mouth in a crop of ``MOTION_PX``."""
BROWS = slice(7, 24), slice(11, 37)
"""As large, around the eyes and brows: what moves there moves with the head, not with speech."""


@dataclass(frozen=True)
class Track:
    """One person's faces.

    Attributes:
        frames: Numbers of the frames in which the face was found, ascending.
        faces: The face in each of them.
    """

    frames: tuple[int, ...]
    faces: tuple[Face, ...]

    @property
    def size_px(self) -> float:
        """Sum of the sides: large faces count, and so do faces that stay."""
        return sum(face.side_px for face in self.faces)


def follow_faces(
    pixels: UInt8[np.ndarray, "frame height width 3"],
    find: Find,
) -> list[Track]:
    """Returns the tracks of the faces in pictures of which ``find`` sees every second.

    Looking costs more than all else that is done with a picture. A face that is in both of two
    neighbours that were looked at is placed halfway between them in the picture between.
    """
    looked = sorted({*range(0, len(pixels), LOOKED_AT), len(pixels) - 1} - {-1})
    tracks = link_faces([find(pixels[number]) for number in looked], looked)
    return [_filled(track, looked) for track in tracks]


def _filled(track: Track, looked: Sequence[int]) -> Track:
    """Returns a track with its faces in the frames between neighbours that were looked at."""
    after = dict(itertools.pairwise(looked))
    faces: dict[int, Face] = {}
    for number, face in zip(track.frames, track.faces, strict=True):
        before = next(reversed(faces), None)
        if before is not None and after[before] == number:
            gap = number - before
            for k in range(1, gap):
                faces[before + k] = _on_the_way(faces[before], face, k / gap)
        faces[number] = face
    return Track(tuple(faces), tuple(faces.values()))


def _on_the_way(one: Face, other: Face, share: float) -> Face:
    turn = (other.angle_rad - one.angle_rad + np.pi) % (2 * np.pi) - np.pi
    return Face(
        one.x_px + share * (other.x_px - one.x_px),
        one.y_px + share * (other.y_px - one.y_px),
        one.side_px + share * (other.side_px - one.side_px),
        one.angle_rad + share * float(turn),
        min(one.score, other.score),
    )


def link_faces(
    found: Sequence[Sequence[Face]], numbers: Sequence[int] | None = None
) -> list[Track]:
    """Returns the tracks of the faces found in each frame, in the order of their beginnings.

    A face joins the track whose last face it overlaps most; tracks that are seen in too few of
    the frames are left out.

    Args:
        found: Of each frame that was looked at.
        numbers: Of these frames; None = all were looked at.
    """
    tracks: list[tuple[list[int], list[Face]]] = []
    for number, faces in zip(numbers or range(len(found)), found, strict=True):
        pairs = sorted(
            (
                (-overlap(kept[-1], face), t, f)
                for t, (numbers, kept) in enumerate(tracks)
                if number - numbers[-1] <= GAP_FRAMES
                for f, face in enumerate(faces)
            )
        )
        taken_tracks, taken_faces = set[int](), set[int]()
        for less, t, f in pairs:
            if -less >= LEAST_OVERLAP and t not in taken_tracks and f not in taken_faces:
                tracks[t][0].append(number)
                tracks[t][1].append(faces[f])
                taken_tracks.add(t)
                taken_faces.add(f)
        tracks += [([number], [face]) for f, face in enumerate(faces) if f not in taken_faces]
    least = LEAST_SHARE * len(found)
    return [Track(tuple(n), tuple(kept)) for n, kept in tracks if len(kept) >= least]


def overlap(one: Face, other: Face) -> float:
    """Returns the intersection of two upright squares over their union, in 0..1."""
    sides = one.side_px, other.side_px
    reach = [
        min(min(sides), (sum(sides)) / 2 - abs(distance))
        for distance in (one.x_px - other.x_px, one.y_px - other.y_px)
    ]
    shared = max(0.0, reach[0]) * max(0.0, reach[1])
    return shared / (sides[0] ** 2 + sides[1] ** 2 - shared)


def largest_track(tracks: Sequence[Track]) -> Track | None:
    """Returns the track of the largest face that stays; None if there is no track."""
    return max(tracks, key=lambda track: track.size_px, default=None)


def moving_track(
    tracks: Sequence[Track], frames: Frames, samples: Float32[np.ndarray, " sample"] | None
) -> Track | None:
    """Returns the track whose mouth moves with the sound; the largest where there is no sound.

    Args:
        tracks: To choose from.
        frames: The pictures the tracks were found in.
        samples: The sound of the same span.
    """
    loud = None if samples is None else loudness(samples, frames.times_s)
    if loud is None or len(tracks) < 2:
        return largest_track(tracks)
    evidence = [(_moves_with(track, frames, loud), track.size_px) for track in tracks]
    return tracks[max(range(len(tracks)), key=evidence.__getitem__)]


def loudness(
    samples: Float32[np.ndarray, " sample"], times_s: Float64[np.ndarray, " frame"]
) -> Float64[np.ndarray, " interval"] | None:
    """Returns the sound's root mean square from each frame to the next, over its mean.

    None where it is silent, or where there are no two frames.
    """
    edges = np.clip(np.round(times_s * SAMPLE_RATE_HZ).astype(int), 0, len(samples))
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    power = (energy[edges[1:]] - energy[edges[:-1]]) / np.maximum(np.diff(edges), 1)
    rms = np.sqrt(np.maximum(power, 0.0))
    mean = rms.mean() if len(rms) else 0.0
    return rms / mean if mean > 1e-6 else None


def _moves_with(track: Track, frames: Frames, loud: Float64[np.ndarray, " interval"]) -> float:
    """Returns how much the mouth moves while it is loud, less what it moves while it is quiet.

    The mean of motion x (2 loudness - 1): a mouth that always moves gets its motion, one that
    moves with the sound more, one that is still nothing, and one that moves in the pauses less
    than nothing. The correlation alone does not see how much a mouth moves: noise on a still face
    may correlate as well.
    """
    moved = [
        (2 * loud[first] - 1) * _mouth_motion(frames, first, one, other)
        for first, second, one, other in zip(
            track.frames, track.frames[1:], track.faces, track.faces[1:], strict=False
        )
        if second == first + 1
    ]
    return float(np.mean(moved)) if moved else 0.0


def _mouth_motion(frames: Frames, first: int, one: Face, other: Face) -> float:
    """Returns how much more the mouth than the brows changes from a frame to the next."""
    still = _on_the_way(one, other, 0.5)
    pair = grey(np.stack([crop(frames.pixels[first + k], still, MOTION_PX) for k in (0, 1)]))
    before, after = pair.astype(float) / max(float(pair.std()), 1.0)
    change = np.abs(after - before)
    return float(change[MOUTH].mean() - change[BROWS].mean())
