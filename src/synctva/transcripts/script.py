"""Scripts and chats, which say who says what, not when: ``Ada: Oh no!``, or a table without times.

A file of text (``.txt``) has the forms of ``chat.py``. In a CSV or TSV file a row is a turn; it has
the columns speaker and text.
"""

from collections.abc import Iterator
from pathlib import Path

from synctva.errors import InputError
from synctva.transcripts.chat import turns_in
from synctva.transcripts.columns import columns_of, has_times, meanings_of
from synctva.transcripts.segment import one_line
from synctva.transcripts.source import Source
from synctva.transcripts.table import NOBODY, column_names, table_rows

SCRIPT = ".txt"
"""The ending of a file of lines."""


def is_script(path: Path) -> bool:
    """Returns whether a file says who says what without times: by its name, or its columns."""
    if path.suffix.lower() == SCRIPT:
        return True
    if path.suffix.lower() not in (".csv", ".tsv") or not path.is_file():
        return False
    names = column_names(path)
    return not has_times(names) and {"speaker", "text"} <= set(meanings_of(names))


def read_script(path: Path) -> tuple[list[tuple[str, str]], str]:
    """Returns speaker and words of each turn, in their order, and what to note about the file.

    Raises:
        InputError: It is not there, no text, or too large; a table has no column of speakers or
            of words; a turn has no speaker or no words; or there is none.
    """
    source = Source(path)
    read = turns_in if path.suffix.lower() == SCRIPT else _rows
    turns = []
    for place, speaker, text in read(source):
        speaker, text = one_line(speaker), one_line(text)
        if speaker.lower() in NOBODY or not text:
            raise InputError(f"{place}: a turn is a name and words, as in `Ada: Oh no!`; add both")
        turns.append((speaker, text))
    if not turns:
        raise InputError(
            f"{path}: nobody speaks in it; write a turn in a line, as in `Ada: Oh no!`"
        )
    return turns, source.note()


def _rows(source: Source) -> Iterator[tuple[str, str, str]]:
    rows = table_rows(source)
    header = rows[0][1] if rows else []
    places = {column.meaning: number for number, column in enumerate(columns_of(header))}
    if lacking := {"speaker", "text"} - set(places):
        raise InputError(
            f"{source.path}: no column {' or '.join(sorted(lacking))}; name a column speaker and"
            " one text, or add when each turn begins and ends"
        )
    for place, cells in rows[1:]:
        yield place, cells[places["speaker"]], cells[places["text"]]
