"""A transcript of another recording is doubted; that of this one is not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synctva.inference.fit import doubt


def turns(seed: int, count: int = 40) -> tuple[list[tuple[float, float]], float]:
    """Returns turns with pauses, and when the last one ends."""
    random = np.random.default_rng(seed)
    ends = np.cumsum(random.uniform(0.5, 4.0, size=2 * count))
    return [(float(a), float(b)) for a, b in zip(ends[::2], ends[1::2], strict=True)], ends[-1]


@given(seed=st.integers(0, 100), early_s=st.floats(0, 0.3), late_s=st.floats(0, 0.3))
def test_a_transcript_that_is_near_the_speech_is_not_doubted(
    seed: int, early_s: float, late_s: float
):
    said, length_s = turns(seed)
    heard = [(max(0.0, start + early_s), end + late_s) for start, end in said]
    assert doubt(said, heard, length_s + 1) == ""


def test_most_transcripts_of_other_recordings_are_doubted():
    found = [
        doubt(turns(seed)[0], turns(1_000 + seed)[0], min(turns(seed)[1], turns(1_000 + seed)[1]))
        for seed in range(50)
    ]
    assert sum(bool(words) for words in found) >= 45
    assert all("another recording's" in words for words in found if words)


def test_little_speech_or_a_transcript_of_all_the_time_says_nothing():
    said, length_s = turns(0)
    assert doubt(said[:5], turns(1)[0], length_s) == ""
    assert doubt([(n / 2, n / 2 + 0.5) for n in range(100)], turns(1)[0], 50.0) == ""
    assert doubt(said, [], length_s) == ""
