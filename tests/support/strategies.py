"""Hypothesis strategies for the nouns, and what it means that two corpora are the same."""

import random
import unicodedata

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import SPLITS, Dialogue, Utterance
from synctva.emotions import MODALITIES, SCHEMAS, EmotionSchema

SECONDS = st.floats(0, 1e5, allow_nan=False)


def folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().lower())


@st.composite
def schemas(draw: st.DrawFn) -> EmotionSchema:
    name = st.text(min_size=1).filter(str.strip)
    own = st.lists(name, min_size=2, max_size=4, unique_by=folded)
    registered = st.sampled_from(list(SCHEMAS.values()))
    return draw(registered | own.map(lambda names: EmotionSchema("own", tuple(names))))


@st.composite
def utterances(draw: st.DrawFn, turn: int, schema: EmotionSchema) -> Utterance:
    start_s, end_s = sorted([draw(SECONDS), draw(SECONDS)])
    return Utterance(
        turn=turn,
        speaker=draw(st.sampled_from(["Ada", "Zoë", "李", " "]) | st.text(min_size=1)),
        text=draw(st.none() | st.text()),
        emotion=draw(st.none() | st.sampled_from(schema.emotions)),
        start_s=draw(st.sampled_from([None, start_s])),
        end_s=draw(st.sampled_from([None, end_s])),
        media=draw(st.none() | st.text()),
    )


@st.composite
def dialogues(draw: st.DrawFn, id: str, schema: EmotionSchema) -> Dialogue:
    turns = sorted(draw(st.sets(st.integers(0, 2**40), min_size=1, max_size=5)))
    spoken = tuple(draw(utterances(turn, schema)) for turn in turns)
    return Dialogue(id, draw(st.sampled_from(SPLITS)), spoken)


@st.composite
def features(draw: st.DrawFn, rows: int) -> Features:
    present = draw(arrays.arrays(bool, rows))
    shape = (rows, draw(st.integers(1, 3)))
    values = draw(
        arrays.arrays(np.float32, shape, elements=st.floats(-(2.0**99), 2.0**99, width=32))
    )
    settings = draw(st.dictionaries(st.text(), st.integers() | st.booleans() | st.text()))
    extractor = Description(*(draw(st.text()) for _ in range(4)), settings)
    kept = np.where(present[:, None], values, np.float32(0))
    extracted = kept / np.float32(2) if draw(st.booleans()) else None
    return Features(kept, present, extractor, extracted=extracted)


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Draws corpora of 1 to 5 dialogues, with features of any of the modalities."""
    state = random.getstate()  # the type checks use it, which hypothesis forbids in a strategy
    schema = draw(schemas())
    ids = draw(st.lists(st.text(), min_size=1, max_size=5, unique=True))
    spoken = tuple(draw(dialogues(id, schema)) for id in ids)
    rows = sum(len(dialogue.utterances) for dialogue in spoken)
    chosen = draw(st.sets(st.sampled_from(MODALITIES)))
    corpus = Corpus(draw(st.text()), schema, spoken, {m: draw(features(rows)) for m in chosen})
    random.setstate(state)
    return corpus


def assert_same_corpus(one: Corpus, other: Corpus) -> None:
    """Features cannot be compared by ``==``: numpy compares elementwise."""
    assert (one.name, one.schema, one.dialogues) == (other.name, other.schema, other.dialogues)
    assert one.dims == other.dims
    for m in one.dims:
        np.testing.assert_array_equal(one.features[m].values, other.features[m].values)
        np.testing.assert_array_equal(one.features[m].present, other.features[m].present)
        before, after = (corpus.features[m].extracted for corpus in (one, other))
        assert (before is None) == (after is None)
        if before is not None:
            np.testing.assert_array_equal(before, after)
        assert one.features[m].description == other.features[m].description
