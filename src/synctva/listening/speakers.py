"""Who speaks when, by the voices: windows that sound alike are one person's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from synctva.errors import InputError
from synctva.listening.turns import Turn
from synctva.listening.voices import STEP_S, Span, Voices

APART = 0.7
"""Groups of windows are different people's from this root mean square of cosine distances on.

Chosen with ``PASSING_S`` on 48 conversations of RAVDESS's, EmoDB's and nEMO's actors, of which the
measured ones hold others.
"""

DISTANCES = tuple(round(0.05 * n, 2) for n in range(1, 40))
"""Where the number of speakers is known, the one nearest to ``APART`` that gives it is taken."""

PASSING_S = 4.5
"""Voices that are heard for less are taken for the most similar one's: a cry, two at once."""

PASSING_SHARE = 0.13
"""In a short recording, those that are heard for less of the speech."""

UNSURE = 0.1
"""If another voice is this nearly as similar, it is unsure who speaks."""

SHORT_S = 0.75
"""In less, a voice is hardly known."""

AT_ONCE = 4000
"""How many windows are compared with each other, 50 minutes; others with the voices found in them.

Memory grows with the square: 130 MB.
"""


@dataclass(frozen=True)
class Count:
    """How many people speak.

    Attributes:
        least: At least.
        most: At the most; None = as many as there are voices.

    Raises:
        InputError: Less than one, or fewer at the most than at least.
    """

    least: int = 1
    most: int | None = None

    def __post_init__(self) -> None:
        if self.least < 1 or (self.most is not None and self.most < self.least):
            most = "any number" if self.most is None else self.most
            raise InputError(
                f"{self.least} to {most} speakers: no such number of people; correct --speakers,"
                " --min-speakers, --max-speakers"
            )


ANY_COUNT = Count()


@dataclass(frozen=True)
class Told:
    """Who speaks in the windows of a recording.

    Attributes:
        voices: The windows.
        speakers: Of each window the number of its speaker, in the order in which they first speak.
        sure: Of each window whether no other voice is nearly as similar.
    """

    voices: Voices
    speakers: Int[np.ndarray, " window"]
    sure: Sequence[bool]

    def turns_in(self, span: Span) -> list[Turn]:
        """Returns who speaks when in a span: each moment is the nearest window's."""
        start_s, end_s = span
        centres = [(start + end) / 2 for start, end in self.voices.windows]
        first, last = np.searchsorted(centres, [start_s, end_s])
        if first == last:  # it is shorter than a window
            nearest = int(np.argmin(np.abs(np.array(centres) - (start_s + end_s) / 2)))
            first, last = nearest, nearest + 1
        turns: list[Turn] = []
        for row in range(first, last):
            begin_s = (centres[row - 1] + centres[row]) / 2 if row > first else start_s
            name = f"SPEAKER_{self.speakers[row]:02d}"
            if turns and turns[-1].speaker == name:
                continue
            if turns:
                turns[-1] = Turn(turns[-1].start_s, begin_s, turns[-1].speaker)
            turns.append(Turn(begin_s, end_s, name))
        return turns

    def is_sure(self, span: Span) -> bool:
        """Returns whether it is sure who speaks in a span."""
        start_s, end_s = span
        inside = [
            sure
            for sure, (start, end) in zip(self.sure, self.voices.windows, strict=True)
            if start_s <= (start + end) / 2 <= end_s
        ]
        return end_s - start_s >= SHORT_S and 2 * sum(inside) >= len(inside)

    def note(self, spans: Sequence[Span]) -> str:
        """Returns in how many spans it is unsure who speaks, in words; empty where in none."""
        unsure = sum(not self.is_sure(span) for span in spans)
        if not unsure or not self.speakers.any():
            return ""
        return (
            f"who speaks is unsure in {unsure} of {len(spans)} utterances: they are short, several"
            " people speak at once, or their voices are alike; --speakers says how many there are"
        )


def told_apart(voices: Voices, count: Count) -> Told:
    """Returns who speaks in each window.

    Args:
        voices: Of at least one window.
        count: How many people speak.
    """
    lengths = np.array([min(end - start, STEP_S) for start, end in voices.windows])
    every = -(-len(lengths) // AT_ONCE)
    compared = voices.vectors[::every]
    groups = _grouped(compared, lengths[::every] * every, count)
    centres = _centres(compared, groups)
    similar = voices.vectors @ centres.T
    groups = groups if every == 1 else similar.argmax(1)
    own = similar[np.arange(len(groups)), groups]
    similar[np.arange(len(groups)), groups] = -1.0
    order = {group: n for n, group in enumerate(dict.fromkeys(groups.tolist()))}
    speakers = np.array([order[group] for group in groups.tolist()])
    return Told(voices, speakers, (own - similar.max(1) >= UNSURE).tolist())


def _grouped(
    vectors: Float32[np.ndarray, "window dim"], lengths: np.ndarray, count: Count
) -> Int[np.ndarray, " window"]:
    """Returns the number of each window's group: agglomerative clustering, average linkage
    of squared distances."""
    if len(vectors) == 1:
        return np.zeros(1, int)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    distances = pdist(vectors, "cosine")
    distances *= distances
    tree = linkage(distances, "average")
    least_s = min(PASSING_S, PASSING_SHARE * float(lengths.sum()))

    def cut(distance: float) -> Int[np.ndarray, " window"]:
        return _without_passing(vectors, fcluster(tree, distance**2, "distance"), lengths, least_s)

    found = int(cut(APART).max()) + 1
    wanted = min(max(found, count.least), count.most or len(vectors), len(vectors))
    for distance in sorted(DISTANCES, key=lambda distance: abs(distance - APART)):
        groups = cut(distance)
        if groups.max() + 1 == wanted:
            return groups
    return fcluster(tree, wanted, "maxclust") - 1


def _without_passing(
    vectors: Float32[np.ndarray, "window dim"],
    groups: Int[np.ndarray, " window"],
    lengths: np.ndarray,
    least_s: float,
) -> Int[np.ndarray, " window"]:
    """Returns the groups, numbered from 0, after the smallest ones went to the most similar."""
    groups = np.unique(groups, return_inverse=True)[1]
    while groups.max() > 0:
        heard_s = np.bincount(groups, lengths)
        least = int(heard_s.argmin())
        if heard_s[least] >= least_s:
            break
        own = groups == least
        similar = vectors[own] @ _centres(vectors, groups).T
        similar[:, least] = -2.0
        groups[own] = similar.argmax(1)
        groups = np.unique(groups, return_inverse=True)[1]
    return groups


def _centres(
    vectors: Float32[np.ndarray, "window dim"], groups: Int[np.ndarray, " window"]
) -> Float32[np.ndarray, "group dim"]:
    sums = np.stack([vectors[groups == n].sum(0) for n in range(groups.max() + 1)])
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
