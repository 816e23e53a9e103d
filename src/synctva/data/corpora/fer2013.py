"""FER2013: faces found on the web, 48x48 grey pictures, as a Parquet table of JPEG files.

Citation: Goodfellow, Erhan, Carrier, Courville, Mirza, Hamner, ... Bengio: Challenges in
    Representation Learning: A report on three machine learning contests. ICONIP 2013.
Source: https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge
Licence: research use, on the terms of the challenge.
Emotions: anger, disgust, fear, joy, sadness, surprise, neutral (``fer-7``).

The table has the columns ``split``, ``emotion`` and ``jpeg`` (the file's bytes), and may have what
ten people saw in each face (``votes_anger`` and so on; Barsoum et al., Training Deep Networks for
Facial Expression Recognition with Crowd-Sourced Label Distribution, ICMI 2016: FER+, MIT licence);
others are ignored. The challenge's public test set is ``valid``, its private one ``test``. A
picture is a dialogue of one utterance, called by its row, since the challenge's ids are not unique.
"""

import io
import logging
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int64, UInt8
from PIL import Image

from synctva.corpus import Corpus
from synctva.data.corpora.facts import Facts
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.csv_file import require_columns
from synctva.data.files.parquet_file import parquet_names, read_parquet
from synctva.data.kind import Kind
from synctva.data.split import split_named
from synctva.emotions import schema_named
from synctva.errors import InputError, told_at
from synctva.files import alone, write_bytes

