import io
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.features.normalise import (
    BY,
    FARTHEST_SD,
    LEAST_UTTERANCES,
    PRIOR_UTTERANCES,
    SpeakerNormalisation,
    normalise,
    normalise_towards,
    people_of,
    voices_of,
)

ENOUGH = LEAST_UTTERANCES
EXTRACTOR = Description("opensmile", "egemaps", "opensmile 2", "ab", {"sample_rate_hz": 16_000})
SCHEMA = EmotionSchema("own", ("joy", "anger"))


def corpus_of(
    said: Mapping[tuple[str, str], str], seed: int = 0, missing: float = 0.0, dim: int = 3
) -> Corpus:
    """A corpus of (dialogue, split) -> the speakers' initials in order, with random features.

    Every speaker has an offset and a spread of their own.
    """
    noise = np.random.default_rng(seed)
    dialogues = tuple(
        Dialogue(id, split, tuple(Utterance(turn, who) for turn, who in enumerate(speakers)))
        for (id, split), speakers in said.items()
    )
    names = "".join(said.values())
    offset = np.array([ord(name) for name in names])[:, None] % 7
    values = (offset + (1 + offset) * noise.normal(size=(len(names), dim))).astype(np.float32)
    present = noise.random(len(names)) >= missing
    values[~present] = 0
    return Corpus("own", SCHEMA, dialogues, {"audio": Features(values, present, EXTRACTOR)})


def two_speakers() -> Corpus:
    return corpus_of(
        {("one", "train"): "AB" * ENOUGH, ("two", "valid"): "AC" * ENOUGH, ("x", "test"): "DB" * 3}
    )


def rows_of(corpus: Corpus, split: str | None = None, speaker: str | None = None) -> np.ndarray:
    return np.array(
        [
            split in (None, dialogue.split) and speaker in (None, utterance.speaker)
            for dialogue, utterance in corpus.utterances()
        ]
    )


