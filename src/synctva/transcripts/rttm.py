"""RTTM (diarisation) -> segments without words: ``SPEAKER talk 1 0.5 2.25 <NA> <NA> Ada``.

Blanks part the fields, and names of recordings and speakers may hold blanks too. So a line is read
from its middle: two numbers and the two fields after them, which are nearly always ``<NA> <NA>``.
"""

import re
from collections.abc import Iterator

from synctva.errors import InputError
from synctva.transcripts.segment import Segment, one_line
from synctva.transcripts.source import Source

NOTHING = "<NA>"

_FEWEST_FIELDS = 8
_MOST_FIELDS = 10
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_CONFIDENCE = re.compile(r"[01]?\.\d+")
_FORM = "a line is 'SPEAKER recording 1 start_s duration_s <NA> <NA> speaker <NA> <NA>'"


def read_rttm(source: Source) -> list[Segment]:
    """Returns the segments of an RTTM file's ``SPEAKER`` lines.

    If a file is about several recordings, only lines of the recording with the file's name count. A
    line without times, or with too few fields, is left out and noted.

    Raises:
        InputError: The file is about several recordings, and none has its name.
    """
    recordings: dict[str, list[Segment]] = {}

    def read(line: tuple[int, str]) -> Iterator[Segment]:
        recording, segment = _segment(_fields(line[1]), f"{source.path}: line {line[0]}")
        recordings.setdefault(recording, []).append(segment)
        yield segment

    lines = enumerate(source.text.split("\n"), start=1)
    list(source.each(((n, line) for n, line in lines if line.split()[:1] == ["SPEAKER"]), read))
    name = " ".join(source.path.stem.split())
    if len(recordings) > 1 and name not in recordings:
        raise InputError(
            f"{source.path}: has {len(recordings)} recordings, and none is {name!r}; name the"
            f" file after one of them, such as {min(recordings)[:60]!r}"
        )
    return recordings.get(name if name in recordings else next(iter(recordings), ""), [])


def _fields(line: str) -> list[str]:
    """Returns the fields of a line: where tabs part them, blanks belong to names."""
    by_tabs = [field.strip() for field in line.strip().split("\t")]
    return by_tabs if len(by_tabs) >= _FEWEST_FIELDS else line.split()


def _segment(fields: list[str], place: str) -> tuple[str, Segment]:
    """Returns which recording a line tells of, and who speaks when."""
    if len(fields) < _FEWEST_FIELDS:
        raise InputError(f"{place}: {len(fields)} fields; {_FORM}")
    start = _start(fields)
    if start is None:
        if _are_times(fields, 3):
            raise InputError(
                f"{place}: with blanks in names, it is unclear which field is which; {_FORM}"
            )
        raise InputError(
            f"{place}: {fields[3][:40]!r} and {fields[4][:40]!r} are not start and duration in"
            " seconds; correct them"
        )
    start_s, duration_s = float(fields[start]), float(fields[start + 1])
    speaker = one_line(" ".join(_speaker(fields[start + 4 :])))
    segment = Segment(
        start_s,
        round(start_s + duration_s, 6),
        "",
        place,
        None if speaker in ("", NOTHING) else speaker,
    )
    return " ".join(fields[1 : start - 1]), segment


def _start(fields: list[str]) -> int | None:
    """Returns the number of the field that tells the start: of two numbers, then two ``<NA>``."""
    for number in range(3, len(fields) - 4):
        if fields[number + 2 : number + 4] == [NOTHING, NOTHING] and _are_times(fields, number):
            return number
    is_open = _NUMBER.fullmatch(fields[5]) is not None  # a channel may be one of the numbers
    if len(fields) <= _MOST_FIELDS and _are_times(fields, 3) and not is_open:
        return 3  # with an orthography or a type, which others than NIST hardly write
    return None


def _are_times(fields: list[str], number: int) -> bool:
    return all(_NUMBER.fullmatch(field) for field in fields[number : number + 2])


def _speaker(rest: list[str]) -> list[str]:
    """Returns the words of the speaker's name, without the confidence and the look-ahead after."""
    end = len(rest)
    while end > 1 and len(rest) - end < 2 and _is_no_name(rest[end - 1]):
        end -= 1
    return rest[:end]


def _is_no_name(field: str) -> bool:
    return field == NOTHING or _CONFIDENCE.fullmatch(field) is not None
