"""MELD: multi-party conversations of the television series Friends: tables, and clips if there.

Citation: Poria, Hazarika, Majumder, Naik, Cambria, Mihalcea: MELD: A Multimodal Multi-Party
    Dataset for Emotion Recognition in Conversations. ACL 2019.
Source: https://github.com/declare-lab/MELD, folder ``data/MELD``.
Licence: GPL-3.0 (the label files).
Emotions: neutral, surprise, fear, sadness, joy, disgust, anger (``meld-7``); or the sentiment:
    neutral, positive, negative (``meld-sentiment-3``).

The clips (MELD.Raw) have their known defects: a corrupt one in train and a missing one in dev,
whose utterances have no media, and two of the test split that last minutes. These are kept, as in
all published results: where in them the utterance ends, nobody has noted.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from synctva.corpus import Corpus
from synctva.data.corpora.facts import Facts
from synctva.data.corpora.meld_raw import (
    CLIP_NAMES,
    CORRUPT,
    find_clips,
    find_table,
    read_origin,
    tell_unused,
)
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.csv_file import csv_place, number_in, read_csv, read_header
from synctva.data.kind import Kind
from synctva.emotions import schema_named
from synctva.errors import InputError, told_at

FILES = {
    "train": "train_sent_emo.csv",
    "valid": "dev_sent_emo.csv",
    "test": "test_sent_emo.csv",
}
"""Split -> the official file."""

COLUMNS = {"meld-7": "Emotion", "meld-sentiment-3": "Sentiment"}
"""Emotion schema -> the column it is read from."""

FACTS = Facts(
    name="meld",
    title="MELD: 13,708 utterances of Friends, 7 emotions or 3 sentiments",
    citation="Poria et al., MELD: A Multimodal Multi-Party Dataset for Emotion Recognition in"
    " Conversations, ACL 2019",
    source="https://github.com/declare-lab/MELD",
    licence="GPL-3.0",
    schema="meld-7",
    dialogues={"train": 1038, "valid": 114, "test": 280},
    utterances={
        "train": {
            "neutral": 4710,
            "surprise": 1205,
            "fear": 268,
            "sadness": 683,
            "joy": 1743,
            "disgust": 271,
            "anger": 1109,
        },
        "valid": {
            "neutral": 470,
            "surprise": 150,
            "fear": 40,
            "sadness": 111,
            "joy": 163,
            "disgust": 22,
            "anger": 153,
        },
        "test": {
            "neutral": 1256,
            "surprise": 281,
            "fear": 50,
            "sadness": 208,
            "joy": 402,
            "disgust": 68,
            "anger": 345,
        },
    },
    other_schemas={
        "meld-sentiment-3": {
            "train": {"neutral": 4710, "positive": 2334, "negative": 2945},
            "valid": {"neutral": 470, "positive": 233, "negative": 406},
            "test": {"neutral": 1256, "positive": 521, "negative": 833},
        },
    },
    defects={
        ("train_dia125", 3): "the official clip dia125_utt3.mp4 is corrupt",
        ("dev_dia110", 7): "the official release has no clip dia110_utt7.mp4",
        ("test_dia38", 4): "its times span minutes, not one utterance",
        ("test_dia220", 0): "its times span minutes, not one utterance",
    },
)

_TIME = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d+)")


def read_meld(source: Path, schema: str = "meld-7") -> Corpus:
    """Returns MELD from the folder of its three CSV files, with the clips that are there too.

    Dialogues are named after the official file they stand in (``train_dia0``, ``dev_dia0``,
    ``test_dia0``): the numbers alone repeat from split to split. Where the folder of a split's
    clips is there (as MELD.Raw's archives unpack), each clip is its utterance's media, whole: the
    times of the table are those of the episode, so they are left out. Without clips they are
    kept; times that run backwards become unknown.

    A corpus in this layout that was generated says so in a file of its own, and is not called MELD.

    Raises:
        InputError: A file or a column is missing, an emotion is unknown, or a cell is not what
            the column says; or ``schema`` is neither ``meld-7`` nor ``meld-sentiment-3``.
    """
    if schema not in COLUMNS:
        raise InputError(f"{source}: MELD is labelled in {' and '.join(COLUMNS)}, not {schema!r}")
    origin = read_origin(source)
    places: list[tuple[Path, int]] = []
    rows: list[UtteranceRow] = []
    for split, file in FILES.items():
        path = find_table(source, split, file)
        if path is None:
            raise InputError(
                f"{source}: {file} is missing; MELD needs {', '.join(FILES.values())}"
                f" (from {FACTS.source})"
            )
        found = meld_rows(path, split, COLUMNS[schema])
        clips = find_clips(source, split, () if origin else CORRUPT)
        if clips is not None:
            tell_unused(clips, {key for key, _ in found})
        rows += [_with_clip(row, clips.paths.get(key)) if clips else row for key, row in found]
        places += [(path, number) for number in range(len(found))]

    def place(number: int) -> str:
        path, line = places[number]
        return csv_place(path)(line)

    name = str(origin.get("name", "generated")) if origin else FACTS.name
    corpus = assemble(name, schema_named(schema), rows, {}, source, place)
    return replace(corpus, origin=origin)


def _with_clip(row: UtteranceRow, clip: Path | None) -> UtteranceRow:
    """Returns a row whose recording is its own clip, or none."""
    return replace(row, start_s=None, end_s=None, media=None if clip is None else str(clip))


def meld_rows(path: Path, split: str, emotion: str) -> list[tuple[tuple[int, int], UtteranceRow]]:
    """Returns the rows of one of the tables, with the numbers of their dialogues and utterances.

    Raises:
        InputError: As ``read_meld``.
    """
    wanted = ["Utterance", "Speaker", emotion, "Dialogue_ID", "Utterance_ID"]
    table = read_csv(path, [*wanted, "StartTime", "EndTime"])
    rows = []
    for number, cells in enumerate(_cells(table)):
        with told_at(lambda number=number: csv_place(path)(number)):
            dialogue = number_in(int, cells["Dialogue_ID"], "Dialogue_ID")
            turn = number_in(int, cells["Utterance_ID"], "Utterance_ID")
            if turn is None or dialogue is None:
                raise InputError("Dialogue_ID or Utterance_ID is empty; both are needed")
            if not cells[emotion]:
                raise InputError(f"column {emotion!r} is empty; every MELD utterance has one")
            id = f"{path.name.split('_')[0]}_dia{dialogue}"
            rows.append(((dialogue, turn), _row(cells, id, turn, split, emotion)))
    return rows


def _row(
    cells: Mapping[str, str], dialogue: str, turn: int, split: str, emotion: str
) -> UtteranceRow:
    start_s, end_s = _seconds(cells["StartTime"]), _seconds(cells["EndTime"])
    if start_s is not None and end_s is not None and end_s < start_s:
        start_s = end_s = None
    return UtteranceRow(
        dialogue=dialogue,
        split=split,
        turn=turn,
        speaker=cells["Speaker"],
        text=cells["Utterance"],
        emotion=cells[emotion],
        start_s=start_s,
        end_s=end_s,
    )


def _cells(table: pa.Table) -> list[dict[str, str]]:
    return table.to_pylist()


def _seconds(clock: str) -> float | None:
    """Returns ``HH:MM:SS,mmm`` in seconds; None where empty.

    Raises:
        InputError: It is written otherwise.
    """
    if not clock.strip():
        return None
    match = _TIME.fullmatch(clock.strip())
    if match is None:
        raise InputError(f"time {clock[:40]!r} is not written HH:MM:SS,mmm; correct it")
    hours, minutes, seconds, fraction = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(f"{seconds}.{fraction}")


def is_meld(path: Path) -> bool:
    """Returns whether a folder holds one of the tables.

    Raises:
        InputError: It is one of the tables itself.
    """
    if path.suffix.lower() == ".csv" and path.is_file():
        if {"Dialogue_ID", "Utterance_ID"} <= set(read_header(path)):
            raise InputError(f"{path}: one of MELD's CSV files; name their folder instead")
        return False
    return any(find_table(path, split, file) for split, file in FILES.items())


KIND = Kind("meld", is_meld, read_meld, ("schema",), FACTS, CLIP_NAMES)
