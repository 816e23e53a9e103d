"""A recognition as Praat's TextGrid: tiers of each speaker's words, emotions and confidence.

Nothing on a tier may overlap: a speaker who speaks over himself has ``Ada`` and ``Ada (2)``.
"""

from collections.abc import Sequence
from pathlib import Path

from synctva.inference.export.places import confidence, tiers, times_ms, words
from synctva.inference.recognition import Recognition
from synctva.transcripts.emotion_tiers import confidence_tier, emotion_tier
from synctva.transcripts.segment import one_line


def textgrid_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of a TextGrid in Praat's long form."""
    from praatio.utilities.textgrid_io import getTextgridAsStr

    ends_ms = [times_ms(utterance)[1] for utterance in recognition.utterances]
    end_s = max([round(recognition.duration_s * 1000), *ends_ms, 1]) / 1000
    intervals: dict[str, list[tuple[float, float, str]]] = {}
    for tier in tiers(recognition):
        said = [(u, *(time_ms / 1000 for time_ms in times_ms(u))) for u in tier.utterances]
        intervals[tier.name] = [(start, end, words(u)) for u, start, end in said]
        intervals[emotion_tier(tier.name)] = [
            (start, end, one_line(recognition.emotion_of(u) or "")) for u, start, end in said
        ]
        intervals[confidence_tier(tier.name)] = [
            (start, end, confidence(recognition, u)) for u, start, end in said
        ]
    grid = {
        "xmin": 0,
        "xmax": end_s,
        "tiers": [_tier(name, own, end_s) for name, own in (intervals or {"speaker": []}).items()],
    }
    return getTextgridAsStr(grid, "long_textgrid", includeBlankSpaces=True).encode()


def _tier(name: str, intervals: Sequence[tuple[float, float, str]], end_s: float) -> dict:
    return {
        "class": "IntervalTier",
        "name": name,
        "xmin": 0,
        "xmax": end_s,
        "entries": list(intervals),
    }
