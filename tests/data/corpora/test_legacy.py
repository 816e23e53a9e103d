"""The field's pickles: every layout, and emotions whose numbers are stated or proven."""

import logging
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support import samples

from synctva.data.corpora.iemocap import FACTS as IEMOCAP
from synctva.data.corpora.label_order import order_of, verified_order
from synctva.data.corpora.legacy import read_legacy
from synctva.data.corpora.meld import FACTS as MELD
from synctva.errors import InputError

DIMS = {
    "iemocap-9": {"text": 5, "audio": 3, "visual": 2},
    "iemocap-12": {"text": 8, "audio": 3, "visual": 2},
    "iemocap-10": {"text": 8},
    "iemocap-6": {},
    "iemocap-6-cosmic": {},
    "meld-10": {"text": 5, "audio": 3, "visual": 2},
    "meld-13": {"text": 8, "audio": 3, "visual": 2},
    "meld-14": {"text": 8, "audio": 3, "visual": 2},
    "meld-11": {"text": 8},
}


@pytest.mark.parametrize("layout", list(samples.LEGACY))
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_each_layout_is_read_by_what_its_entries_mean(tmp_path: Path, layout: str, protocol: int):
    path = samples.write_legacy(tmp_path, layout, protocol)
    order = samples.legacy_order(layout)
    corpus = read_legacy(path, order)
    assert corpus.name == layout.split("-")[0]
    assert corpus.dims == DIMS[layout]
    dialogues, _ = samples.LEGACY[layout]
    for dialogue, (id, numbers) in zip(corpus.dialogues, dialogues.items(), strict=True):
        assert dialogue.id == str(id)
        assert [u.emotion for u in dialogue.utterances] == [order[number] for number in numbers]
        assert dialogue.utterances[0].text == f"said {id} 0"
        speakers = [u.speaker for u in dialogue.utterances]
        assert len(set(speakers)) == min(len(numbers), 9 if "meld" in layout else 2)


def test_four_layers_of_roberta_become_their_mean(tmp_path):
    corpus = read_legacy(samples.write_legacy(tmp_path, "iemocap-12"), samples.IEMOCAP_ORDER)
    text = corpus.features["text"]
    np.testing.assert_array_equal(text.values[:3, 0], [15, 16, 17])
    assert text.description.settings["layers"] == "mean of roberta1 to roberta4"


def test_a_layout_with_valid_keeps_it_and_one_without_sets_a_part_aside_and_tells(tmp_path, caplog):
    stated = read_legacy(samples.write_legacy(tmp_path, "iemocap-10"), samples.IEMOCAP_ORDER)
    assert {d.id: d.split for d in stated.dialogues} == {
        **dict.fromkeys(["S1", "S2"], "train"),
        "S3": "valid",
        "S4": "test",
    }
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        made = read_legacy(samples.write_legacy(tmp_path, "iemocap-9"), samples.IEMOCAP_ORDER)
    assert Counter(d.split for d in made.dialogues) == {"train": 2, "valid": 1, "test": 1}
    assert next(d.split for d in made.dialogues if d.id == "S4") == "test"
    assert "1 of the 3 training dialogues are set aside as valid" in caplog.text


def of_counts(facts, order, missing=0) -> dict[str, Counter[int]]:
    train, valid, test = (facts.utterances[split] for split in ("train", "valid", "test"))
    return {
        "test": Counter({n: test[e] for n, e in enumerate(order)}),
        "other": Counter({n: train[e] + valid[e] - missing for n, e in enumerate(order)}),
    }


@pytest.mark.parametrize("facts", [MELD, IEMOCAP], ids=["meld", "iemocap"])
@pytest.mark.parametrize("missing", [0, 1])
def test_any_order_that_shows_the_known_counts_is_verified(facts, missing: int):
    emotions = tuple(facts.utterances["test"])
    for order in (emotions, tuple(sorted(emotions)), emotions[::-1]):
        assert verified_order(of_counts(facts, order, missing), facts) == order
    off = of_counts(facts, emotions)
    off["test"][0] += 50
    assert verified_order(off, facts) is None
    more = of_counts(facts, emotions)
    more["test"][len(emotions)] += 1
    assert verified_order(more, facts) is None


def meld_pickle(tmp_path: Path, order: tuple[str, ...]) -> Path:
    """A pickle with MELD's true counts, its dialogues numbered as in the field."""
    numbers = {e: n for n, e in enumerate(order)}
    dialogues: dict[object, list[int]] = {}
    first = 0
    for split, count in MELD.dialogues.items():
        spoken = [numbers[e] for e, n in MELD.utterances[split].items() for _ in range(n)]
        dialogues |= {first + i: spoken[i::count] for i in range(count)}
        first += count
    train, test = list(range(1038 + 114)), list(range(1038 + 114, first))
    filled = samples.words(dialogues, "said")
    vector = np.eye(9)[0]
    tiny = speakers = samples.entry(dialogues, lambda id, turn: vector)
    path = tmp_path / "meld.pkl"
    content = (filled, speakers, dialogues, tiny, tiny, tiny, filled, train, test, 7)
    path.write_bytes(pickle.dumps(content))
    return path


def test_the_counts_decide_the_order_and_a_stated_one_must_agree(tmp_path, caplog):
    order = tuple(sorted(samples.MELD_ORDER))
    path = meld_pickle(tmp_path, order)
    corpus = read_legacy(path)
    found = Counter((d.split, u.emotion) for d, u in corpus.utterances())
    assert found == {(s, e): n for s, row in MELD.utterances.items() for e, n in row.items()}
    assert "MELD's dev split; it becomes valid" in caplog.text
    with pytest.raises(InputError, match=r"meld\.pkl: the order of emotions is stated as neutral"):
        read_legacy(path, samples.MELD_ORDER)