def values_of(corpus: Corpus, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
    return corpus.features["audio"].values[rows]


def changed(corpus: Corpus, rows: np.ndarray) -> Corpus:
    """The corpus with other features in some rows."""
    features = corpus.features["audio"]
    values = features.values.copy()
    values[rows] = 5 - 3 * values[rows]
    return replace(corpus, features={"audio": replace(features, values=values)})


def test_by_corpus_the_training_split_has_mean_0_and_sd_1():
    corpus = two_speakers()
    done, _ = normalise(corpus, "audio", "corpus")
    train = rows_of(corpus, "train")
    np.testing.assert_allclose(values_of(done, train).mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(values_of(done, train).std(0), 1, atol=1e-6)
    mean, sd = values_of(corpus, train).mean(0), values_of(corpus, train).std(0)
    np.testing.assert_allclose(values_of(done), (values_of(corpus) - mean) / sd, atol=1e-5)


def test_by_speaker_everybody_heard_often_enough_has_mean_0_and_sd_1():
    corpus = two_speakers()
    done, _ = normalise(corpus, "audio", "speaker")
    for split, speaker in [("train", "A"), ("train", "B"), ("valid", "C")]:
        own = values_of(done, rows_of(corpus, split, speaker))
        np.testing.assert_allclose(own.mean(0), 0, atol=1e-6)
        np.testing.assert_allclose(own.std(0), 1, atol=1e-6)


def test_a_speaker_of_the_training_split_keeps_its_statistics_in_the_others():
    corpus = two_speakers()
    done, _ = normalise(corpus, "audio", "speaker")
    for split, speaker in [("valid", "A"), ("test", "B")]:
        heard = values_of(corpus, rows_of(corpus, "train", speaker))
        rows = rows_of(corpus, split, speaker)
        expected = (values_of(corpus, rows) - heard.mean(0)) / heard.std(0)
        np.testing.assert_allclose(values_of(done, rows), expected, atol=1e-5)


@pytest.mark.parametrize(("times", "own"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_a_speaker_heard_too_seldom_has_the_training_split_s_statistics(times: int, own: bool):
    corpus = corpus_of({("one", "train"): "A" * 30, ("two", "test"): "B" * times})
    done, _ = normalise(corpus, "audio", "speaker")
    seldom = values_of(done, rows_of(corpus, "test", "B"))
    by_corpus = values_of(normalise(corpus, "audio", "corpus")[0], rows_of(corpus, "test"))
    assert np.allclose(seldom.mean(0), 0, atol=1e-6) == own
    assert np.array_equal(seldom, by_corpus) == (not own)


def test_within_a_dialogue_the_same_name_elsewhere_is_somebody_else():
    corpus = corpus_of({("one", "train"): "F" * 20, ("two", "train"): "F" * 20})
    moved = changed(corpus, np.arange(40) >= 20)
    apart, _ = normalise(moved, "audio", "speaker_in_dialogue")
    one_person, _ = normalise(moved, "audio", "speaker")
    for rows in (slice(0, 20), slice(20, 40)):
        np.testing.assert_allclose(values_of(apart, rows).mean(0), 0, atol=1e-6)
        assert (np.abs(values_of(one_person, rows).mean(0)) > 0.1).any()


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("later", ["valid", "test"])
def test_no_split_depends_on_a_later_one(by: str, later: str):
    corpus = two_speakers()
    before, after = (
        values_of(normalise(one, "audio", by)[0])
        for one in (corpus, changed(corpus, rows_of(corpus, later)))
    )
    earlier = rows_of(corpus, "train") | (rows_of(corpus, "valid") & (later == "test"))
    np.testing.assert_array_equal(before[earlier], after[earlier])
    assert not np.array_equal(before[~earlier], after[~earlier])


def test_by_speaker_other_speakers_do_not_matter():
    corpus = two_speakers()
    before, after = (
        values_of(normalise(one, "audio", "speaker")[0])
        for one in (corpus, changed(corpus, rows_of(corpus, None, "C")))
    )
    for speaker in "AB":
        rows = rows_of(corpus, None, speaker)
        np.testing.assert_array_equal(before[rows], after[rows])


@pytest.mark.parametrize("by", BY)
def test_loudness_and_offset_of_a_recording_cancel(by: str):
    corpus = two_speakers()
    louder = replace(corpus.features["audio"], values=8 * values_of(corpus) + 4)
    first, second = (
        values_of(normalise(one, "audio", by)[0])
        for one in (corpus, replace(corpus, features={"audio": louder}))
    )
    np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("constant", [0.0, 0.1, -3e7, 1e-30, 3e38])
def test_a_feature_that_does_not_vary_is_zero(by: str, constant: float):
    corpus = two_speakers()
    values_of(corpus)[:, 1] = constant
    done, found = normalise(corpus, "audio", by)
    assert not values_of(done)[:, 1].any()
    new = np.full((1, 3), 7, np.float32)
    assert found.apply(new, ["A"])[0, 1] == 0
    assert (found.apply(new, ["A"])[0, [0, 2]] != 0).all()


@pytest.mark.parametrize("by", BY)
def test_an_utterance_that_lacks_the_modality_counts_nowhere(by: str):
    corpus = corpus_of(
        {("one", "train"): "AB" * 20, ("two", "valid"): "AC" * 20, ("x", "test"): "CB" * 9},
        missing=0.4,
    )
    features = corpus.features["audio"]
    done, _ = normalise(corpus, "audio", by)
    assert np.array_equal(done.features["audio"].present, features.present)
    assert not values_of(done, ~features.present).any()
    noise = features.values.copy()
    noise[~features.present] = 99
    noisy = replace(corpus, features={"audio": replace(features, values=noise)})
    np.testing.assert_array_equal(values_of(normalise(noisy, "audio", by)[0]), values_of(done))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(
            st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2, max_size=2
        ),
        min_size=2,
        max_size=30,
    ),
    st.sampled_from(BY),
)
def test_whatever_the_values_the_result_is_finite(rows: list[list[float]], by: str):
    speakers = "AB" * len(rows)
    corpus = corpus_of(
        {("one", "train"): speakers[: len(rows) - 1], ("two", "test"): speakers[len(rows) - 1]},
        dim=2,
    )
    features = replace(corpus.features["audio"], values=np.array(rows, np.float32))
    done, _ = normalise(replace(corpus, features={"audio": features}), "audio", by)
    assert np.isfinite(values_of(done)).all()
    assert np.abs(values_of(done)).max() <= FARTHEST_SD


@pytest.mark.parametrize("by", BY)
def test_the_statistics_survive_parquet_and_give_the_same_values(by: str):
    corpus = two_speakers()
    done, found = normalise(corpus, "audio", by)
    file = io.BytesIO()
    pq.write_table(found.to_table(), file)
    again = SpeakerNormalisation.from_table(pq.read_table(file))
    assert (again.modality, again.by, again.people) == ("audio", by, found.people)
    np.testing.assert_array_equal(again.mean, found.mean)
    applied = again.apply(values_of(corpus), people_of(corpus, by))
    np.testing.assert_array_equal(applied, values_of(done))


def test_somebody_unknown_has_the_training_split_s_statistics():
    corpus = two_speakers()
    _, by_speaker = normalise(corpus, "audio", "speaker")
    _, by_corpus = normalise(corpus, "audio", "corpus")
    new = np.ones((2, 3), np.float32)
    found = by_speaker.apply(new, ["A", "a stranger"])
    np.testing.assert_array_equal(found[1], by_corpus.apply(new, ["", ""])[1])
    assert not np.array_equal(found[0], found[1])


def test_the_extractor_says_so_and_the_fingerprint_differs():
    corpus = two_speakers()
    prints = {corpus.features["audio"].fingerprint}
    for by in BY:
        features = normalise(corpus, "audio", by)[0].features["audio"]
        assert features.description.settings == {"sample_rate_hz": 16_000, "normalised": by}
        prints.add(features.fingerprint)
    assert len(prints) == 1 + len(BY)


def test_the_rest_of_the_corpus_stays_as_it_is():
    corpus = two_speakers()
    flags = ("short",) + ("",) * (len(corpus) - 1)
    text = replace(corpus.features["audio"], description=Description("minilm"))
    noted = replace(corpus.features["audio"], flags=flags)
    before = replace(corpus, features={"text": text, "audio": noted}, origin={"composed": 1})
    kept = values_of(before).copy()
    done, _ = normalise(before, "audio", "speaker")
    assert done.features["text"] is text
    assert done.features["audio"].flags == flags
    assert (done.dialogues, done.origin) == (before.dialogues, before.origin)
    np.testing.assert_array_equal(values_of(before), kept)


@pytest.mark.parametrize(
    ("modality", "by", "complaint"),
    [
        ("audio", "speakers", r"known are corpus, speaker, speaker_in_dialogue\. Did you mean 'sp"),
        ("visual", "corpus", "own: no visual features to normalise; it has audio"),
    ],
)
def test_what_is_not_there_is_one_line(modality: str, by: str, complaint: str):
    with pytest.raises(InputError, match=complaint):
        normalise(two_speakers(), modality, by)


@pytest.mark.parametrize("by", BY)
def test_normalising_twice_is_an_error(by: str):
    done, _ = normalise(two_speakers(), "audio", by)
    with pytest.raises(InputError, match=rf"normalised already \(by {by}\)"):
        normalise(done, "audio", "corpus")


@pytest.mark.parametrize("by", BY)
def test_a_corpus_without_training_utterances_is_an_error(by: str):
    corpus = corpus_of({("one", "test"): "AB" * 20})
    with pytest.raises(InputError, match="no utterance of the training split has audio features"):
        normalise(corpus, "audio", by)


def test_statistics_of_another_width_or_number_are_an_error():
    _, found = normalise(two_speakers(), "audio", "corpus")
    for values, people in [(np.ones((1, 4)), [""]), (np.ones((2, 3)), [""])]:
        with pytest.raises(InputError, match="use those that were stored with the features"):
            found.apply(values.astype(np.float32), people)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda table: table.replace_schema_metadata(None),
        lambda table: table.drop_columns(["sd"]),
        lambda table: table.slice(1),
        lambda table: table.slice(0, 0),
        lambda table: table.set_column(1, "mean", pa.array(["x"] * len(table))),
        lambda table: table.replace_schema_metadata({"standardisation": '{"by": "moon"}'}),
    ],
)
def test_another_table_is_one_line(break_it):
    _, found = normalise(two_speakers(), "audio", "speaker")
    with pytest.raises(InputError, match="not a table of normalisation statistics"):
        SpeakerNormalisation.from_table(break_it(found.to_table()))


