"""Files that say who says what when -> spans: transcripts, subtitles, annotations."""

from synctva.annotation.elan import linked_recording
from synctva.annotation.read import SUFFIXES, may_be_annotation, read_annotation
from synctva.annotation.span import Span, within

__all__ = [
    "SUFFIXES",
    "Span",
    "linked_recording",
    "may_be_annotation",
    "read_annotation",
    "within",
]
