"""What is played: who speaks when, with which emotion, and what each modality shows of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from synctva.data.made.playhouse.people import Person, cast
from synctva.data.made.playhouse.sentences import COLOURED, PLAIN, SETTINGS, Setting
from synctva.dialogue import SPLITS
from synctva.emotions import MODALITIES, schema_named
from synctva.errors import InputError

EMOTIONS = schema_named("meld-7").emotions

MELD_RATES: Mapping[str, float] = MappingProxyType(
    {
        "neutral": 0.47,
        "surprise": 0.12,
        "fear": 0.027,
        "sadness": 0.073,
        "joy": 0.168,
        "disgust": 0.026,
        "anger": 0.116,
    }
)
"""How often each emotion occurs at an imbalance of 1: about as in MELD."""

OTHER_SPEAKER = 0.8
"""How often the next turn is another speaker's."""
INERTIA = 0.35
"""How often speakers still express the same as in their own last turn."""
CONTAGION = 0.2
"""How often speakers catch the emotion of the turn before; else it comes of its own accord."""
PLAIN_RATE = 0.25
"""How often a sentence is one that fits any emotion."""
TURNS = (4, 10)
"""Least and most turns of a dialogue."""


@dataclass(frozen=True)
class Production:
    """Everything that decides what is played and how it is filmed.

    Attributes:
        dialogues: How many for ``train``, ``valid`` and ``test``.
        seed: Decides people, scenes and noise.
        reliability: Modality -> how often it shows the utterance's emotion; else it shows another
            one, each of the six equally often.
        imbalance: 0 = all emotions equally often, 1 = as in MELD; above 1 = the rare ones rarer.
        noise: In sound and picture; 0 = none, 1 = as in a living room.
        missing: Modality -> how often it is missing: no words in the table, no sound or no
            pictures in the clip. An utterance that lacks sound and pictures has no clip; nothing
            ever lacks all three, for then it has its words.
    """

    dialogues: tuple[int, int, int] = (40, 8, 12)
    seed: int = 0
    reliability: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(MODALITIES, 0.7))
    imbalance: float = 1.0
    noise: float = 1.0
    missing: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = [self.seed, self.imbalance, self.noise, *self.dialogues]
        shares = [*self.reliability.values(), *self.missing.values()]
        if not all(count >= 0 for count in counts) or not sum(self.dialogues):
            raise InputError(
                f"playhouse: seed {self.seed}, imbalance {self.imbalance}, noise {self.noise} and"
                f" dialogues {self.dialogues} must not be negative, and dialogues not all 0"
            )
        if set(self.reliability) != set(MODALITIES) or not set(self.missing) <= set(MODALITIES):
            raise InputError(
                f"playhouse: reliability needs {', '.join(MODALITIES)}, and missing some of them;"
                f" they are for {', '.join(self.reliability)} and {', '.join(self.missing)}"
            )
        if not all(0 <= share <= 1 for share in shares):
            raise InputError(f"playhouse: {shares} must all be rates from 0 to 1")

    @property
    def rates(self) -> np.ndarray:
        """How often each emotion occurs, in the order of EMOTIONS."""
        rates = np.array([MELD_RATES[e] for e in EMOTIONS]) ** self.imbalance
        return rates / rates.sum()


@dataclass(frozen=True)
class Line:
    """An utterance as it is to be played.

    Attributes:
        turn: Its number in the dialogue.
        speaker: Who says it.
        listener: Who is spoken to.
        emotion: What the speaker expresses.
        shown: Modality -> the emotion that it shows.
        text: The words.
        missing: Modalities that are left out.
    """

    turn: int
    speaker: Person
    listener: Person
    emotion: str
    shown: Mapping[str, str]
    text: str
    missing: frozenset[str]

    @property
    def filmed(self) -> bool:
        """Whether there is a clip of it."""
        return not {"audio", "visual"} <= self.missing