COLUMNS = ("split", "emotion", "jpeg")
VOTES = tuple(
    f"votes_{name}"
    for name in (
        *("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
        *("contempt", "unknown", "NF"),
    )
)
"""FER+'s columns: first the emotions of ``fer-7`` in its order, last what no emotion of it gets."""

_log = logging.getLogger(__name__)

SIDE_PIXELS = 48

LARGEST_BYTES = 1 << 16
"""A picture of 48x48 has some 1,500 bytes; more than this is none."""

FACTS = Facts(
    name="fer2013",
    title="FER2013: 35,887 faces from the web, 7 emotions",
    citation="Goodfellow et al., Challenges in Representation Learning: A report on three machine"
    " learning contests, ICONIP 2013",
    source="https://www.kaggle.com/c/"
    "challenges-in-representation-learning-facial-expression-recognition-challenge",
    licence="research use, terms of the ICML 2013 challenge",
    schema="fer-7",
    dialogues={"train": 28709, "valid": 3589, "test": 3589},
    utterances={
        "train": {
            "anger": 3995,
            "disgust": 436,
            "fear": 4097,
            "joy": 7215,
            "sadness": 4830,
            "surprise": 3171,
            "neutral": 4965,
        },
        "valid": {
            "anger": 467,
            "disgust": 56,
            "fear": 496,
            "joy": 895,
            "sadness": 653,
            "surprise": 415,
            "neutral": 607,
        },
        "test": {
            "anger": 491,
            "disgust": 55,
            "fear": 528,
            "joy": 879,
            "sadness": 594,
            "surprise": 416,
            "neutral": 626,
        },
    },
)


@dataclass(frozen=True)
class Faces:
    """Pictures of faces, decoded.

    Attributes:
        pixels: Grey values.
        emotions: Each face's emotion, as its number in ``fer-7``.
        votes: How many people saw what ``VOTES`` lists in it. All 0 where nobody was asked.
        splits: Each face's split.
    """

    pixels: UInt8[np.ndarray, "face 48 48"]
    emotions: Int64[np.ndarray, " face"]
    votes: Float32[np.ndarray, "face 10"]
    splits: tuple[str, ...]

    def of(
        self, split: str
    ) -> tuple[UInt8[np.ndarray, "n 48 48"], Int64[np.ndarray, " n"], Float32[np.ndarray, "n 10"]]:
        """Returns the pixels, the emotions and the votes of one split."""
        chosen = np.array([name == split for name in self.splits], dtype=np.bool_)
        return self.pixels[chosen], self.emotions[chosen], self.votes[chosen]


def read_fer2013_faces(source: Path) -> Faces:
    """Returns all pictures of the table, decoded, in its order.

    Raises:
        InputError: As ``read_fer2013``.
    """
    schema = schema_named(FACTS.schema)
    table = _table(source)
    pixels = np.zeros((len(table), SIDE_PIXELS, SIDE_PIXELS), dtype=np.uint8)
    emotions = np.zeros(len(table), dtype=np.int64)
    splits = []
    for number, _, face in _pictures(source, table):
        pixels[number] = face
    for number, (split, emotion) in enumerate(_labels(table)):
        with told_at(lambda number=number: _place(source, number)):
            emotions[number] = schema.number(emotion)
            splits.append(split_named(split))
    return Faces(pixels, emotions, _votes(source), tuple(splits))


def unpack_fer2013(source: Path, folder: Path) -> list[Path]:
    """Writes every picture of the table to ``<folder>/<split>/<row>.jpg``; returns their paths.

    A file that is there already with the same content is left alone, so a call that was killed is
    taken up by the next one.

    Raises:
        InputError: As ``read_fer2013``; or the folder cannot be written.
    """
    table = _table(source)
    labels = _labels(table)
    paths = []
    try:
        with alone(folder):
            for number, jpeg, _ in _pictures(source, table):
                with told_at(lambda number=number: _place(source, number)):
                    split = split_named(labels[number][0])
                path = (folder / split / f"{number:05d}.jpg").absolute()
                path.parent.mkdir(exist_ok=True)
                if not path.is_file() or path.read_bytes() != jpeg:
                    write_bytes(path, jpeg, is_kept=False)  # compared when it is needed again
                paths.append(path)
    except OSError as error:
        raise InputError(f"{folder}: the pictures cannot be written there ({error})") from error
    return paths


def read_fer2013(source: Path, media: Path | None = None) -> Corpus:
    """Returns FER2013 from its Parquet table, or from the folder that holds ``fer2013.parquet``.

    Args:
        source: The table.
        media: Where the pictures are unpacked to; without it nothing is written, and the
            utterances have no media.

    Raises:
        InputError: The file or a column is missing, an emotion or split is unknown, or a picture
            is no JPEG file of 48x48 pixels.
    """
    path = _path(source)
    table = _table(path)
    pictures = unpack_fer2013(path, media) if media is not None else [None] * len(table)
    rows = []
    for number, (split, emotion) in enumerate(_labels(table)):
        with told_at(lambda number=number: _place(path, number)):
            if not emotion or not split:
                raise InputError("emotion or split is empty; every picture has both")
            rows.append(
                UtteranceRow(
                    dialogue=f"{split_named(split)}_{number:05d}",
                    split=split,
                    speaker="face",
                    emotion=emotion,
                    media=None if pictures[number] is None else str(pictures[number]),
                )
            )
    _tell_copies(path, table)
    schema = schema_named(FACTS.schema)
    return assemble(FACTS.name, schema, rows, {}, path, lambda number: _place(path, number))


def _tell_copies(path: Path, table: pa.Table) -> None:
    """Logs how many pictures stand in several splits, as hundreds do in the official table."""
    splits: defaultdict[bytes, set[str]] = defaultdict(set)
    for (split, _), jpeg in zip(_labels(table), table.column("jpeg").to_pylist(), strict=True):
        splits[jpeg or b""].add(split_named(split))
    copies = sum(len(splits[jpeg]) > 1 for jpeg in splits.keys() - {b""})
    if copies:
        _log.warning("%s: %d pictures stand in several splits, bit for bit", path, copies)


def _path(source: Path) -> Path:
    return source / "fer2013.parquet" if source.is_dir() else source


def _votes(source: Path) -> Float32[np.ndarray, "face 10"]:
    """Returns the people's votes of each row; zeros where the table has no such columns.

    Raises:
        InputError: Some of the columns are missing, or hold something else than counts.
    """
    path = _path(source)
    table = read_parquet(path, COLUMNS)
    if not set(VOTES) & set(table.column_names):
        return np.zeros((len(table), len(VOTES)), np.float32)
    require_columns(path, table.column_names, VOTES)
    for name in VOTES:
        column = table.column(name)
        if not pa.types.is_integer(column.type) or column.null_count:
            raise InputError(f"{path}: column {name!r} holds {column.type}; counts are needed")
    votes = np.stack([table.column(name).to_numpy() for name in VOTES], axis=1)
    wrong = np.flatnonzero((votes < 0).any(axis=1))
    if len(wrong):
        raise InputError(f"{_place(source, int(wrong[0]))}: fewer than 0 votes; counts are needed")
    return votes.astype(np.float32)


def _place(source: Path, number: int) -> str:
    return f"{_path(source)}: row {number + 1}"


def _table(source: Path) -> pa.Table:
    path = _path(source)
    table = read_parquet(path, COLUMNS).select(list(COLUMNS))
    kind = table.column("jpeg").type
    if not pa.types.is_binary(kind) and not pa.types.is_large_binary(kind):
        raise InputError(f"{path}: column 'jpeg' holds {kind}; the bytes of JPEG files are needed")
    return table


def _labels(table: pa.Table) -> list[tuple[str, str]]:
    """Returns the split and the emotion of each row, as they are spelt."""
    splits, emotions = (table.column(name).to_pylist() for name in COLUMNS[:2])
    return [(str(s or ""), str(e or "")) for s, e in zip(splits, emotions, strict=True)]


def _pictures(
    source: Path, table: pa.Table
) -> Iterator[tuple[int, bytes, UInt8[np.ndarray, "48 48"]]]:
    """Yields each row's number and picture, as the file's bytes and as grey values."""
    for number, cell in enumerate(table.column("jpeg")):
        jpeg = cell.as_py() or b""
        with told_at(lambda number=number: _place(source, number)):
            pixels = _decoded(jpeg)
        yield number, jpeg, pixels


def _decoded(jpeg: bytes) -> UInt8[np.ndarray, "48 48"]:
    """Returns a picture's grey values.

    Raises:
        InputError: It is no JPEG file of 48x48 pixels.
    """
    try:
        if len(jpeg) > LARGEST_BYTES:
            raise ValueError(f"{len(jpeg)} bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        if picture.size != (SIDE_PIXELS, SIDE_PIXELS):
            raise ValueError("{}x{} pixels".format(*picture.size))
        return np.asarray(picture.convert("L"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise InputError(
            f"the picture is no JPEG file of {SIDE_PIXELS}x{SIDE_PIXELS} pixels"
            f" ({' '.join(str(error).split())[:80]}); get the corpus again"
        ) from error


def is_fer2013(path: Path) -> bool:
    """Returns whether a path is the table, or the folder that holds it."""
    if path.is_dir():
        return _path(path).is_file()
    return path.suffix.lower() == ".parquet" and set(COLUMNS) <= set(parquet_names(path))


KIND = Kind("fer2013", is_fer2013, read_fer2013, ("media",), FACTS)
