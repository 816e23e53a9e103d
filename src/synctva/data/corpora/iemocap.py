"""IEMOCAP: twelve hours of acted dyadic conversations, as a table of its 6-way utterances.

Citation: Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee, Narayanan: IEMOCAP: interactive
    emotional dyadic motion capture database. Language Resources and Evaluation 42, 2008.
Source: https://sail.usc.edu/iemocap; the table joins the utterances that the field's papers use
    (sessions 1-4 to train and validate, session 5 to test) with eight audio statistics each.
Licence: IEMOCAP is licensed by USC to each user; nothing trained on it may be handed on freely.
Emotions: happy, sad, neutral, angry, excited, frustrated (``iemocap-6``).
"""

from pathlib import Path

import numpy as np

from synctva.corpus import Corpus, Description, Features
from synctva.data.corpora.facts import Facts
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.columns import numbers_of
from synctva.data.files.csv_file import csv_place, number_in, read_csv, read_header
from synctva.data.kind import Kind
from synctva.emotions import schema_named
from synctva.errors import InputError, told_at

AUDIO = (
    "sig_mean",
    "sig_std",
    "rmse_mean",
    "rmse_std",
    "silence",
    "harmonic",
    "auto_corr_max",
    "auto_corr_std",
)
"""The columns of the audio statistics; a few utterances lack them all."""

COLUMNS = ("dialogue", "turn", "speaker", "split", "emotion", "text", *AUDIO)

FACTS = Facts(
    name="iemocap",
    title="IEMOCAP: 7,433 utterances of dyadic acted conversations, 6 emotions",
    citation="Busso et al., IEMOCAP: interactive emotional dyadic motion capture database,"
    " Language Resources and Evaluation 42, 2008",
    source="https://sail.usc.edu/iemocap",
    licence="by USC, to each user; no redistribution",
    schema="iemocap-6",
    dialogues={"train": 108, "valid": 12, "test": 31},
    utterances={
        "train": {
            "happy": 451,
            "sad": 771,
            "neutral": 1221,
            "angry": 831,
            "excited": 593,
            "frustrated": 1296,
        },
        "valid": {
            "happy": 53,
            "sad": 68,
            "neutral": 103,
            "angry": 102,
            "excited": 149,
            "frustrated": 172,
        },
        "test": {
            "happy": 144,
            "sad": 245,
            "neutral": 384,
            "angry": 170,
            "excited": 299,
            "frustrated": 381,
        },
    },
)


def read_iemocap(source: Path) -> Corpus:
    """Returns IEMOCAP from its table ``utterances.csv``, or from the folder that holds it.

    The audio statistics are the modality ``audio``; where a row lacks them, it is missing.

    Raises:
        InputError: The file or a column is missing, an emotion or split is unknown, or a cell is
            not what the column says.
    """
    path = source / "utterances.csv" if source.is_dir() else source
    table = read_csv(path, COLUMNS)
    place = csv_place(path)
    rows = []
    for number, cells in enumerate(table.select(list(COLUMNS[:6])).to_pylist()):
        with told_at(lambda number=number: place(number)):
            turn = number_in(int, cells["turn"], "turn")
            if turn is None or not cells["emotion"] or not cells["split"]:
                raise InputError("turn, emotion or split is empty; every row needs them")
            rows.append(UtteranceRow(**{**cells, "turn": turn}))
    values, present = numbers_of(table, AUDIO, place)
    extractor = Description("published", settings={"corpus": FACTS.name, "audio": ",".join(AUDIO)})
    audio = Features(values.astype(np.float32), present, extractor)
    return assemble(FACTS.name, schema_named(FACTS.schema), rows, {"audio": audio}, path, place)


def is_iemocap(path: Path) -> bool:
    """Returns whether a path is the table, or the folder that holds it."""
    if path.is_dir():
        table = path / "utterances.csv"
        return table.is_file() and bool(set(AUDIO) & set(read_header(table)))
    return path.suffix.lower() == ".csv" and set(COLUMNS) <= set(read_header(path))


KIND = Kind("iemocap", is_iemocap, read_iemocap, facts=FACTS)