def known_voices(dim: int = 3) -> SpeakerNormalisation:
    mean, sd = np.arange(dim, dtype=float)[None], np.full((1, dim), 2.0)
    return SpeakerNormalisation("audio", "speaker", ("",), mean, sd)


def test_voices_are_the_mean_of_their_means_and_vary_as_each_of_them_does():
    mean = np.array([[9.0, 9.0], [1.0, 2.0], [3.0, 6.0], [0.0, 0.0]])
    sd = np.array([[9.0, 9.0], [1.0, 0.0], [7.0, 4.0], [5.0, 5.0]])
    first = SpeakerNormalisation("audio", "speaker", ("", "A", "B", "C"), mean, sd)
    second = SpeakerNormalisation("audio", "speaker", ("", "A"), mean[:2] + 3, sd[:2])
    found = voices_of([(first, ["A", "B"]), (second, ["A"])])
    np.testing.assert_allclose(found.mean, [[8 / 3, 13 / 3]])
    np.testing.assert_allclose(found.sd, [[np.sqrt(51 / 3), np.sqrt(16 / 3)]])
    assert found.people == ("",)
    with pytest.raises(InputError, match="no statistics of 'D'"):
        voices_of([(first, ["D"])])
    with pytest.raises(InputError, match="statistics of nobody"):
        voices_of([(first, [])])


