"""Composed corpora: donors have the stated emotion as often as stated, and never cross a split."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.strategies import assert_same_corpus

from synctva.corpus import Corpus, Description, Features
from synctva.data.made.agreement import Agreement, read_agreement
from synctva.data.made.alone import with_words_alone
from synctva.data.made.casting import Casting
from synctva.data.made.compose import compose
from synctva.dialogue import SPLITS, Dialogue, Utterance
from synctva.emotions import EmotionSchema, schema_named
from synctva.errors import InputError

MELD = schema_named("meld-7")
FER = schema_named("fer-7")
RAVDESS = schema_named("ravdess-8")
EMODB = EmotionSchema("emodb", ("anger", "boredom", "disgust", "fear", "happy", "neutral", "sad"))


def text_corpus(
    counts: tuple[int, int, int] = (40, 20, 20), length: int = 6, seed: int = 0
) -> Corpus:
    """Returns dialogues of two speakers with random emotions."""
    rng = np.random.default_rng(seed)
    dialogues = []
    for split, count in zip(SPLITS, counts, strict=True):
        for number in range(count):
            emotions = rng.choice(MELD.emotions, size=length).tolist()
            spoken = (
                Utterance(turn, "AB"[turn % 2], f"words {turn}", emotion, 1.0, 2.0, "own.mp4")
                for turn, emotion in enumerate(emotions)
            )
            dialogues.append(Dialogue(f"{split}-{number}", split, tuple(spoken)))
    rows = sum(counts) * length
    values = rng.standard_normal((rows, 3)).astype(np.float32)
    features = Features(values, np.ones(rows, np.bool_), Description("minilm"))
    return Corpus("tiny", MELD, tuple(dialogues), {"text": features})


def source(
    name: str,
    modality: str,
    schema: EmotionSchema,
    people: tuple[int, int, int] = (3, 2, 2),
    clips: int = 2,
    extractor: str = "own",
) -> Corpus:
    """Returns recordings whose features are a number that no other recording has."""
    dialogues = []
    for split, count in zip(SPLITS, people, strict=True):
        for person in range(count):
            for emotion in schema.emotions:
                for clip in range(clips):
                    id = f"{name}-{split}-{person}-{emotion}-{clip}"
                    spoken = Utterance(0, f"{split} {person}", None, emotion, media=f"/{id}.flac")
                    dialogues.append(Dialogue(id, split, (spoken,)))
    number = np.arange(len(dialogues), dtype=np.float32) + 1000 * len(name)
    values = np.stack([number, np.ones_like(number)], axis=1)
    features = Features(values, np.ones(len(values), np.bool_), Description(extractor))
    return Corpus(name, schema, tuple(dialogues), {modality: features})


VOICES = source("ravdess", "audio", RAVDESS)
GERMAN = source("emodb", "audio", EMODB)
FACES = source("fer2013", "visual", FER)


def composed(
    text: Corpus | None = None, /, reliability: float = 0.5, seed: int = 0, **missing: float
) -> Corpus:
    both = {"audio": reliability, "visual": reliability}
    return compose(
        text or text_corpus(),
        [VOICES, GERMAN],
        [FACES],
        casting=Casting(both),
        missing=missing,
        seed=seed,
    )


def donors(corpus: Corpus, modality: str, *sources: Corpus) -> list[tuple[str, str, str] | None]:
    """Returns split, speaker and emotion of the recording that each row's features are of."""
    known = {
        own.features[modality].values[row].tobytes(): (
            dialogue.split,
            f"{own.name} {utterance.speaker}",
            {**own.schema.mapping(corpus.schema), "calm": "neutral"}[utterance.emotion or ""]
            or "nobody's",
        )
        for own in sources
        for row, (dialogue, utterance) in enumerate(own.utterances())
    }
    features = corpus.features[modality]
    rows = zip(features.values, features.present, strict=True)
    return [known[values.tobytes()] if there else None for values, there in rows]


@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=15, deadline=None)
def test_everything_is_decided_by_the_seed(seed: int, reliability: float, missing: float):
    text = text_corpus((4, 2, 2))
    one, again = (composed(text, reliability, seed, audio=missing) for _ in range(2))
    assert_same_corpus(one, again)
    assert one.origin == again.origin


def test_another_seed_composes_otherwise():
    one, other = composed(seed=0), composed(seed=1)
    for m in ("audio", "visual"):
        assert not np.array_equal(one.features[m].values, other.features[m].values)


