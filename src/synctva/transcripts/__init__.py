"""Files that say who says what when -> segments: transcripts, subtitles, annotations."""

from synctva.transcripts.elan import linked_recording
from synctva.transcripts.read import SUFFIXES, may_be_transcript, read_transcript
from synctva.transcripts.segment import Segment, within

__all__ = [
    "SUFFIXES",
    "Segment",
    "linked_recording",
    "may_be_transcript",
    "read_transcript",
    "within",
]