@dataclass(frozen=True)
class Scene:
    """A dialogue as it is to be played, in its split under its number there."""

    split: str
    number: int
    setting: Setting
    lines: tuple[Line, ...]


def write_scenes(production: Production) -> list[Scene]:
    """Returns all scenes; one depends on the production, its split and its number only."""
    return [
        _write_scene(production, split, number)
        for split, count in zip(SPLITS, production.dialogues, strict=True)
        for number in range(count)
    ]


def _write_scene(production: Production, split: str, number: int) -> Scene:
    rng = np.random.default_rng((production.seed, 2, SPLITS.index(split), number))
    people = cast(production.seed, split)
    players = [people[i] for i in rng.permutation(len(people))[: rng.integers(2, 4)]]
    setting = SETTINGS[rng.integers(len(SETTINGS))]
    felt: dict[str, str] = {}
    lines: list[Line] = []
    said: set[str] = set()
    for turn in range(rng.integers(TURNS[0], TURNS[1] + 1)):
        before = lines[-1] if lines else None
        speaker, listener = _who(rng, players, before)
        emotion = _feel(rng, production, felt.get(speaker.name), before)
        felt[speaker.name] = emotion
        shown = {m: _shown(rng, emotion, production.reliability[m]) for m in MODALITIES}
        text = _say(rng, shown["text"], said)
        said.add(text)
        words = text.format(name=listener.name, **vars(setting))
        missing = _missing(rng, production)
        lines.append(Line(turn, speaker, listener, emotion, shown, _capital(words), missing))
    return Scene(split, number, setting, tuple(lines))


def _who(
    rng: np.random.Generator, players: list[Person], before: Line | None
) -> tuple[Person, Person]:
    """Returns who speaks, and to whom."""
    last = before.speaker if before else None
    stays = last is not None and rng.random() >= OTHER_SPEAKER
    speaker = last if stays and last else _one(rng, [p for p in players if p != last])
    if last and last != speaker:
        return speaker, last
    return speaker, _one(rng, [p for p in players if p != speaker])


def _one(rng: np.random.Generator, people: list[Person]) -> Person:
    return people[rng.integers(len(people))]


def _feel(
    rng: np.random.Generator, production: Production, own: str | None, before: Line | None
) -> str:
    """Returns an emotion; moods are only passed on, so that in the long run each has its rate."""
    way = rng.random()
    drawn = EMOTIONS[rng.choice(len(EMOTIONS), p=production.rates)]
    if own is not None and way < INERTIA:
        return own
    if before is not None and INERTIA <= way < INERTIA + CONTAGION:
        return before.emotion
    return drawn


def _shown(rng: np.random.Generator, emotion: str, reliability: float) -> str:
    others = [e for e in EMOTIONS if e != emotion]
    other = others[rng.integers(len(others))]
    return emotion if rng.random() < reliability else other


def _say(rng: np.random.Generator, emotion: str, said: set[str]) -> str:
    """Returns a sentence for an emotion that was not said in this scene before."""
    choices = PLAIN if rng.random() < PLAIN_RATE else COLOURED[emotion]
    fresh = [sentence for sentence in choices if sentence not in said]
    return (fresh or list(choices))[rng.integers(len(fresh or choices))]


def _missing(rng: np.random.Generator, production: Production) -> frozenset[str]:
    draws = dict(zip(MODALITIES, rng.random(len(MODALITIES)), strict=True))
    lost = {m for m, draw in draws.items() if draw < production.missing.get(m, 0.0)}
    return frozenset(lost if len(lost) < len(MODALITIES) else lost - {"text"})


def _capital(sentence: str) -> str:
    """Returns the sentence with a capital at its start and after a full stop or question mark."""
    letters = list(sentence)
    for place in range(len(letters)):
        if place == 0 or "".join(letters[place - 2 : place]) in ("? ", ". ", "! "):
            letters[place] = letters[place].upper()
    return "".join(letters)
