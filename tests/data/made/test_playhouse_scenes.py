"""What is played: emotions at their rates, signs as reliable as asked for, nobody in two splits."""

from itertools import pairwise

import numpy as np
import pytest

from synctva.data.made.playhouse.looks import HAIR_STYLES
from synctva.data.made.playhouse.people import NAMES, cast
from synctva.data.made.playhouse.scenes import (
    EMOTIONS,
    MELD_RATES,
    TURNS,
    Line,
    Production,
    write_scenes,
)
from synctva.data.made.playhouse.sentences import COLOURED, PLAIN, SETTINGS
from synctva.dialogue import SPLITS
from synctva.emotions import MODALITIES
from synctva.errors import InputError

MANY = Production(
    dialogues=(400, 0, 0),
    reliability={"text": 0.9, "audio": 0.5, "visual": 1.0},
    missing={"text": 0.1, "audio": 0.3, "visual": 0.3},
)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return [line for scene in write_scenes(MANY) for line in scene.lines]


def test_a_scene_depends_on_its_number_only():
    few, more = (write_scenes(Production(dialogues=(n, 2, 2))) for n in (3, 6))
    assert few == more[:3] + more[6:]
    assert few[:3] != write_scenes(Production(dialogues=(3, 0, 0), seed=1))


def test_scenes_have_the_promised_shape():
    for scene in write_scenes(Production(dialogues=(20, 5, 5))):
        assert TURNS[0] <= len(scene.lines) <= TURNS[1]
        assert len({line.speaker.name for line in scene.lines}) <= 3
        assert all(line.speaker != line.listener for line in scene.lines)
        assert len({line.text for line in scene.lines}) == len(scene.lines)


def test_nobody_plays_in_two_splits():
    names = [name for split in SPLITS for name in NAMES[split]]
    assert len(set(names)) == len(names) == 40
    people = [person for split in SPLITS for person in cast(0, split)]
    for part in ("voice", "look"):
        assert len({getattr(person, part) for person in people}) == len(people)
    for scene in write_scenes(Production(dialogues=(10, 5, 5))):
        assert {line.speaker.name for line in scene.lines} <= set(NAMES[scene.split])


def test_everyone_can_be_drawn():
    assert {p.look.style for seed in range(5) for p in cast(seed, "train")} <= set(HAIR_STYLES)


def test_emotions_occur_as_in_meld(lines: list[Line]):
    counts = [sum(line.emotion == emotion for line in lines) for emotion in EMOTIONS]
    rates = np.array([MELD_RATES[emotion] for emotion in EMOTIONS])
    assert rates.sum() == pytest.approx(1)
    np.testing.assert_allclose(np.array(counts) / len(lines), rates, atol=0.04)


def test_without_imbalance_all_emotions_are_equally_frequent():
    even = write_scenes(Production(dialogues=(400, 0, 0), imbalance=0))
    emotions = [line.emotion for scene in even for line in scene.lines]
    np.testing.assert_allclose(
        [emotions.count(e) / len(emotions) for e in EMOTIONS], 1 / 7, atol=0.035
    )


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_modality_is_as_reliable_and_as_often_missing_as_asked_for(
    lines: list[Line], modality: str
):
    right = np.mean([line.shown[modality] == line.emotion for line in lines])
    assert right == pytest.approx(MANY.reliability[modality], abs=0.03)
    lost = np.mean([modality in line.missing for line in lines])
    assert lost == pytest.approx(MANY.missing[modality], abs=0.03)


def test_nothing_is_ever_lost_altogether(lines: list[Line]):
    assert all(len(line.missing) < len(MODALITIES) for line in lines)
    assert any(not line.filmed for line in lines)


def test_emotions_last_and_are_caught():
    scenes = write_scenes(Production(dialogues=(300, 0, 0), imbalance=0))
    pairs = [pair for scene in scenes for pair in pairwise(scene.lines)]
    same = np.mean([a.emotion == b.emotion for a, b in pairs])
    assert same > 1.5 / len(EMOTIONS)


def test_there_are_sentences_enough_and_their_gaps_are_filled(lines: list[Line]):
    assert set(COLOURED) == set(EMOTIONS)
    assert all(len(set(said)) >= 12 for said in COLOURED.values())
    assert all(vars(setting).keys() == vars(SETTINGS[0]).keys() for setting in SETTINGS)
    for line in lines:
        assert "{" not in line.text
        assert line.text[0].isupper()
    every = [sentence for said in COLOURED.values() for sentence in said] + list(PLAIN)
    assert len(set(every)) == len(every)


@pytest.mark.parametrize(
    "settings",
    [
        {"seed": -1},
        {"dialogues": (0, 0, 0)},
        {"dialogues": (1, -1, 1)},
        {"noise": -0.1},
        {"imbalance": -1.0},
        {"imbalance": float("nan")},
        {"reliability": {"text": 1.0}},
        {"reliability": {"text": 1.2, "audio": 1.0, "visual": 1.0}},
        {"missing": {"smell": 0.1}},
        {"missing": {"audio": float("nan")}},
    ],
)
def test_impossible_productions_are_refused(settings):
    with pytest.raises(InputError, match="playhouse"):
        Production(**settings)