def test_dialogues_words_emotions_and_text_features_are_the_text_corpus_s():
    text, corpus = text_corpus(), composed()
    assert corpus.name == "composed-tiny"
    assert corpus.schema == text.schema
    assert [d.id for d in corpus.dialogues] == [d.id for d in text.dialogues]
    for (one, spoken), (other, own) in zip(corpus.utterances(), text.utterances(), strict=True):
        assert one.split == other.split
        for name in ("turn", "speaker", "text", "emotion"):
            assert getattr(spoken, name) == getattr(own, name)
    np.testing.assert_array_equal(corpus.features["text"].values, text.features["text"].values)
    assert corpus.features["audio"].fingerprint == VOICES.features["audio"].fingerprint


@given(st.integers(0, 1000), st.floats(0, 1))
@settings(max_examples=15, deadline=None)
def test_no_donor_is_of_another_split(seed: int, reliability: float):
    corpus = composed(text_corpus((6, 3, 3)), reliability, seed)
    for modality, sources in {"audio": (VOICES, GERMAN), "visual": (FACES,)}.items():
        lent = donors(corpus, modality, *sources)
        for (dialogue, _), donor in zip(corpus.utterances(), lent, strict=True):
            assert donor is not None
            assert donor[0] == dialogue.split


@pytest.mark.parametrize("reliability", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("modality", ["audio", "visual"])
def test_donors_have_the_emotion_as_often_as_stated(reliability: float, modality: str):
    text = text_corpus((100, 100, 100), length=10)
    corpus = composed(text, reliability)
    lent = (
        donors(corpus, modality, VOICES, GERMAN)
        if modality == "audio"
        else donors(corpus, modality, FACES)
    )
    pairs = [
        (u.emotion, donor[2])
        for (_, u), donor in zip(text.utterances(), lent, strict=True)
        if donor
    ]
    right = np.mean([own == other for own, other in pairs])
    sd = np.sqrt(reliability * (1 - reliability) / len(text))
    assert abs(right - reliability) <= 4 * sd
    wrong = Counter((own, other) for own, other in pairs if own != other)
    if reliability == 0:  # each of the 42 wrong couples is one in 42
        rate = np.array(list(wrong.values())) / len(text)
        assert len(wrong) == 42
        assert np.abs(rate - 1 / 42).max() < 5 * np.sqrt(1 / 42 / len(text))


def test_modalities_go_astray_independently_of_each_other():
    text = text_corpus((200, 1, 1), length=10)
    corpus = composed(text, 0.5)
    emotions = [u.emotion for _, u in text.utterances()]
    voice, face = (
        np.array([d is not None and d[2] == e for d, e in zip(lent, emotions, strict=True)])
        for lent in (donors(corpus, "audio", VOICES, GERMAN), donors(corpus, "visual", FACES))
    )
    assert abs((voice & face).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / len(text))


def test_calm_counts_as_neutral_and_boredom_is_nobody_s():
    corpus = composed(text_corpus((100, 1, 1)), 0.2)
    assert {donor[2] for donor in donors(corpus, "audio", VOICES, GERMAN) if donor} == set(
        MELD.emotions
    )
    spoken = [utterance.audio_media or "" for _, utterance in corpus.utterances()]
    assert any("-calm-" in path for path in spoken)
    assert not any("-boredom-" in path for path in spoken)


def test_calm_remains_calm_where_the_schema_has_it():
    text = text_corpus((30, 5, 5))
    calm = EmotionSchema("own", (*MELD.emotions, "calm"))
    corpus = compose(
        replace(text, schema=calm), [VOICES], [], casting=Casting({"audio": 0}), seed=0
    )
    own = {u.emotion: set() for _, u in text.utterances()}
    for _, utterance in corpus.utterances():
        own[utterance.emotion].add((utterance.audio_media or "").split("-")[3])
    assert "calm" in own["neutral"]


def reliability_of(text: Corpus, corpus: Corpus, modality: str, *sources: Corpus) -> list[float]:
    """Returns how many donors of each dialogue have the emotion that is said."""
    lent = iter(donors(corpus, modality, *sources))
    return [
        float(np.mean([(donor := next(lent)) is not None and donor[2] == u.emotion for u in d]))
        for d in ([*dialogue.utterances] for dialogue in text.dialogues)
    ]


def test_reliability_differs_between_dialogues_as_far_as_the_spread_reaches():
    text = text_corpus((60, 1, 1), length=100)
    for spread in (0.0, 0.3):
        corpus = compose(
            text, [], [FACES], casting=Casting({"visual": 0.6}, spread), seed=0
        )  # fmt: skip
        found = reliability_of(text, corpus, "visual", FACES)
        chance = 0.6 * 0.4 / 100
        assert np.mean(found) == pytest.approx(0.6, abs=0.08)
        assert np.std(found) == pytest.approx(np.sqrt(spread**2 / 3 + chance), rel=0.35)
        assert corpus.origin["visual"]["spread"] == spread


def test_hardly_any_spread_changes_no_donor():
    text = text_corpus()
    without, with_it = (
        compose(text, [], [FACES], casting=Casting({"visual": 0.6}, spread), seed=0)
        for spread in (0.0, 1e-9)
    )
    one, other = (corpus.features["visual"].values for corpus in (without, with_it))
    np.testing.assert_array_equal(one, other)


def test_donors_stand_alone_in_train_with_nothing_but_themselves():
    text = text_corpus((4, 2, 2))
    both = {"audio": 0.5, "visual": 0.5}
    corpus = compose(text, [VOICES, GERMAN], [FACES], casting=Casting(both), alone=70, seed=0)
    plain = compose(text, [VOICES, GERMAN], [FACES], casting=Casting(both), seed=0)
    kept = corpus.select(dialogue.id for dialogue in plain.dialogues)
    for m in ("text", "audio", "visual"):
        np.testing.assert_array_equal(kept.features[m].values, plain.features[m].values)
    lone = corpus.select({d.id for d in corpus.dialogues} - {d.id for d in plain.dialogues})
    assert {(dialogue.split, len(dialogue.utterances)) for dialogue in lone.dialogues} == {
        ("train", 1)
    }
    present = np.stack([lone.features[m].present for m in ("text", "audio", "visual")], axis=1)
    assert present[:, 1:].sum(0).tolist() == [70, 70]
    assert present[:, 1:].sum(1).tolist() == [1] * 140
    assert not (present[:, 0] & present[:, 2]).any()
    for modality, sources in {"audio": (VOICES, GERMAN), "visual": (FACES,)}.items():
        rows = zip(donors(lone, modality, *sources), lone.utterances(), strict=True)
        own = [(donor, u.emotion) for donor, (_, u) in rows if donor is not None]
        assert {donor[0] for donor, _ in own} == {"train"}
        assert all(donor[2] == emotion for donor, emotion in own)
        assert Counter(emotion for _, emotion in own) == dict.fromkeys(MELD.emotions, 10)
    assert all(u.media is None for _, u in lone.utterances() if u.audio_media)
    for (_, u), has_words in zip(lone.utterances(), present[:, 0], strict=True):
        assert (u.text is not None) == has_words


def test_a_third_of_lone_voices_has_no_words_a_third_its_own_and_a_third_neutral_ones():
    text = text_corpus((30, 2, 2))
    said = Features(
        np.full((len(VOICES), 3), 7, np.float32),
        np.ones(len(VOICES), np.bool_),
        text.features["text"].description,
    )
    speaking = replace(VOICES, features={**VOICES.features, "text": said})
    corpus = compose(text, [speaking], [], casting=Casting({"audio": 0.5}), alone=2100, seed=0)
    rows = [row for row, (d, _) in enumerate(corpus.utterances()) if " alone " in d.id]
    values = corpus.features["text"].values[rows]
    present = corpus.features["text"].present[rows]
    neutral = {
        row.tobytes()
        for row, (d, u) in zip(text.features["text"].values, text.utterances(), strict=True)
        if d.split == "train" and u.emotion == "neutral"
    }
    own = (values == 7).all(1) & present
    others = np.array([row.tobytes() in neutral for row in values]) & present
    assert not (present & ~own & ~others).any()
    for share in (own.mean(), others.mean(), 1 - present.mean()):
        assert share == pytest.approx(1 / 3, abs=0.05)
    emotions = [u.emotion for d, u in corpus.utterances() if " alone " in d.id]
    for kind in (own, others):
        counts = Counter(e for e, it in zip(emotions, kind, strict=True) if it)
        assert set(counts) == set(MELD.emotions)


def test_words_without_dialogue_join_train_as_often_of_each_emotion():
    text, comments = text_corpus((4, 2, 2)), text_corpus((30, 5, 5), length=1, seed=1)
    comments = replace(comments, name="comments")
    joined = with_words_alone(text, [comments], 21, seed=0)
    lone = joined.select({d.id for d in joined.dialogues} - {d.id for d in text.dialogues})
    assert Counter(u.emotion for _, u in lone.utterances()) == dict.fromkeys(MELD.emotions, 3)
    assert {d.split for d in lone.dialogues} == {"train"}
    corpus = compose(joined, [VOICES], [], casting=Casting({"audio": 0.5}), seed=0)
    assert corpus.origin["text"]["origin"]["sources"] == ["comments"]
    known = {
        row.tobytes()
        for row, (d, _) in zip(comments.features["text"].values, comments.utterances(), strict=True)
        if d.split == "train"
    }
    assert {row.tobytes() for row in lone.features["text"].values} <= known
    np.testing.assert_array_equal(
        joined.features["text"].values[: len(text)], text.features["text"].values
    )


def agreement() -> Agreement:
    """Returns rates at random."""
    rates = np.random.default_rng(0).random((7, 7, 7)) ** 6
    return Agreement(MELD, rates / rates.sum((1, 2), keepdims=True))


def test_voices_and_faces_show_what_those_of_people_do_together():
    text, known = text_corpus((1500, 2, 2)), agreement()
    people = Casting({"audio": 1.0, "visual": 1.0}, agreement=known)
    corpus = compose(text, [VOICES, GERMAN], [FACES], casting=people, seed=0)
    counts = np.zeros((7, 7, 7))
    lent = (donors(corpus, "audio", VOICES, GERMAN), donors(corpus, "visual", FACES))
    for (_, u), voice, face in zip(corpus.utterances(), *lent, strict=True):
        assert voice is not None
        assert face is not None
        counts[tuple(MELD.number(e) for e in (u.emotion or "", voice[2], face[2]))] += 1
    found = counts / counts.sum((1, 2), keepdims=True)
    np.testing.assert_allclose(found, known.rates, atol=0.05)


def test_agreement_is_read_of_the_training_utterances_of_a_table(tmp_path):
    names = "split,mm_emotion,audio_emotion,video_emotion"
    each = [f"train,{e},{e},neutral" for e in MELD.emotions]
    more = ["train,angry,neutral,angry", "test,angry,happy,happy", "train,,angry,angry"]
    table = tmp_path / "emotiontalk.csv"
    table.write_text("\n".join([names, *each, *more]), encoding="utf-8")
    rates = read_agreement(tmp_path, MELD).rates
    anger, joy, neutral = (MELD.number(e) for e in ("anger", "joy", "neutral"))
    assert rates[anger, anger, neutral] == rates[anger, neutral, anger] == 0.5
    assert rates[joy, joy, neutral] == 1
    np.testing.assert_allclose(rates.sum((1, 2)), 1)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["train,hungry,neutral,neutral"], "line 2: unknown emotion 'hungry'"),
        (["train,angry,angry,angry"], "no training utterance is neutral"),
    ],
)
def test_a_table_that_tells_no_agreement_is_refused(tmp_path, rows: list[str], said: str):
    table = tmp_path / "emotiontalk.csv"
    names = "split,mm_emotion,audio_emotion,video_emotion"
    table.write_text("\n".join([names, *rows]), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_agreement(table, MELD)


def test_a_few_alone_are_fewer_than_asked_for_so_that_emotions_count_alike():
    both = {"audio": 0.5, "visual": 0.5}
    corpus = compose(
        text_corpus((4, 2, 2)), [VOICES], [FACES], casting=Casting(both), alone=20, seed=0
    )
    lone = [u.emotion for d, u in corpus.utterances() if " alone " in d.id]
    assert set(Counter(lone).values()) == {4}
    assert corpus.origin["alone"] == 20


def test_a_speaker_keeps_one_voice_within_a_dialogue_and_voices_differ():
    text = text_corpus((60, 10, 10))
    corpus = compose(text, [VOICES], [], casting=Casting({"audio": 0.5}), seed=0)
    voices: dict[tuple[str, str], set[str]] = {}
    lent = donors(corpus, "audio", VOICES)
    for (dialogue, utterance), donor in zip(corpus.utterances(), lent, strict=True):
        assert donor is not None
        voices.setdefault((dialogue.id, utterance.speaker), set()).add(donor[1])
    assert {len(own) for own in voices.values()} == {1}
    assert len(set.union(*voices.values())) == 7


def test_an_emotion_that_a_source_lacks_falls_to_the_others():
    surprise = ("surprise",) * 6
    text = text_corpus((3, 1, 1))
    text = replace(
        text,
        dialogues=tuple(
            replace(
                d,
                utterances=tuple(
                    replace(u, emotion=e) for u, e in zip(d.utterances, surprise, strict=True)
                ),
            )
            for d in text.dialogues
        ),
    )
    corpus = composed(text, reliability=1.0)
    assert corpus.origin["audio"]["splits"]["train"]["by_source"] == {"ravdess": 18}
    with pytest.raises(InputError, match=r"emodb: no donor of audio for surprise in train; add"):
        compose(text, [GERMAN], [], casting=Casting({"audio": 1.0}), seed=0)


def test_donors_are_used_equally_often_before_any_is_used_again():
    text = text_corpus((50, 1, 1))
    corpus = composed(text, 1.0)
    values = corpus.split("train").features["visual"].values
    used = Counter(row.tobytes() for row in values)
    emotions = Counter(u.emotion for _, u in text.split("train").utterances())
    donors_each = 3 * 2
    assert set(used.values()) <= {
        n + more for count in emotions.values() for n in [count // donors_each] for more in (0, 1)
    }
    assert corpus.origin["visual"]["splits"]["train"]["different_donors"] == 7 * donors_each


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_each_modality_is_missing_at_its_rate_and_then_its_recording_too(rate: float):
    text = text_corpus((100, 50, 50))
    corpus, whole = composed(text, text=rate, audio=rate, visual=rate), composed(text)
    spoken = [utterance for _, utterance in corpus.utterances()]
    for m, name in {"text": "text", "audio": "audio_media", "visual": "media"}.items():
        features = corpus.features[m]
        there = features.present
        assert abs((~there).mean() - rate) <= 4 * np.sqrt(rate * (1 - rate) / len(text))
        assert not features.values[~there].any()
        np.testing.assert_array_equal(features.values[there], whole.features[m].values[there])
        assert [getattr(u, name) is not None for u in spoken] == there.tolist()
    if rate == 0.3:
        one, other = (corpus.features[m].present for m in ("audio", "visual"))
        assert (one != other).any()


def test_utterances_point_at_their_donors_recordings():
    corpus = composed()
    lent = donors(corpus, "audio", VOICES, GERMAN), donors(corpus, "visual", FACES)
    for (_, utterance), voice, face in zip(corpus.utterances(), *lent, strict=True):
        assert voice is not None
        assert face is not None
        assert (utterance.start_s, utterance.end_s) == (None, None)
        assert utterance.audio_media is not None
        assert utterance.audio_media.startswith(f"/{voice[1]}".replace(" ", "-"))
        assert str(utterance.media).startswith(f"/{face[1]}".replace(" ", "-"))


def test_an_unlabelled_utterance_receives_nothing():
    text = text_corpus((2, 1, 1), length=2)
    unlabelled = replace(
        text.dialogues[0], utterances=(Utterance(0, "A", "words"), Utterance(1, "B"))
    )
    corpus = composed(replace(text, dialogues=(unlabelled, *text.dialogues[1:])))
    for m in ("audio", "visual"):
        assert corpus.features[m].present.tolist() == [False, False] + [True] * 6


def test_a_picture_that_stands_in_two_splits_lends_itself_to_the_first_only():
    values = FACES.features["visual"].values.copy()
    splits = [dialogue.split for dialogue, _ in FACES.utterances()]
    values[splits.index("test")] = values[splits.index("train")]
    twice = FACES.with_features("visual", replace(FACES.features["visual"], values=values))
    text = text_corpus((1, 1, 60))
    corpus = compose(text, [], [twice], casting=Casting({"visual": 0.5}), seed=0)
    assert corpus.origin["visual"]["repeated"] == 1
    shared = values[splits.index("train")]
    in_test = corpus.split("test").features["visual"].values
    assert not (in_test == shared).all(axis=1).any()


def test_what_lacks_its_features_is_no_donor_and_flags_go_with_the_features():
    features = FACES.features["visual"]
    clip = np.arange(len(FACES)) % 2
    odd = replace(
        features,
        present=clip == 0,
        values=np.where(clip[:, None] == 0, features.values, np.float32(0)),
        flags=tuple("no_face whole_frame" if n == 0 else "no_face" for n in clip),
    )
    corpus = compose(
        text_corpus(), [], [FACES.with_features("visual", odd)],
        casting=Casting({"visual": 0.5}), missing={"visual": 0.5}, seed=0,
    )  # fmt: skip
    found = corpus.features["visual"]
    assert set(np.array(found.flags)[found.present]) == {"no_face whole_frame"}
    assert set(np.array(found.flags)[~found.present]) == {""}
    assert corpus.origin["visual"]["splits"]["train"]["donors"] == 21


def test_the_origin_says_that_it_is_composed_and_how():
    corpus = composed(reliability=0.75, audio=0.25)
    origin = json.loads(json.dumps(corpus.origin))
    assert origin == corpus.origin
    assert origin["kind"] == "composed"
    assert "no scores on tiny" in origin["note"]
    assert origin["seed"] == 0
    assert origin["audio"]["sources"] == ["ravdess", "emodb"]
    assert origin["audio"]["extractor"]["maker"] == "own"
    assert [origin[m]["missing"] for m in ("text", "audio", "visual")] == [0.0, 0.25, 0.0]
    lent = donors(corpus, "audio", VOICES, GERMAN)
    pairs = zip(corpus.utterances(), lent, strict=True)
    train = [(u.emotion, donor) for (d, u), donor in pairs if donor and d.split == "train"]
    told = origin["audio"]["splits"]["train"]
    assert told["utterances"] == len(train)
    assert told["of_their_emotion"] == sum(emotion == donor[2] for emotion, donor in train)
    assert told["people"] == len({donor[1] for _, donor in train})
    assert sum(told["by_source"].values()) == len(train)
    assert told["different_donors"] <= told["donors"] == 3 * 2 * (8 + 6)


def test_a_voice_in_two_splits_is_told():
    moved = tuple(
        replace(d, split="test" if n == 0 else d.split) for n, d in enumerate(VOICES.dialogues)
    )
    leaky = replace(VOICES, dialogues=moved)
    with pytest.raises(InputError, match=r"ravdess: the voice 'train 0' is in two splits"):
        compose(text_corpus(), [leaky], [], casting=Casting({"audio": 0.5}), seed=0)


@pytest.mark.parametrize("spread", [0.3, -0.1])
def test_a_spread_beyond_certainty_is_told(spread: float):
    with pytest.raises(InputError, match=r"reliability 0\.8 of audio and spread"):
        compose(text_corpus(), [VOICES], [], casting=Casting({"audio": 0.8}, spread), seed=0)


@pytest.mark.parametrize(
    ("audio", "reliability", "missing", "message"),
    [
        ([], {}, {}, "composed-tiny: neither voices nor faces"),
        ([VOICES], {}, {}, "reliability of nothing, sources of audio"),
        ([VOICES], {"audio": 0.5, "visual": 0.5}, {}, "reliability of audio, visual, sources of"),
        ([VOICES], {"audio": 1.5}, {}, r"from 0 to 1, not 1\.5"),
        ([VOICES], {"audio": float("nan")}, {}, "from 0 to 1, not nan"),
        ([VOICES], {"audio": 0.5}, {"audio": -0.1}, r"from 0 to 1, not -0\.1"),
        ([VOICES], {"audio": 0.5}, {"visual": 0.1}, "a missing rate of visual, but features of"),
        ([FACES], {"audio": 0.5}, {}, "fer2013: no audio features to lend; extract"),
        ([VOICES, VOICES], {"audio": 0.5}, {}, "ravdess: named twice"),
        (
            [VOICES, source("emodb", "audio", EMODB, extractor="other")],
            {"audio": 0.5},
            {},
            "emodb: 2 audio features of other .* but ravdess has 2 of own",
        ),
        (
            [source("ravdess", "audio", RAVDESS, people=(3, 0, 2))],
            {"audio": 1.0},
            {},
            "ravdess: no donor of audio for anger and .* in valid",
        ),
        (
            [source("odd", "audio", EmotionSchema("odd", ("envy", "bored")))],
            {"audio": 1.0},
            {},
            "odd: no utterance has audio features and an emotion of meld-7",
        ),
    ],
)
def test_what_cannot_be_composed_is_told(audio, reliability, missing, message):
    with pytest.raises(InputError, match=message):
        compose(text_corpus(), audio, [], casting=Casting(reliability), missing=missing, seed=0)
    with pytest.raises(InputError, match="seed -1"):
        compose(text_corpus(), [VOICES], [], casting=Casting({"audio": 1.0}), seed=-1)
