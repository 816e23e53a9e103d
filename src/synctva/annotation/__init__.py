"""Files that say who says what when -> spans: subtitles and ELAN."""

from synctva.annotation.read import SUFFIXES, read_annotation
from synctva.annotation.span import Span

__all__ = ["SUFFIXES", "Span", "read_annotation"]
