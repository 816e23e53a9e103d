"""The doctor finds what is wrong, and finds nothing where nothing is."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from synctva.corpus import Corpus, Description, Features
from synctva.data.checks.check import check
from synctva.data.checks.official import counts
from synctva.data.corpora import meld
from synctva.dialogue import SPLITS, Dialogue, Utterance
from synctva.emotions import SCHEMAS, schema_named

WORDS = "one two three four five six seven"


def healthy() -> Corpus:
    """Fifteen dialogues of two turns in all splits, with audio features."""
    dialogues = tuple(
        Dialogue(
            f"d{n}",
            ("train", "valid", "test")[n % 3],
            (
                Utterance(0, "x", f"{WORDS} {n}", "negative", 0.0, 1.0),
                Utterance(1, "y", f"{WORDS} {n}", "positive", 1.0, 2.5),
            ),
        )
        for n in range(15)
    )
    values = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    audio = Features(values, np.ones(30, np.bool_), Description("own"))
    return Corpus("own", SCHEMAS["mosi-2"], dialogues, {"audio": audio})


def with_turn(corpus: Corpus, dialogue: int, **changes) -> Corpus:
    """Returns the corpus with the first turn of a dialogue changed."""
    changed = list(corpus.dialogues)
    first, *rest = changed[dialogue].utterances
    turns = (replace(first, **changes), *rest)
    changed[dialogue] = replace(changed[dialogue], utterances=turns)
    return replace(corpus, dialogues=tuple(changed))


def with_audio(corpus: Corpus, values: np.ndarray, present: np.ndarray | None = None) -> Corpus:
    here = np.ones(30, np.bool_) if present is None else present
    return replace(corpus, features={"audio": Features(values, here, Description("own"))})


def serious(corpus: Corpus) -> list[tuple[str, str, str]]:
    return [(f.severity, f.place, f.message) for f in check(corpus) if f.severity != "note"]


def test_a_healthy_corpus_gets_notes_only():
    assert serious(healthy()) == []
    assert {finding.place for finding in check(healthy())} >= {"text", "audio", "visual"}


def test_an_empty_split_and_an_unlearnable_emotion_are_errors():
    corpus = healthy()
    no_valid = corpus.select(d.id for d in corpus.dialogues if d.split != "valid")
    assert [found[:2] for found in serious(no_valid)] == [("error", "valid")]
    for number in range(0, 15, 3):
        corpus = with_turn(corpus, number, emotion="positive")
    assert [found[:2] for found in serious(corpus)] == [("error", "train negative")]


def test_few_dialogues_to_validate_or_test_on_are_warned_of():
    corpus = healthy()
    fewer = [d.id for d in corpus.dialogues if d.id != "d14" and d.split != "train"]
    few = corpus.select(["d0", "d3", *fewer])
    ((severity, place, message),) = serious(few)
    assert (severity, place) == ("warning", "test")
    assert "scores on 4 of 11 dialogues mean little" in message


def test_a_copy_in_another_split_is_an_error_and_within_a_split_a_note():
    corpus = healthy()
    copies = [
        replace(corpus.dialogues[n], utterances=corpus.dialogues[0].utterances) for n in (1, 3)
    ]
    dialogues = (corpus.dialogues[0], copies[0], corpus.dialogues[2], copies[1])
    leaky = replace(corpus, dialogues=dialogues, features={})
    severity, place, message = serious(leaky)[0]
    assert (severity, place) == ("error", "d1 (valid)")
    assert "a copy of d0 (train)" in message
    assert any("d3 as d0 (train)" in finding.place for finding in check(leaky))


CHANGES = {
    "speakers": lambda turns: [replace(u, speaker=f"{u.speaker} again") for u in turns],
    "capitals and signs": lambda turns: [replace(u, text=f"{u.text}!".upper()) for u in turns],
    "first turn": lambda turns: [replace(turns[0], text="Else."), *turns[1:]],
    "without the first turn": lambda turns: turns[1:],
    "without the last turn": lambda turns: turns[:-1],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_copy_with_small_changes_is_a_copy(change: Callable):
    corpus = replace(healthy(), features={})
    third = Utterance(2, "x", "And the third turn ends it.", "negative")
    first = replace(corpus.dialogues[0], utterances=(*corpus.dialogues[0].utterances, third))
    copy = replace(corpus.dialogues[1], utterances=tuple(change(list(first.utterances))))
    told = serious(replace(corpus, dialogues=(first, copy, *corpus.dialogues[2:])))
    assert [place for severity, place, _ in told if severity == "error"] == ["d1 (valid)"]


def test_one_sentence_of_several_speakers_is_no_copy_but_of_one_speaker_is():
    sentence = " ".join(["word"] * 12)
    for speakers, copies in ((("x", "y", "z"), 0), (("x", "x", "z"), 1)):
        dialogues = tuple(
            Dialogue(split, split, (Utterance(0, speaker, sentence, "positive"),))
            for split, speaker in zip(SPLITS, speakers, strict=True)
        )
        told = serious(Corpus("own", SCHEMAS["mosi-2"], dialogues))
        assert sum("a copy of" in message for _, _, message in told) == copies


def test_one_recording_in_several_splits_is_warned_of_but_not_its_parts(tmp_path):
    sound = tmp_path / "a.wav"
    sound.touch()
    parts = whole = replace(healthy(), features={})
    for number in range(3):
        whole = with_turn(whole, number, media=str(sound), start_s=None, end_s=None)
        parts = with_turn(parts, number, media=str(sound), start_s=number, end_s=number + 1)
    told = [found for found in serious(whole) if "part of a recording" in found[2]]
    ((severity, place, message),) = told
    assert (severity, place) == ("warning", "d1 turn 0 (valid), d2 turn 0 (test)")
    assert message.startswith("2 utterances")
    assert not any("part of a recording" in message for _, _, message in serious(parts))


def test_features_of_another_split_are_warned_of_but_not_absent_or_silent_ones():
    corpus = healthy()
    values = corpus.features["audio"].values.copy()
    values[2] = values[0]
    ((severity, place, message),) = serious(with_audio(corpus, values))
    assert (severity, place) == ("warning", "d1 turn 0 (valid)")
    assert message.startswith("1 utterances have the same audio features")
    flags = tuple("silent" if row in (0, 2) else "" for row in range(30))
    silent = Features(values, np.ones(30, np.bool_), Description("own"), flags)
    assert serious(replace(corpus, features={"audio": silent})) == []


def test_text_features_are_compared_by_dialogue_where_there_are_no_words():
    corpus = healthy()
    values = corpus.features["audio"].values.copy()
    values[2:4] = values[0:2]  # a copied dialogue
    values[5] = values[1]  # the same sentence
    text = {"text": Features(values, np.ones(30, np.bool_), Description("own"))}
    assert serious(replace(corpus, features=text)) == []
    wordless = tuple(
        replace(d, utterances=tuple(replace(u, text=None) for u in d.utterances))
        for d in corpus.dialogues
    )
    corpus = replace(corpus, dialogues=wordless)
    ((_, place, message),) = serious(replace(corpus, features=text))
    assert place == "d1 (valid)"
    assert message.startswith("1 dialogues have the same text features")


@pytest.mark.parametrize(
    ("split", "severity"), [("train", "error"), ("valid", "error"), ("test", "warning")]
)
def test_a_split_without_any_emotion_is_told(split: str, severity: str):
    corpus = healthy()
    blank = tuple(
        replace(d, utterances=tuple(replace(u, emotion=None) for u in d.utterances))
        if d.split == split
        else d
        for d in corpus.dialogues
    )
    assert [found[:2] for found in serious(replace(corpus, dialogues=blank))] == [(severity, split)]


def test_short_dialogues_with_the_same_words_are_no_copies():
    dialogues = tuple(
        Dialogue(
            f"d{n}", split, (Utterance(0, "x", "Hi!", "positive"), Utterance(1, "y", "No.", e))
        )
        for n, (split, e) in enumerate([("train", "negative"), ("valid", None), ("test", None)])
    )
    corpus = Corpus("own", SCHEMAS["mosi-2"], dialogues)
    assert not any("copy" in message for _, _, message in serious(corpus))
    assert any("2 of 6 are unlabelled" in finding.message for finding in check(corpus))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"text": None}, "1 utterances without text"),
        ({"text": "  "}, "1 utterances without text"),
        ({"text": "donâ€™t"}, "1 texts were read in a wrong encoding"),
        ({"text": "don\x92t"}, "1 texts were read in a wrong encoding"),
        ({"end_s": 300.0}, "1 utterances longer than 60 s"),
        ({"end_s": 0.0}, "1 utterances end as they start"),
    ],
)
def test_odd_utterances_are_warned_of_with_their_place(changes: dict, told: str):
    ((severity, place, message),) = serious(with_turn(healthy(), 4, **changes))
    assert severity == "warning"
    assert place.startswith("d4 turn 0")
    assert told in message


def test_odd_features_are_warned_of():
    corpus = healthy()
    values = corpus.features["audio"].values.copy()
    values[:, 1] = 4.0
    ((_, place, message),) = serious(with_audio(corpus, values))
    assert (place, message) == ("audio", "1 columns are the same in every utterance")
    values = corpus.features["audio"].values.copy()
    values[5] = 0.0
    ((_, place, message),) = serious(with_audio(corpus, values))
    assert "1 utterances are all zeros" in message


def test_missing_features_are_counted_and_a_split_without_any_is_an_error():
    corpus = healthy()
    present = np.ones(30, np.bool_)
    present[5] = False
    values = np.where(present[:, None], corpus.features["audio"].values, np.float32(0))
    some = with_audio(corpus, values, present)
    assert serious(some) == []
    assert any("missing in 1 utterances: d2 turn 1" in finding.message for finding in check(some))
    in_valid = np.array([d.split == "valid" for d, _ in corpus.utterances()])
    values = np.where(in_valid[:, None], np.float32(0), corpus.features["audio"].values)
    assert serious(with_audio(corpus, values, ~in_valid))[0][:2] == ("error", "valid audio")


def official_meld() -> Corpus:
    """MELD's official counts, with invented words."""
    dialogues = []
    for split, file in meld.FILES.items():
        number = meld.FACTS.dialogues[split]
        emotions = [e for e, n in meld.FACTS.utterances[split].items() for _ in range(n)]
        for dialogue in range(number):
            id = f"{file.split('_')[0]}_dia{dialogue}"
            turns = enumerate(emotions[dialogue::number])
            spoken = tuple(Utterance(t, "x", f"{id} {t}", e) for t, e in turns)
            dialogues.append(Dialogue(id, split, spoken))
    return Corpus("meld", schema_named("meld-7"), tuple(dialogues))


