"""What holds for every reader, on a tiny sample of what it reads."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import samples
from support.strategies import assert_same_corpus

from synctva.corpus import Corpus
from synctva.data.checks.official import KNOWN
from synctva.data.corpora.emodb import read_emodb
from synctva.data.corpora.fer2013 import read_fer2013
from synctva.data.corpora.iemocap import read_iemocap
from synctva.data.corpora.iemocap_release import read_iemocap_release
from synctva.data.corpora.legacy import read_legacy
from synctva.data.corpora.meld import read_meld
from synctva.data.corpora.meld_dev_features import read_meld_dev_features
from synctva.data.corpora.mosi import read_mosi
from synctva.data.corpora.ravdess import read_ravdess
from synctva.data.own.arrays import read_arrays
from synctva.data.own.folder import read_folder
from synctva.data.own.table import read_table
from synctva.data.source import KINDS, kind_of, read_source
from synctva.dialogue import SPLITS
from synctva.emotions import SCHEMAS

RAW: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Corpus], str]] = {
    "meld raw": (samples.write_meld_raw, read_meld, "meld"),
    "iemocap release": (samples.write_iemocap_release, read_iemocap_release, "iemocap-release"),
    "ravdess": (samples.write_ravdess, read_ravdess, "ravdess"),
    "emodb": (samples.write_emodb, read_emodb, "emodb"),
    "fer2013": (
        samples.write_fer2013,
        lambda source: read_fer2013(source, source.with_name("pictures")),
        "fer2013",
    ),
    "clips": (samples.write_clips, read_folder, "folder"),
    "recordings": (samples.write_recordings, read_folder, "folder"),
}
"""Corpora of recordings."""

READERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Corpus], str]] = {
    "meld": (samples.write_meld, read_meld, "meld"),
    "meld sentiment": (
        samples.write_meld,
        functools.partial(read_meld, schema="meld-sentiment-3"),
        "meld",
    ),
    "meld dev features": (samples.write_meld_dev, read_meld_dev_features, "meld-dev-features"),
    "iemocap": (samples.write_iemocap, read_iemocap, "iemocap"),
    "mosi": (samples.write_mosi, read_mosi, "mosi"),
    "arrays": (samples.write_arrays, read_arrays, "npz"),
    "csv": (samples.write_table, read_table, "table"),
    "parquet": (samples.write_parquet, read_table, "table"),
    **{
        layout: (
            functools.partial(samples.write_legacy, layout=layout),
            functools.partial(read_legacy, label_order=samples.legacy_order(layout)),
            "legacy",
        )
        for layout in samples.LEGACY
    },
    **RAW,
}


@pytest.fixture(params=list(READERS))
def case(request, tmp_path) -> tuple[Path, Callable[[Path], Corpus], str]:
    write, read, kind = READERS[request.param]
    return write(tmp_path), read, kind


@pytest.fixture
def corpus(case) -> Corpus:
    source, read, _ = case
    return read(source)


def test_reading_twice_gives_the_same(case, corpus):
    source, read, _ = case
    assert_same_corpus(corpus, read(source))


def test_what_it_is_is_found_out(case):
    source, _, kind = case
    assert kind_of(source) == kind
    assert kind in KINDS


def test_emotions_are_of_the_schema_and_some_are_known(corpus):
    emotions = {utterance.emotion for _, utterance in corpus.utterances()}
    assert emotions <= {None, *corpus.schema.emotions}
    assert emotions - {None}


def test_every_split_has_dialogues(corpus):
    assert {dialogue.split for dialogue in corpus.dialogues} == set(SPLITS)


def test_dialogues_have_different_ids_and_rising_turns(corpus):
    ids = [dialogue.id for dialogue in corpus.dialogues]
    assert len(set(ids)) == len(ids)
    for dialogue in corpus.dialogues:
        turns = [utterance.turn for utterance in dialogue.utterances]
        assert turns == sorted(set(turns))


def test_features_are_finite_aligned_and_zero_where_missing(corpus):
    for features in corpus.features.values():
        assert features.values.dtype == np.float32
        assert features.values.shape == (len(corpus), features.dim)
        assert np.isfinite(features.values).all()
        assert not features.values[~features.present].any()
        assert features.present.any()


def test_there_is_something_to_learn_from(corpus):
    assert corpus.features or any(u.text or u.media for _, u in corpus.utterances())


def test_the_source_is_read_by_its_kind_as_well(case, corpus, request):
    source, read, kind = case
    settings = read.keywords if isinstance(read, functools.partial) else {}
    pictures = source.with_name("pictures")  # only where there are any, they are unpacked
    assert_same_corpus(corpus, read_source(source, kind, media=pictures, **settings))


@pytest.mark.parametrize("raw", list(RAW))
def test_recordings_are_absolute_paths_of_files(tmp_path, monkeypatch, raw: str):
    write, read, kind = RAW[raw]
    source = write(tmp_path / "corpus")
    monkeypatch.chdir(tmp_path)
    corpus = read(source.relative_to(tmp_path))
    recordings = [r for _, u in corpus.utterances() for r in (u.media, u.audio_media) if r]
    assert recordings
    assert all(Path(r).is_absolute() and Path(r).is_file() for r in recordings)
    assert kind_of(source.relative_to(tmp_path)) == kind
    assert read(source).dialogues == corpus.dialogues


@pytest.mark.parametrize("name", list(KNOWN))
def test_known_corpora_state_where_they_are_from(name: str):
    facts = KNOWN[name]
    assert facts.name == name
    assert all([facts.title, facts.citation, facts.source.startswith("http"), facts.licence])
    emotions = SCHEMAS[facts.schema].emotions
    assert set(facts.dialogues) == set(facts.utterances) == set(SPLITS)
    assert all(tuple(facts.utterances[split]) == emotions for split in SPLITS)
