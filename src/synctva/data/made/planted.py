"""A generated conversation corpus whose structure is planted, so that its ceiling is known.

Emotions follow a Markov chain over the turns. After a turn of another speaker an emotion is often
the reaction to it (anger makes sad, joy delights); after a turn of the same speaker it often lasts.
Fear and disgust are rare.

Every modality shows one of three signs: nothing (0), or one of two others (1, 2). Each couple of
emotions is told apart by one pair of modalities only, so that each pair is needed:

- joy and anger by audio and visual, surprise and sadness by text and visual: one of the two when
  the signs agree, the other when they differ. Either modality alone looks the same for both.
- fear and disgust by text and audio: each of the two signs is also another emotion's.

A sign slips to a random one now and then, and a modality is sometimes absent. The features are the
sign's fixed prototype and Gaussian noise. All of it is a hidden Markov model with known numbers, so
``bayes_probabilities`` is exact: what the best possible classifier knows about each utterance.

Source: none, the corpus is our own; Rabiner (1989), section III, for the forward-backward sums.
"""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Int

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import SPLITS, Dialogue, Utterance
from synctva.emotions import MODALITIES, schema_named
from synctva.errors import InputError

SCHEMA = schema_named("meld-7")
DIMS: Mapping[str, int] = MappingProxyType({"text": 32, "audio": 24, "visual": 16})

SIGNS = 3
SLIP = 0.1
"""How often a modality shows a random sign (possibly the right one)."""
PROTOTYPE_LENGTH = 8.0
"""Length of a sign's prototype, in standard deviations of the noise."""

OTHER_SPEAKER = 0.7
"""How often the next turn is another speaker's."""
RESPONSE = 0.65
"""How often an emotion responds to the turn before; else it comes of its own accord."""

OWN_ACCORD: Mapping[str, float] = MappingProxyType(
    {
        "neutral": 0.27,
        "surprise": 0.17,
        "fear": 0.035,
        "sadness": 0.11,
        "joy": 0.155,
        "disgust": 0.06,
        "anger": 0.20,
    }
)
REACTIONS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "neutral": {"neutral": 1.0},
        "surprise": {"joy": 0.7, "surprise": 0.3},
        "fear": {"surprise": 0.8, "fear": 0.2},
        "sadness": {"neutral": 0.7, "sadness": 0.3},
        "joy": {"joy": 0.6, "surprise": 0.4},
        "disgust": {"anger": 1.0},
        "anger": {"sadness": 0.6, "anger": 0.3, "fear": 0.1},
    }
)
"""What another speaker's turn calls forth; a speaker's own emotion calls forth itself."""

EXPRESSIONS: Mapping[str, tuple[tuple[int, int, int], ...]] = MappingProxyType(
    {
        "neutral": ((0, 0, 0),),
        "joy": ((0, 1, 1), (0, 2, 2)),
        "anger": ((0, 1, 2), (0, 2, 1)),
        "surprise": ((1, 0, 1), (2, 0, 2)),
        "sadness": ((1, 0, 2), (2, 0, 1)),
        "fear": ((1, 1, 0),),
        "disgust": ((2, 2, 0),),
    }
)
"""The signs in text, audio and visual by which an emotion shows; equally often each."""

_OWN_ACCORD = np.array([OWN_ACCORD[emotion] for emotion in SCHEMA.emotions])
_REACTION = np.array(
    [[REACTIONS[before].get(e, 0.0) for e in SCHEMA.emotions] for before in SCHEMA.emotions]
)
_AFTER_OTHER = RESPONSE * _REACTION + (1 - RESPONSE) * _OWN_ACCORD
_AFTER_SAME = RESPONSE * np.eye(len(SCHEMA)) + (1 - RESPONSE) * _OWN_ACCORD
_STEP = OTHER_SPEAKER * _AFTER_OTHER + (1 - OTHER_SPEAKER) * _AFTER_SAME
RATES = np.linalg.matrix_power(_STEP, 100)[0]
"""How often each emotion occurs, at any turn: where the chain settles."""


def planted_corpus(
    seed: int = 0, dialogues: tuple[int, int, int] = (400, 60, 120), missing: float = 0.1
) -> Corpus:
    """Returns the generated corpus, with features of all three modalities.

    A dialogue depends on the seed, its number and ``missing`` only: a larger test split begins with
    the smaller one, and the emotions are the same at every missing rate.

    Args:
        seed: Decides the prototypes and the dialogues.
        dialogues: How many for ``train``, ``valid`` and ``test``.
        missing: How often an utterance lacks a modality, for each modality on its own.

    Raises:
        InputError: The seed or a count is negative, all are zero, or the rate is outside 0 to 1.
    """
    if min(seed, *dialogues) < 0 or sum(dialogues) == 0 or not 0 <= missing <= 1:
        raise InputError(
            f"planted corpus: seed {seed} must not be negative, dialogues {dialogues} must be"
            f" counts of {', '.join(SPLITS)}, and missing {missing} a rate from 0 to 1"
        )
    splits = [split for split, count in zip(SPLITS, dialogues, strict=True) for _ in range(count)]
    prototypes = _prototypes(seed)
    drawn, values, present = [], {m: [] for m in MODALITIES}, []
    for number, split in enumerate(splits):
        rng = np.random.default_rng((seed, 1, number))
        dialogue = _draw_dialogue(rng, f"planted-{number:05d}", split)
        signs = _draw_signs(rng, [utterance.emotion for utterance in dialogue.utterances])
        for i, m in enumerate(MODALITIES):
            noise = rng.standard_normal((len(signs), DIMS[m]))
            values[m].append(prototypes[m][signs[:, i]] + noise)
        present.append(rng.random(signs.shape) >= missing)
        drawn.append(dialogue)
    there = np.concatenate(present)
    features = {
        m: _features(np.concatenate(values[m]), there[:, i], seed) for i, m in enumerate(MODALITIES)
    }
    return Corpus("planted", SCHEMA, tuple(drawn), features)


