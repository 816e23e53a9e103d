"""Files that say who says what when -> segments: transcripts, subtitles, annotations."""

from synctva.transcripts.beside import Belongings, belongings
from synctva.transcripts.elan import linked_recording
from synctva.transcripts.read import (
    READERS,
    SUFFIXES,
    TIERED,
    may_be_transcript,
    read_transcript,
    tiers_of_each,
)
from synctva.transcripts.script import SCRIPT, is_script, read_script
from synctva.transcripts.segment import Segment, Transcript, Word, within

__all__ = [
    "READERS",
    "SCRIPT",
    "SUFFIXES",
    "TIERED",
    "Belongings",
    "Segment",
    "Transcript",
    "Word",
    "belongings",
    "is_script",
    "linked_recording",
    "may_be_transcript",
    "read_script",
    "read_transcript",
    "tiers_of_each",
    "within",
]