@pytest.mark.parametrize("times", [1, 3, PRIOR_UTTERANCES, 400])
def test_a_voice_counts_as_often_as_it_is_heard_and_the_known_ones_ten_times(times: int):
    corpus, known = corpus_of({("one", "test"): "A" * times}), known_voices()
    values = corpus.features["audio"].values.astype(np.float64)
    share = times / (times + PRIOR_UTTERANCES)
    mean = share * values.mean(0) + (1 - share) * known.mean[0]
    sd = np.sqrt(share * values.var(0) + (1 - share) * known.sd[0] ** 2)
    found = normalise_towards(corpus, known).features["audio"]
    np.testing.assert_allclose(found.values, (values - mean) / sd, rtol=1e-4, atol=1e-5)
    assert found.description.settings["normalised"] == "speaker"


def test_no_voice_depends_on_another_and_names_do_not_matter():
    corpus, known = corpus_of({("one", "test"): "ABAB"}), known_voices()
    alone = normalise_towards(corpus_of({("one", "test"): "ABAB"}), known)
    values = corpus.features["audio"].values.copy()
    values[[1, 3]] += 100
    changed = corpus.with_features("audio", replace(corpus.features["audio"], values=values))
    one, other = (
        normalise_towards(own, known).features["audio"].values for own in (corpus, changed)
    )
    np.testing.assert_array_equal(one[[0, 2]], other[[0, 2]])
    np.testing.assert_array_equal(one, alone.features["audio"].values)
    nameless = tuple(
        replace(d, utterances=tuple(replace(u, speaker="-" + u.speaker) for u in d.utterances))
        for d in corpus.dialogues
    )
    renamed = normalise_towards(replace(corpus, dialogues=nameless), known)
    np.testing.assert_array_equal(one, renamed.features["audio"].values)


def test_what_is_absent_stays_absent_and_counts_nowhere():
    whole, known = corpus_of({("one", "test"): "A" * 6}), known_voices()
    features = whole.features["audio"]
    present = np.array([True, True, False, True, True, True])
    values = np.where(present[:, None], features.values, np.float32(0))
    holed = whole.with_features("audio", replace(features, values=values, present=present))
    found = normalise_towards(holed, known).features["audio"]
    assert not found.values[2].any()
    rest = corpus_of({("one", "test"): "A" * 6}).features["audio"].rows(present)
    fewer = corpus_of({("one", "test"): "A" * 5}).with_features("audio", rest)
    np.testing.assert_array_equal(
        found.values[present], normalise_towards(fewer, known).features["audio"].values
    )


def test_what_is_normalised_is_not_normalised_towards_voices_again():
    once = normalise_towards(corpus_of({("one", "test"): "A"}), known_voices())
    with pytest.raises(InputError, match="normalised already"):
        normalise_towards(once, known_voices())
