"""GoEmotions: comments from Reddit, with Ekman's six emotions and neutral; no dialogues.

Citation: Demszky, Movshovitz-Attias, Ko, Cowen, Nemade, Ravi: GoEmotions: A Dataset of Fine-Grained
    Emotions. ACL 2020.
Source: https://github.com/monologg/GoEmotions-pytorch (data/ekman)
Licence: CC BY 4.0.
Emotions: anger, disgust, fear, joy, neutral, sadness, surprise (``fer-7``'s).

``train.tsv``, ``dev.tsv`` and ``test.tsv`` (or ``ekman_train.tsv`` ...) have a comment a line, the
numbers of its emotions by commas, and its id, between tabs; ``labels.txt`` names the numbers.
A comment of several emotions is unlabelled here, as an utterance has one.
"""

from collections.abc import Iterator
from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.corpora.facts import Facts
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.kind import Kind
from synctva.emotions import EmotionSchema, schema_named
from synctva.errors import InputError

FILES = {"train": "train.tsv", "valid": "dev.tsv", "test": "test.tsv"}
LABELS = "labels.txt"
PREFIXES = ("ekman_", "")

FACTS = Facts(
    name="goemotions",
    title="GoEmotions: 54,263 comments from Reddit, 7 emotions, no dialogues",
    citation="Demszky et al., GoEmotions: A Dataset of Fine-Grained Emotions, ACL 2020",
    source="https://github.com/monologg/GoEmotions-pytorch",
    licence="CC BY 4.0",
    schema="fer-7",
    dialogues={"train": 43_410, "valid": 5_426, "test": 5_427},
    utterances={  # of those with one emotion
        "train": {"anger": 4_293, "disgust": 498, "fear": 541, "joy": 15_216, "sadness": 2_326,
                  "surprise": 3_858, "neutral": 12_823},
        "valid": {"anger": 555, "disgust": 61, "fear": 72, "joy": 1_941, "sadness": 266,
                  "surprise": 459, "neutral": 1_592},
        "test": {"anger": 572, "disgust": 76, "fear": 80, "joy": 1_863, "sadness": 283,
                 "surprise": 488, "neutral": 1_606},
    },
)  # fmt: skip


def is_goemotions(path: Path) -> bool:
    """Returns whether the corpus is in a folder."""
    return path.is_dir() and any(
        (path / f"{prefix}{LABELS}").is_file() and (path / f"{prefix}{FILES['train']}").is_file()
        for prefix in PREFIXES
    )


def read_goemotions(source: Path) -> Corpus:
    """Returns GoEmotions from the folder of its three tables; a comment is a dialogue of its own.

    Raises:
        InputError: A table is missing, is not UTF-8, or a line in it is not as it should be.
    """
    prefix = next((p for p in PREFIXES if (source / f"{p}{LABELS}").is_file()), "")
    schema = schema_named(FACTS.schema)
    names = [schema.canonical(name) for name in _lines(source / f"{prefix}{LABELS}") if name]
    rows, places = [], []
    for split, file in FILES.items():
        path = source / f"{prefix}{file}"
        for number, line in enumerate(_lines(path), start=1):
            if line:
                rows.append(_row(line, names, split, f"{path}: line {number}", schema))
                places.append(f"{path}: line {number}")
    return assemble(FACTS.name, schema, rows, {}, source, lambda row: places[row])


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line.strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}; get GoEmotions from {FACTS.source}") from error


def _row(
    line: str, names: list[str], split: str, place: str, schema: EmotionSchema
) -> UtteranceRow:
    cells = line.split("\t")
    numbers = cells[1].split(",") if len(cells) == 3 else []
    if not numbers or not all(n.isdecimal() and int(n) < len(names) for n in numbers):
        raise InputError(
            f"{place}: not a comment, numbers of emotions (0 to {len(names) - 1}, by commas) and an"
            f" id between tabs; get GoEmotions from {FACTS.source}"
        )
    emotion = names[int(numbers[0])] if len(numbers) == 1 else None
    return UtteranceRow(
        f"{split} {cells[2]}", "nobody", split=split, emotion=emotion, text=cells[0]
    )


KIND = Kind("goemotions", is_goemotions, read_goemotions, facts=FACTS)