def bayes_probabilities(
    corpus: Corpus, modalities: tuple[str, ...] = MODALITIES, *, context: bool = True
) -> Float[np.ndarray, "utterance emotion"]:
    """Returns the exact probability of each emotion given all that a model may see.

    That is the features of these modalities over the whole dialogue and who speaks when; the
    corpus's emotions are never looked at. The likeliest emotion of each row is right most often in
    the long run: its score on these very utterances is their ceiling. It maximises accuracy; the
    best weighted or macro F1 may lie a little above.

    Args:
        corpus: A planted corpus or some dialogues of one, generated here or read from a store.
        modalities: Those to use; without any, only the speakers are known.
        context: False = every utterance on its own, as if it were the only one.

    Raises:
        InputError: The features of one of the modalities are not planted ones.
    """
    signs = {m: _sign_likelihood(_planted(corpus, m), m) for m in modalities}
    likelihood = np.empty((len(corpus), len(SCHEMA)))
    for number, emotion in enumerate(SCHEMA.emotions):
        expressed = [
            np.prod([signs[m][:, shown[MODALITIES.index(m)]] for m in modalities], axis=0)
            for shown in EXPRESSIONS[emotion]
        ]
        likelihood[:, number] = np.mean(expressed, axis=0)
    if not context:
        alone = likelihood * RATES
        return alone / alone.sum(axis=1, keepdims=True)
    first = 0
    for dialogue in corpus.dialogues:
        rows = slice(first, first + len(dialogue.utterances))
        likelihood[rows] = _smoothed(dialogue, likelihood[rows])
        first = rows.stop
    return likelihood


def _prototypes(seed: int) -> dict[str, Float[np.ndarray, "sign dim"]]:
    """Returns orthogonal prototypes of the signs of each modality."""
    rng = np.random.default_rng((seed, 0))
    bases = {m: np.linalg.qr(rng.standard_normal((dim, SIGNS))).Q for m, dim in DIMS.items()}
    return {m: PROTOTYPE_LENGTH * basis.T for m, basis in bases.items()}


def _draw_dialogue(rng: np.random.Generator, id: str, split: str) -> Dialogue:
    names = ("Ada", "Ben", "Cem")[: rng.integers(2, 4)]
    speaker = 0
    emotion = rng.choice(len(SCHEMA), p=RATES)
    utterances = []
    for turn in range(rng.integers(4, 15)):
        if turn and rng.random() < OTHER_SPEAKER:
            speaker = (speaker + rng.integers(1, len(names))) % len(names)
            emotion = rng.choice(len(SCHEMA), p=_AFTER_OTHER[emotion])
        elif turn:
            emotion = rng.choice(len(SCHEMA), p=_AFTER_SAME[emotion])
        utterances.append(Utterance(turn, names[speaker], emotion=SCHEMA.emotions[emotion]))
    return Dialogue(id, split, tuple(utterances))


def _draw_signs(
    rng: np.random.Generator, emotions: list[str | None]
) -> Int[np.ndarray, "utterance modality"]:
    choices = [EXPRESSIONS[emotion] for emotion in emotions if emotion]
    shown = np.array([choice[rng.integers(len(choice))] for choice in choices])
    slips = rng.random(shown.shape) < SLIP
    return np.where(slips, rng.integers(SIGNS, size=shown.shape), shown)


def _features(
    values: Float[np.ndarray, "utterance dim"], present: Bool[np.ndarray, " utterance"], seed: int
) -> Features:
    values = np.where(present[:, None], values, 0.0).astype(np.float32)
    return Features(values, present, Description("planted", version="1", settings={"seed": seed}))


def _planted(corpus: Corpus, modality: str) -> Features:
    features = corpus.features.get(modality)
    if features is None or features.description.maker != "planted":
        made = "missing" if features is None else f"made by {features.description.name!r}"
        raise InputError(
            f"{corpus.name}: the {modality} features are {made}, not planted, so their ceiling is"
            " unknown; use a corpus from planted_corpus"
        )
    return features


def _sign_likelihood(features: Features, modality: str) -> Float[np.ndarray, "utterance sign"]:
    """Returns how likely the features are for each intended sign, up to a factor per utterance."""
    prototypes = _prototypes(int(features.description.settings["seed"]))[modality]
    nearness = features.values @ prototypes.T  # the prototypes are equally long
    shown = np.exp(nearness - nearness.max(axis=1, keepdims=True))
    shown[~features.present] = 1.0
    return (1 - SLIP) * shown + SLIP * shown.mean(axis=1, keepdims=True)


def _smoothed(
    dialogue: Dialogue, likelihood: Float[np.ndarray, "turn emotion"]
) -> Float[np.ndarray, "turn emotion"]:
    """Returns the probabilities given all turns: forward times backward."""
    speakers = [utterance.speaker for utterance in dialogue.utterances]
    steps = [
        _AFTER_SAME if before == after else _AFTER_OTHER for before, after in pairwise(speakers)
    ]
    forward = [RATES * likelihood[0]]
    for step, now in zip(steps, likelihood[1:], strict=True):
        forward.append((forward[-1] / forward[-1].sum()) @ step * now)
    backward = [np.ones(len(SCHEMA))]
    for step, after in zip(reversed(steps), likelihood[:0:-1], strict=True):
        backward.append(step @ (after * backward[-1] / backward[-1].sum()))
    both = np.array(forward) * np.array(backward[::-1])
    return both / both.sum(axis=1, keepdims=True)
