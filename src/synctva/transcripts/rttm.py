"""RTTM (diarisation) -> segments without words: ``SPEAKER talk 1 0.5 2.25 <NA> <NA> Ada``."""

from collections.abc import Iterator
from pathlib import Path

from synctva.errors import InputError
from synctva.transcripts.segment import Segment, one_line

_FEWEST_FIELDS = 8


def read_rttm(path: Path, text: str) -> list[Segment]:
    """Returns the segments of an RTTM file's ``SPEAKER`` lines.

    Of a file about several recordings, those lines count that call theirs as the file is called.

    Raises:
        InputError: A line has too few fields or no times, or several recordings are told of and
            none is called as the file.
    """
    recordings: dict[str, list[Segment]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        if fields and fields[0] == "SPEAKER":
            segments = recordings.setdefault(fields[1] if len(fields) > 1 else "", [])
            segments.extend(_span(fields, f"{path}: line {number}"))
    if len(recordings) > 1 and path.stem not in recordings:
        raise InputError(
            f"{path}: tells of {len(recordings)} recordings, and none is {path.stem!r}; call the"
            f" file as one of them, such as {min(recordings)[:60]!r}"
        )
    own = path.stem if path.stem in recordings else next(iter(recordings), "")
    return recordings.get(own, [])


def _span(fields: list[str], place: str) -> Iterator[Segment]:
    if len(fields) < _FEWEST_FIELDS:
        raise InputError(
            f"{place}: {len(fields)} fields; a line is"
            " 'SPEAKER recording 1 start_s duration_s <NA> <NA> speaker <NA> <NA>'"
        )
    try:
        start_s, duration_s = float(fields[3]), float(fields[4])
    except ValueError as error:
        raise InputError(
            f"{place}: {fields[3][:40]!r} and {fields[4][:40]!r} are no start and duration in"
            " seconds; correct them"
        ) from error
    speaker = None if fields[7] == "<NA>" else one_line(fields[7]) or None
    yield Segment(start_s, round(start_s + duration_s, 6), "", place, speaker)