def test_official_counts_are_compared_and_known_defects_told():
    corpus = official_meld()
    assert serious(corpus) == []
    assert all(row.utterances == row.official for row in counts(corpus))
    told = [finding.place for finding in check(corpus) if "known defect" in finding.message]
    assert told == [
        "train_dia125 turn 3",
        "dev_dia110 turn 7",
        "test_dia38 turn 4",
        "test_dia220 turn 0",
    ]


def test_missing_and_extra_utterances_are_told():
    corpus = official_meld()
    first = corpus.dialogues[0]
    assert first.utterances[0].emotion == "neutral"
    shorter = replace(first, utterances=first.utterances[1:])
    found = serious(replace(corpus, dialogues=(shorter, *corpus.dialogues[1:])))
    assert [(place, message) for _, place, message in found] == [
        ("train neutral", "4709 utterances, officially 4710: 1 missing")
    ]
    fewer = serious(corpus.select(d.id for d in corpus.dialogues[1:]))
    assert ("warning", "train", "1037 dialogues, officially 1038") in fewer
    added = Dialogue("new", "test", (Utterance(0, "x", "y", "joy"),))
    more = serious(replace(corpus, dialogues=(*corpus.dialogues, added)))
    assert ("warning", "test joy", "403 utterances, officially 402: 1 extra") in more


