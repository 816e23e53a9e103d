"""What the columns of a table mean: the one list of their names, for every reader of tables."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from synctva.budget import COLUMNS
from synctva.errors import InputError

NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "clip": (),
        "dialogue": ("dialog", "dialogue_id", "dialog_id", "conversation", "conversation_id"),
        "turn": (),
        "split": ("partition",),
        "speaker": ("participant", "speaker_id", "speaker_name", "who", "name"),
        "text": ("transcript", "transcription", "utterance", "sentence", "words"),
        "emotion": ("label",),
        "start_s": (
            *("start", "start_time", "starttime", "time_start", "begin", "begin_time"),
            *("onset", "from", "tmin", "xmin"),
        ),
        "end_s": (
            *("end", "end_time", "endtime", "time_end", "stop", "stop_time"),
            *("to", "tmax", "xmax"),
        ),
        "duration_s": ("duration", "dur"),
        "media": (),
    }
)
"""What a column means, and how else it may be called; capitals and blanks make no difference."""

TIMES = ("start_s", "end_s", "duration_s")

FILES = (
    *("clip", "media", "file", "filename", "file_name", "filepath", "file_path", "path", "uri"),
    *("recording", "audio_file", "audio_path", "video_file", "video_path", "wav", "wav_path"),
)
"""Columns that name the recording of a row."""

_UNITS = {"s": 1.0, "ms": 1000.0}
_UNIT = re.compile(
    r"(.+?)(?:_in)?_(?:(s|secs?|seconds?)|(?:ms|msecs?|millis|milliseconds?))", re.DOTALL
)
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z\d])(?=[A-Z])")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: As the file has it.
        meaning: One of ``NAMES``; of others their own name in small letters.
        per_s: For ``TIMES``, how many of its units a second has; None where its name says nothing.
    """

    name: str
    meaning: str
    per_s: float | None = None


def columns_of(
    header: Sequence[str], are_numbers: Callable[[int], bool] = lambda number: False
) -> list[Column]:
    """Returns what the columns of these names mean.

    A column that is called exactly as its meaning wins over others; these mean nothing then. Nor
    does a column of numbers that could mean words (``utterance``) or an emotion (``label``).

    Args:
        header: The names.
        are_numbers: Says of a column, by its place from 0, whether it holds numbers alone.

    Raises:
        InputError: Two columns mean the same, and none of them is called exactly so; or there are
            too many.
    """
    check_width(header)
    columns = [_column(name) for name in header]
    for number, column in enumerate(columns):
        if column.meaning in ("text", "emotion") and not _is_exact(column) and are_numbers(number):
            columns[number] = Column(column.name, own_name(column.name))
    chosen: dict[str, int] = {}
    for number, column in enumerate(columns):
        if column.meaning not in NAMES:
            continue
        first = chosen.setdefault(column.meaning, number)
        exact, exact_first = _is_exact(column), _is_exact(columns[first])
        if first != number and exact == exact_first:
            one, other = (name.strip()[:40] for name in (columns[first].name, column.name))
            raise InputError(
                f"columns {one!r} and {other!r} both mean {column.meaning}; keep one, or call it"
                f" {column.meaning!r}"
            )
        if exact and not exact_first:
            chosen[column.meaning] = number
    return [
        column
        if column.meaning not in NAMES or chosen[column.meaning] == number
        else Column(column.name, own_name(column.name))
        for number, column in enumerate(columns)
    ]


def check_width(header: Sequence[str]) -> None:
    """Checks that a table may have so many columns.

    Raises:
        InputError: It has more.
    """
    if len(header) > COLUMNS:
        raise InputError(
            f"{len(header):,} columns, but {COLUMNS:,} are the most; write a row for each"
            " utterance, or divide the table"
        )


def meanings_of(header: Sequence[str]) -> dict[str, str]:
    """Returns what columns of these names may mean, each with the last name that means it."""
    return {_column(name).meaning: name for name in header}


def has_times(header: Sequence[str]) -> bool:
    """Returns whether columns of these names say when something is said."""
    known = meanings_of(header)
    return "start_s" in known and bool({"end_s", "duration_s"} & set(known))


def are_numbers(cells: Iterable[str]) -> bool:
    """Returns whether cells hold numbers alone, and some do."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)


def own_name(name: str) -> str:
    """Returns a column's name in small letters, without blanks around it."""
    return name.strip().lower()


def _is_exact(column: Column) -> bool:
    return own_name(column.name) == column.meaning


def _column(name: str) -> Column:
    folded = re.sub(r"[\W_]+", "_", _HUMP.sub("_", name.strip()).lower()).strip("_")
    unit = _UNIT.fullmatch(folded)
    if unit and (meaning := _meaning(unit[1])) in TIMES:
        return Column(name, meaning, _UNITS["s" if unit[2] else "ms"])
    meaning = _meaning(folded)
    if meaning is None or own_name(name) in NAMES:
        return Column(name, own_name(name))
    return Column(name, meaning)


def _meaning(folded: str) -> str | None:
    for meaning, others in NAMES.items():
        if folded in (meaning, *others):
            return meaning
    return None
