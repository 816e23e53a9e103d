"""What holds for every reader, on a tiny sample of what it reads."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from support.samples import SAMPLES, Sample
from support.strategies import assert_same_corpus

from synctva.corpus import Corpus
from synctva.data.checks.official import KNOWN
from synctva.data.source import KINDS, kind_of, read_source
from synctva.dialogue import SPLITS
from synctva.emotions import SCHEMAS
from synctva.errors import InputError

OF_RECORDINGS = [name for name, sample in SAMPLES.items() if sample.is_of_recordings]


def read(sample: Sample, source: Path, kind: str | None = None) -> Corpus:
    pictures = source.with_name("pictures")  # only where there are any, they are unpacked
    return read_source(source, kind, media=pictures, **sample.settings)  # pyright: ignore


@pytest.fixture(params=list(SAMPLES))
def sample(request) -> Sample:
    return SAMPLES[request.param]


@pytest.fixture
def source(sample, tmp_path) -> Path:
    return sample.write(tmp_path)


@pytest.fixture
def corpus(sample, source) -> Corpus:
    return read(sample, source)


def test_every_kind_has_a_sample():
    assert {sample.kind for sample in SAMPLES.values()} == set(KINDS)
    assert all(kind.name == name for name, kind in KINDS.items())


def test_reading_twice_gives_the_same(sample, source, corpus):
    assert_same_corpus(corpus, read(sample, source))


def test_what_it_is_is_found_out(sample, source, corpus):
    assert kind_of(source) == sample.kind
    assert_same_corpus(corpus, read(sample, source, sample.kind))


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


@pytest.mark.parametrize("name", OF_RECORDINGS)
def test_recordings_are_absolute_paths_of_files(tmp_path, monkeypatch, name: str):
    sample = SAMPLES[name]
    source = sample.write(tmp_path / "corpus")
    monkeypatch.chdir(tmp_path)
    corpus = read(sample, source.relative_to(tmp_path))
    recordings = [r for _, u in corpus.utterances() for r in (u.media, u.audio_media) if r]
    assert recordings
    assert all(Path(r).is_absolute() and Path(r).is_file() for r in recordings)
    assert kind_of(source.relative_to(tmp_path)) == sample.kind
    assert read(sample, source).dialogues == corpus.dialogues


CORPORA = [name for name in OF_RECORDINGS if name != "clips"]  # a table says what is meant


@pytest.mark.parametrize(("one", "two"), list(itertools.combinations(CORPORA, 2)))
@pytest.mark.parametrize("place", ["", "deep/er"])
def test_of_two_corpora_in_a_folder_none_is_dropped_without_a_word(tmp_path, one, two, place):
    SAMPLES[one].write(tmp_path)
    SAMPLES[two].write(tmp_path / place)
    with pytest.raises(InputError, match=r"holds .* and .*; put each into a folder of its own"):
        kind_of(tmp_path)


@pytest.mark.parametrize("name", list(KNOWN))
def test_known_corpora_state_where_they_are_from(name: str):
    facts = KNOWN[name]
    assert facts.name == name
    assert all([facts.title, facts.citation, facts.source.startswith("http"), facts.licence])
    emotions = SCHEMAS[facts.schema].emotions
    assert set(facts.dialogues) == set(facts.utterances) == set(SPLITS)
    assert all(tuple(facts.utterances[split]) == emotions for split in SPLITS)
