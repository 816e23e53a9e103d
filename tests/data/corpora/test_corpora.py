"""The readers on the real corpora, where they are."""

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from synctva.data.checks.check import check
from synctva.data.checks.official import counts
from synctva.data.corpora import emodb, fer2013, iemocap, meld, mosi, ravdess
from synctva.data.corpora.facts import Facts
from synctva.data.corpora.fer2013 import read_fer2013_faces
from synctva.data.corpora.meld import read_meld
from synctva.data.source import read_source as read
from synctva.errors import InputError

pytestmark = pytest.mark.corpus

read_source = cache(read)
"""A corpus is frozen, and large ones take seconds."""

PLACES = {
    "meld": (meld.FACTS, "meld", {}),
    "iemocap": (iemocap.FACTS, "iemocap", {"audio": 8}),
    "mosi": (mosi.FACTS, "mosi/mosi.npz", {"audio": 73}),
    "ravdess": (ravdess.FACTS, "ravdess", {}),
    "emodb": (emodb.FACTS, "emodb", {}),
    "fer2013": (fer2013.FACTS, "fer2013/fer2013.parquet", {}),
}


@pytest.mark.parametrize(("facts", "place", "dims"), PLACES.values(), ids=list(PLACES))
def test_every_official_utterance_is_there(corpora: Path, facts: Facts, place: str, dims: dict):
    corpus = read_source(corpora / place)
    assert corpus.name == facts.name
    assert corpus.schema.name == facts.schema
    assert corpus.dims == dims
    assert all(row.utterances == row.official for row in counts(corpus))
    assert Counter(d.split for d in corpus.dialogues) == facts.dialogues
    assert all(u.emotion for _, u in corpus.utterances())
    assert all(u.text for _, u in corpus.utterances()) or facts is fer2013.FACTS
    assert not [finding for finding in check(corpus) if finding.severity == "error"]


@pytest.mark.parametrize("place", ["ravdess", "emodb"])
def test_speech_corpora_are_clips_of_people_in_one_split_each(corpora: Path, place: str):
    corpus = read_source(corpora / place)
    assert all(u.media and Path(u.media).is_file() for _, u in corpus.utterances())
    people = {(u.speaker, d.split) for d, u in corpus.utterances()}
    assert len(people) == len({speaker for speaker, _ in people})


def test_fer2013_faces_are_pictures_of_their_emotions(corpora):
    faces = read_fer2013_faces(corpora / "fer2013" / "fer2013.parquet")
    pixels, emotions, votes = faces.of("test")
    assert votes.shape == (3589, 10)
    assert (votes.sum(axis=1) == 10).mean() > 0.95
    assert (
        votes[:, :7].argmax(axis=1) == emotions
    ).mean() > 0.6  # people and labels agree so often
    assert pixels.shape == (3589, 48, 48)
    assert np.bincount(emotions).tolist() == list(fer2013.FACTS.utterances["test"].values())
    assert 100 < faces.pixels.mean() < 160
    assert (pixels.std(axis=(1, 2)) > 0).mean() > 0.99  # a few are blank


def test_meld_has_times_and_its_known_defects(corpora):
    corpus = read_source(corpora / "meld")
    assert all(u.start_s is not None and u.end_s is not None for _, u in corpus.utterances())
    defects = [finding for finding in check(corpus) if "known defect" in finding.message]
    assert len(defects) == len(meld.FACTS.defects)
    long = next(finding for finding in check(corpus) if "longer than" in finding.message)
    assert long.place == "test_dia38 turn 4 (305 s), test_dia220 turn 0 (235 s)"


def test_meld_sentiments_have_their_official_counts(corpora):
    corpus = read_meld(corpora / "meld", "meld-sentiment-3")
    assert all(row.utterances == row.official for row in counts(corpus))


def test_iemocap_lacks_audio_in_four_utterances(corpora):
    corpus = read_source(corpora / "iemocap" / "utterances.csv")
    missing = np.flatnonzero(~corpus.features["audio"].present)
    pairs = list(corpus.utterances())
    assert [(pairs[row][0].id, pairs[row][1].turn) for row in missing] == [
        ("Ses05M_script01_1b", turn) for turn in range(40, 44)
    ]


def test_mosi_segments_are_in_order(corpora):
    for dialogue in read_source(corpora / "mosi" / "mosi.npz").dialogues:
        turns = [utterance.turn for utterance in dialogue.utterances]
        assert turns == list(range(1, len(turns) + 1))


@pytest.mark.parametrize(
    ("file", "name", "utterances"),
    [
        ("CMUMOSI_features_raw_2way.pkl", "mosi", 2199),
        ("IEMOCAP_features_raw_6way.pkl", "iemocap", 7433),
        ("iemocap_cosmic.pkl", "iemocap", 7433),
    ],
)
def test_real_pickles_hold_the_official_utterances(
    corpora: Path, file: str, name: str, utterances: int
):
    corpus = read_source(corpora / "legacy_pickles" / file)
    assert (corpus.name, len(corpus)) == (name, utterances)
    official, found = Counter(), Counter()
    for row in counts(corpus):
        official[row.emotion] += row.official or 0
        found[row.emotion] += row.utterances
    assert found == official


def test_the_pickle_and_the_table_of_iemocap_agree(corpora):
    table = read_source(corpora / "iemocap")
    pickled = read_source(corpora / "legacy_pickles" / "iemocap_cosmic.pkl")
    splits = {d.id: d.split for d in table.dialogues}
    assert {d.id: d.split for d in pickled.dialogues} == splits
    emotions = {d.id: [u.emotion for u in d.utterances] for d in table.dialogues}
    assert {d.id: [u.emotion for u in d.utterances] for d in pickled.dialogues} == emotions


def test_a_pickle_of_one_tensor_is_told_to_lack_dialogues(corpora):
    with pytest.raises(InputError, match=r"holds one array of shape \(1108, 768\), without dial"):
        read_source(corpora / "legacy_pickles" / "meld_audio_wav2vec2_val.pkl")
