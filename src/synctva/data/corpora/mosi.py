"""CMU-MOSI: opinion videos of one speaker each, as transcripts with openSMILE audio features.

Citation: Zadeh, Zellers, Pincus, Morency: MOSI: Multimodal Corpus of Sentiment Intensity and
    Subjectivity Analysis in Online Opinion Videos. arXiv 1606.06259, 2016.
Source: http://multicomp.cs.cmu.edu/resources/cmu-mosi-dataset; transcripts, audio vectors and the
    split of bc-LSTM from https://github.com/declare-lab/multimodal-deep-learning, with 10 of its
    62 training videos set aside to validate.
Licence: research use, on the terms of the CMU MultiComp Lab.
Emotions: negative, positive (``mosi-2``): the sign of the mean rating from -3 to 3; a rating of 0
    counts as positive.
"""

from pathlib import Path

import numpy as np

from synctva.corpus import Corpus, Description, Features
from synctva.data.corpora.facts import Facts
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.npz_file import (
    npz_names,
    read_npz,
    same_length,
    whole_numbers_in,
    words_in,
)
from synctva.data.kind import Kind
from synctva.emotions import schema_named
from synctva.errors import InputError

ARRAYS = ("video", "segment", "split", "transcript", "sentiment", "audio")

FACTS = Facts(
    name="mosi",
    title="CMU-MOSI: 2,199 utterances of 93 opinion videos, 2 sentiments",
    citation="Zadeh et al., MOSI: Multimodal Corpus of Sentiment Intensity and Subjectivity"
    " Analysis in Online Opinion Videos, arXiv 1606.06259, 2016",
    source="http://multicomp.cs.cmu.edu/resources/cmu-mosi-dataset",
    licence="research use, terms of the CMU MultiComp Lab",
    schema="mosi-2",
    dialogues={"train": 52, "valid": 10, "test": 31},
    utterances={
        "train": {"negative": 625, "positive": 593},
        "valid": {"negative": 113, "positive": 116},
        "test": {"negative": 285, "positive": 467},
    },
)


def read_mosi(source: Path) -> Corpus:
    """Returns CMU-MOSI from ``mosi.npz``, or from the folder that holds it.

    A video is a dialogue with one speaker, its segments are the turns (from 1, as they are
    numbered in the corpus).

    Raises:
        InputError: The file or an array is missing or is not what it should be, lengths differ, or
            audio holds NaN.
    """
    path = source / "mosi.npz" if source.is_dir() else source
    arrays = read_npz(path, ARRAYS)
    count = same_length(path, {name: arrays[name] for name in ARRAYS})
    audio = arrays["audio"]
    if audio.ndim != 2 or audio.dtype.kind not in "fiu":
        raise InputError(f"{path}: array 'audio' is not a table of numbers; one row per utterance")
    schema = schema_named(FACTS.schema)
    words = {name: words_in(path, name, arrays[name]) for name in ("video", "split", "transcript")}
    segments, sentiments = (
        whole_numbers_in(path, name, arrays[name]) for name in ("segment", "sentiment")
    )
    rows = []
    for number, sentiment in enumerate(sentiments):
        if sentiment not in range(len(schema)):
            raise InputError(
                f"{path}: row {number + 1}: sentiment {sentiment} is neither 0 (negative)"
                " nor 1 (positive); correct it"
            )
        rows.append(
            UtteranceRow(
                dialogue=words["video"][number],
                speaker=words["video"][number],
                split=words["split"][number],
                turn=segments[number],
                text=words["transcript"][number],
                emotion=schema.emotions[sentiment],
            )
        )
    extractor = Description("published", settings={"corpus": FACTS.name, "audio": "openSMILE"})
    present = np.ones(count, dtype=np.bool_)
    features = {"audio": Features(audio.astype(np.float32), present, extractor)}
    return assemble(
        FACTS.name, schema, rows, features, path, lambda number: f"{path}: row {number + 1}"
    )


def is_mosi(path: Path) -> bool:
    """Returns whether a path is the archive, or the folder that holds it."""
    if path.is_dir():
        return (path / "mosi.npz").is_file()
    return path.suffix.lower() == ".npz" and set(ARRAYS) <= set(npz_names(path))


KIND = Kind("mosi", is_mosi, read_mosi, facts=FACTS)
