"""Whether a transcript is of this recording: do people speak when it says that they do?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

STEP_S = 0.1
"""Speech and transcript are compared at moments so far apart."""

LEAST_SEGMENTS = 8
"""With fewer, no doubt is reported: they may fit or not by chance."""

LEAST_PHI = 0.2
"""Transcripts of other recordings correlate less with the speech, their own ones more."""

MOST_COVERED = 0.9
"""Where nearly all of the time is covered, nothing can be told."""


def doubt(
    said_s: Sequence[tuple[float, float]], heard_s: Sequence[tuple[float, float]], length_s: float
) -> str:
    """Returns why a transcript may be another recording's; empty where nothing says so.

    Args:
        said_s: When somebody speaks by the transcript, in seconds: start and end.
        heard_s: When somebody is heard.
        length_s: Of the recording.
    """
    if len(said_s) < LEAST_SEGMENTS or not heard_s:
        return ""
    said, heard = _covered(said_s, length_s), _covered(heard_s, length_s)
    if not (0 < said.mean() < MOST_COVERED and 0 < heard.mean() < MOST_COVERED):
        return ""
    if np.corrcoef(said, heard)[0, 1] >= LEAST_PHI:
        return ""
    both = 100 * (said & heard).sum() / said.sum()
    return (
        f"somebody is heard in {both:.0f} % of the time that the transcript gives to speech, and in"
        f" {100 * heard.mean():.0f} % of the recording: is it another recording's, or shifted?"
    )


def _covered(spans: Sequence[tuple[float, float]], length_s: float) -> Bool[np.ndarray, " step"]:
    """Returns at which moments one of the spans lasts."""
    found = np.zeros(max(1, round(length_s / STEP_S)), dtype=np.bool_)
    for start_s, end_s in spans:
        found[round(start_s / STEP_S) : round(end_s / STEP_S)] = True
    return found
