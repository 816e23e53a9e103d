"""The strongest moments of a recording: few, and none whose evidence is thin or doubtful."""

from collections.abc import Sequence

from synctva.emotions import EmotionSchema
from synctva.reports.palette import EMOTION_COLOURS
from synctva.reports.recognition.rows import TranscriptRow

MOST = 5
"""The most that are shown."""


def strongest(rows: Sequence[TranscriptRow], emotions: Sequence[str]) -> list[int]:
    """Returns the numbers of the rows that express an emotion most surely, the surest first.

    Neutral is no moment. Left out are rows whose probability is under one half, against which a
    modality speaks, or whose evidence is thin or unlike the training's.

    Args:
        rows: All rows of the transcript.
        emotions: The names of the emotions, neutral under any of its spellings.
    """
    schema = EmotionSchema("recognised", tuple(emotions))
    called = schema.mapping(EmotionSchema("palette", tuple(EMOTION_COLOURS)))
    found = [
        number
        for number, row in enumerate(rows)
        if row.percent is not None
        and called[row.emotion] != "neutral"
        and not (row.is_low or row.is_thin or row.disagrees)
    ]
    return sorted(found, key=lambda number: (-rows[number].probability, number))[:MOST]
