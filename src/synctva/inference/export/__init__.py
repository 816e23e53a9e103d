"""A recognition -> files that other programs open: tables, subtitles, annotations, EmotionML."""

from synctva.inference.export.as_json import read_recognition
from synctva.inference.export.write import SUFFIXES, write_recognition

__all__ = ["SUFFIXES", "read_recognition", "write_recognition"]