def test_official_counts_bind_only_what_may_be_the_corpus():
    corpus = official_meld()
    copies = replace(corpus.dialogues[0], id="train_dia0 at 0.9")
    faster = replace(corpus, dialogues=(*corpus.dialogues, copies), origin={"speeds": [1, 0.9]})
    other = Corpus("meld", SCHEMAS["mosi-2"], healthy().dialogues)
    for one in (faster, other):
        assert not any("officially" in message for _, _, message in serious(one))
    few = corpus.select(d.id for d in corpus.dialogues if d.split != "train")
    told = [message for _, _, message in serious(few) if "officially" in message]
    assert len(told) == 1
    assert told[0].startswith("3719 utterances, officially 13708: most are missing; or it is")


def test_the_same_utterances_split_otherwise_are_told_once():
    corpus = official_meld()
    dialogues = (replace(corpus.dialogues[0], split="valid"), *corpus.dialogues[1:])
    told = [message for _, place, message in serious(replace(corpus, dialogues=dialogues))]
    assert "in another split" in told[0]
    assert told[1:] == ["1037 dialogues, officially 1038", "115 dialogues, officially 114"]


def test_sentiments_have_official_counts_too():
    corpus = official_meld()
    blank = [
        replace(d, utterances=tuple(replace(u, emotion=None) for u in d.utterances))
        for d in corpus.dialogues
    ]
    sentiments = Corpus("meld", schema_named("meld-sentiment-3"), tuple(blank))
    official = {(row.split, row.emotion): row.official for row in counts(sentiments)}
    assert official["test", "negative"] == 833
    assert official["test", None] is None
    own = Corpus("own", schema_named("meld-7"), tuple(blank))
    assert all(row.official is None for row in counts(own))