@pytest.mark.parametrize("facts", [MELD, IEMOCAP], ids=["meld", "iemocap"])
@pytest.mark.parametrize("lacking", ["test", "other"])
def test_a_part_that_is_whole_decides_the_order_alone(facts, lacking: str):
    emotions = tuple(facts.utterances["test"])
    counts = of_counts(facts, emotions)
    counts[lacking] = Counter({number: n // 2 for number, n in counts[lacking].items()})
    assert order_of(counts, facts, emotions)[1] == emotions
    for wrong in (emotions[::-1], (*emotions[1:], emotions[0])):
        with pytest.raises(InputError, match="the order of emotions is stated as"):
            order_of(counts, facts, wrong)
    fewer = {part: count - Counter({0: 9}) for part, count in counts.items()}
    assert order_of(fewer, facts, emotions[::-1])[1] == emotions[::-1]  # nothing proves another


def test_an_order_that_is_neither_stated_nor_proven_is_never_guessed(tmp_path):
    path = samples.write_legacy(tmp_path, "meld-10")
    with pytest.raises(
        InputError, match=r"meld-10\.pkl: .* state their order, such as --label-order neutral,s"
    ):
        read_legacy(path)


def test_a_stated_order_may_be_of_fewer_emotions(tmp_path):
    dialogues = {f"S{i}": [0, 1, 2, 3] for i in range(4)}
    path = tmp_path / "four.pkl"
    path.write_bytes(pickle.dumps(samples.legacy_content(dialogues, "iesw2X")))
    corpus = read_legacy(path, ["happy", "sad", "neutral", "angry"])
    assert corpus.schema.name == "iemocap-4"
    with pytest.raises(InputError, match="emotion 3 is none of 0 to 2"):
        read_legacy(path, ["happy", "sad", "neutral"])


def changed(tmp_path: Path, position: int, value: object) -> Path:
    content = list(samples.legacy_content(samples.IEMOCAP_DIALOGUES, "isetavw2X"))
    content[position] = value
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


VECTORS = samples.vectors(samples.IEMOCAP_DIALOGUES, 5)


@pytest.mark.parametrize(
    ("position", "value", "told"),
    [
        (8, ["S1"], "dialogue 'S1' is in two splits: train and test"),
        (8, ["S9"], "dialogue 'S9' of test has no speakers"),
        (8, [], "an empty split"),
        (3, {**VECTORS, "S1": VECTORS["S1"][:2]}, "dialogue 'S1' has 3 speakers, but 2 in 'text'"),
        (3, {"S1": VECTORS["S1"]}, "but none in 'text'"),
        (
            3,
            {**VECTORS, "S2": [np.zeros(5), np.zeros(4)]},
            "'S2': 'text' is not a table of numbers",
        ),
        (3, {**VECTORS, "S2": [np.zeros(4)] * 2}, "another width than before"),
        (3, {**VECTORS, "S2": [np.zeros(5), np.full(5, np.nan)]}, "'S2' turn 1: 'text' holds NaN"),
        (2, samples.vectors(samples.IEMOCAP_DIALOGUES, 5), "the emotions are vectors, not whole"),
        (2, samples.words(samples.IEMOCAP_DIALOGUES, "sad"), "the emotions are strings, not whole"),
        (
            2,
            samples.entry(samples.IEMOCAP_DIALOGUES, lambda *_: 1.0),
            "the emotions are scores, not whole",
        ),
        (
            2,
            samples.entry(samples.IEMOCAP_DIALOGUES, lambda _, turn: [0, 0.5, "x"][turn]),
            "dialogue 'S1' turn 1: the emotion '0.5' is not a whole number",
        ),
        (3, None, "fit no known layout"),
        (1, samples.entry(samples.IEMOCAP_DIALOGUES, lambda *_: [1, 1]), "the speaker is a row"),
    ],
)
def test_parts_that_do_not_fit_together_are_told(tmp_path, position: int, value: object, told: str):
    path = changed(tmp_path, position, value)
    with pytest.raises(InputError) as caught:
        read_legacy(path, samples.IEMOCAP_ORDER)
    assert told in str(caught.value)
    assert "bad.pkl" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_features_alone_are_told_with_their_companion(tmp_path):
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps((VECTORS, VECTORS, VECTORS)))
    with pytest.raises(InputError, match=r"bad\.pkl: features without speakers and emotions"):
        read_legacy(tmp_path / "bad.pkl")


@pytest.mark.parametrize("score", [float("nan"), float("inf"), "good", None])
def test_a_score_that_is_no_number_is_told(tmp_path: Path, score: object):
    dialogues = {id: [0, 0] for id in ("a", "b", "c")}
    scores = samples.entry(dialogues, lambda id, turn: score if (id, turn) == ("b", 1) else -1.5)
    words = samples.words(dialogues, "said")
    path = tmp_path / "mosi.pkl"
    path.write_bytes(pickle.dumps((words, scores, words, words, ["a"], ["b"], ["c"])))
    with pytest.raises(InputError, match=r"dialogue 'b' turn 1: the score '.*' is not a number"):
        read_legacy(path)


@pytest.mark.parametrize("content", [np.zeros((3, 4)), {"a": 1}, 3, [], [1, 2]])
def test_a_pickle_without_dialogues_is_told(tmp_path: Path, content: object):
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match=r"bad\.pkl: .*\.npz"):
        read_legacy(tmp_path / "bad.pkl")
