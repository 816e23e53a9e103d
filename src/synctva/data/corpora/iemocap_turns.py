"""IEMOCAP with all its turns, as a table with their times and statistics of their voices.

Citation, licence and emotions: as in ``iemocap.py``, and as in ``voice_statistics.py``.
Source: https://sail.usc.edu/iemocap; statistics from https://github.com/zehuiwu/SpeechCueLLM.

10,039 turns, of which 7,380 have one of the six emotions. The others (no agreement, surprise, fear,
disgust, other) are unlabelled here: a model hears them, and nothing is learnt or scored of them.
The field's tables call 53 turns without agreement happy, one of them in test; they are unlabelled.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from synctva.corpus import Corpus
from synctva.data.corpora import iemocap
from synctva.data.corpora.facts import Facts
from synctva.data.corpora.iemocap_release import EMOTIONS
from synctva.data.corpora.voice_statistics import STATISTICS, voice_features
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.csv_file import csv_place, number_in, read_csv, read_header
from synctva.data.kind import Kind
from synctva.data.split import split_named
from synctva.emotions import schema_named
from synctva.errors import InputError, told_at

FILE = "all_turns.csv"
OTHERS = ("sur", "fea", "dis", "oth", "xxx")
"""Codes of turns that have none of the six emotions."""

COLUMNS = ("video_id", "id", "speaker", "mode", "emotion", "text", "start", "end", *STATISTICS)

PAUSES = ("gap_s", "overlap_s")
"""Seconds of silence before a turn; seconds for which another one continues after its start."""

FACTS = Facts(
    name="iemocap-turns",
    title="IEMOCAP: 10,039 turns of dyadic acted conversations, 7,380 of them of 6 emotions",
    citation=iemocap.FACTS.citation,
    source=iemocap.FACTS.source,
    licence=iemocap.FACTS.licence,
    schema=iemocap.FACTS.schema,
    dialogues=iemocap.FACTS.dialogues,
    utterances={
        split: {**counts, "happy": happy}
        for (split, counts), happy in zip(
            iemocap.FACTS.utterances.items(), (400, 52, 143), strict=True
        )
    },
)


def read_iemocap_turns(source: Path) -> Corpus:
    """Returns IEMOCAP's turns from the table ``all_turns.csv``, or the folder that holds it.

    Turns are in the order of their start, whoever speaks. The modality ``audio`` is eight
    statistics of the voice, how long it was silent before the turn, and how long an earlier turn
    continues.

    Raises:
        InputError: The file or a column is missing, an emotion or split is unknown, or a cell is
            not what the column says.
    """
    path = source / FILE if source.is_dir() else source
    table = read_csv(path, COLUMNS)
    place = csv_place(path)
    values = np.full((len(table), len(STATISTICS)), np.nan, dtype=np.float32)
    rows = []
    for number, cells in enumerate(table.select(list(COLUMNS)).to_pylist()):
        with told_at(lambda number=number: place(number)):
            rows.append(_row(cells))
            for column, name in enumerate(STATISTICS):
                measured = number_in(float, cells[name], name)
                values[number, column] = np.nan if measured is None else measured
                if measured is not None and not np.isfinite(values[number, column]):
                    raise InputError(f"{name} is {cells[name]!r}; empty it where nothing was found")
    rank = {id: number for number, id in enumerate(dict.fromkeys(row.dialogue for row in rows))}
    order = sorted(
        range(len(rows)), key=lambda n: (rank[rows[n].dialogue], rows[n].start_s, rows[n].end_s)
    )
    rows, values = [rows[n] for n in order], values[order]
    audio = voice_features(
        np.hstack([values, pauses(rows)]),
        np.array([split_named(row.split or "") == "train" for row in rows]),
        (*STATISTICS, *PAUSES),
        FACTS.name,
    )
    schema = schema_named(FACTS.schema)
    return assemble(FACTS.name, schema, rows, {"audio": audio}, path, lambda row: place(order[row]))


def _row(cells: dict[str, str]) -> UtteranceRow:
    start_s, end_s = (number_in(float, cells[name], name) for name in ("start", "end"))
    if start_s is None or end_s is None or not cells["mode"]:
        raise InputError("start, end or mode is empty; every turn needs them")
    split_named(cells["mode"])
    if cells["emotion"] not in (*EMOTIONS, *OTHERS):
        raise InputError(
            f"unknown emotion {cells['emotion']!r}: the table's codes are"
            f" {', '.join((*EMOTIONS, *OTHERS))}"
        )
    return UtteranceRow(
        dialogue=cells["video_id"],
        speaker=cells["speaker"],
        split=cells["mode"],
        emotion=cells["emotion"] if cells["emotion"] in EMOTIONS else None,
        text=cells["text"],
        start_s=start_s,
        end_s=end_s,
    )


def pauses(rows: Sequence[UtteranceRow]) -> Float32[np.ndarray, "turn 2"]:
    """Returns gap and overlap, in seconds, of turns in the order of their start.

    A dialogue's first turn has neither. Nothing looks ahead of the turn's own start, except for how
    long what was being said then still lasts.
    """
    found = np.zeros((len(rows), len(PAUSES)), dtype=np.float32)
    ends: dict[str, float] = {}
    for number, row in enumerate(rows):
        start_s, end_s = row.start_s or 0.0, row.end_s or 0.0
        until_s = ends.get(row.dialogue, start_s)
        found[number] = max(start_s - until_s, 0), max(until_s - start_s, 0)
        ends[row.dialogue] = max(until_s, end_s)
    return found


def is_iemocap_turns(path: Path) -> bool:
    """Returns whether a path is the table, by its columns."""
    return (
        path.suffix.lower() == ".csv" and path.is_file() and set(COLUMNS) <= set(read_header(path))
    )


KIND = Kind("iemocap-turns", is_iemocap_turns, read_iemocap_turns, facts=FACTS)
