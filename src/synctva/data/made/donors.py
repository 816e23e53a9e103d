"""Donors: recorded utterances that lend their features to utterances of a composed corpus."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from synctva.corpus import Corpus, Features
from synctva.dialogue import SPLITS, Utterance
from synctva.emotions import EmotionSchema
from synctva.errors import InputError

COUNTED_AS = {"calm": "neutral"}
"""Emotions that count as another where the schema lacks them: RAVDESS has two kinds of neutral."""


@dataclass(frozen=True)
class Donor:
    """An utterance of a source that may lend its features.

    Attributes:
        source: The source's name.
        person: Who is heard in it; empty where people are not known, as in pictures.
        split: The source's split.
        emotion: Its emotion, as the composed corpus calls it.
        utterance: The utterance, with the path of its recording.
    """

    source: str
    person: str
    split: str
    emotion: str
    utterance: Utterance


@dataclass(frozen=True)
class Donors:
    """All donors of a modality.

    Attributes:
        all: The donors.
        features: Their features, in the same order.
        repeated: How many recordings are no donors because they stand in an earlier split as well.
        words: The text features of what donors of voices say; None where a source has none.
    """

    all: tuple[Donor, ...]
    features: Features
    repeated: int
    words: Features | None = None

    def emotions(self, split: str) -> set[str]:
        """Returns the emotions that the donors of a split have."""
        return {donor.emotion for donor in self.all if donor.split == split}


def donors_of(modality: str, sources: Sequence[Corpus], schema: EmotionSchema) -> Donors:
    """Returns the utterances of the sources that have the modality and an emotion of the schema.

    Raises:
        InputError: A source has no features of the modality, or of another extractor or width than
            the first one's; two sources have one name; a voice is in two splits; or there is
            no donor at all.
    """
    first = sources[0]
    found: list[Donor] = []
    values, flags, said = [], [], []
    split_of: dict[bytes, str] = {}
    repeated = 0
    for source in sources:
        features = _features(source, modality, first)
        if sum(other.name == source.name for other in sources) > 1:
            raise InputError(
                f"{source.name}: named twice among the {modality} sources; name it once"
            )
        if modality == "audio":
            _check_people(source)
        called = names_in(schema, source.schema)
        pairs = list(source.utterances())
        for row in sorted(range(len(pairs)), key=lambda row: SPLITS.index(pairs[row][0].split)):
            dialogue, utterance = pairs[row]
            emotion = called.get(utterance.emotion or "")
            if emotion is None or not features.present[row]:
                continue
            if (
                split_of.setdefault(features.values[row].tobytes(), dialogue.split)
                != dialogue.split
            ):
                repeated += 1
                continue
            person = f"{source.name}/{utterance.speaker}" if modality == "audio" else ""
            found.append(Donor(source.name, person, dialogue.split, emotion, utterance))
            values.append(features.values[row])
            flags.append(features.flags[row] if features.flags else "")
            said.append((source.features.get("text"), row))
    if not found:
        raise InputError(
            f"{', '.join(source.name for source in sources)}: no utterance has {modality} features"
            f" and an emotion of {schema.name}; name other sources"
        )
    lent = Features(
        np.array(values),
        np.ones(len(values), dtype=np.bool_),
        first.features[modality].description,
        tuple(flags) if any(flags) else (),
    )
    return Donors(tuple(found), lent, repeated, _words(said) if modality == "audio" else None)


def names_in(schema: EmotionSchema, own: EmotionSchema) -> dict[str, str | None]:
    """Returns what a schema calls the emotions of a source; None = it has no such emotion."""
    counted = EmotionSchema("counted", (*COUNTED_AS, *COUNTED_AS.values())).mapping(schema)
    found = own.mapping(schema)
    return {e: name or counted.get(COUNTED_AS.get(e.lower(), "")) for e, name in found.items()}


def dealt(
    donors: Donors, split: str, count: int, rng: np.random.Generator
) -> Int[np.ndarray, " dealt"]:
    """Returns the numbers of so many donors of a split, of each emotion equally many.

    Args:
        donors: All donors of the modality.
        split: Theirs.
        count: How many; rounded down to a multiple of the emotions that they have.
        rng: Decides.
    """
    decks: dict[str, _Deck] = {}
    for number, donor in enumerate(donors.all):
        if donor.split == split:
            decks.setdefault(donor.emotion, _Deck(rng)).donors.append(number)
    each = count // max(len(decks), 1)
    chosen = [deck.deal() for _, deck in sorted(decks.items()) for _ in range(each)]
    return np.array(chosen, dtype=np.int64)


def cast(
    donors: Donors,
    split: str,
    wanted: Sequence[str | None],
    roles: Sequence[tuple[str, str]],
    rng: np.random.Generator,
) -> Int[np.ndarray, " utterance"]:
    """Returns the number of a donor for each utterance of a split; -1 where none is wanted.

    Args:
        donors: All donors of the modality; of the split, one or more with each wanted emotion.
        split: The utterances' split.
        wanted: The emotion that each utterance's donor must have.
        roles: The dialogue and the speaker of each utterance: whoever is to keep one voice.
        rng: Decides.
    """
    decks: dict[str, dict[str, _Deck]] = {}
    for number, donor in enumerate(donors.all):
        if donor.split == split:
            deck = decks.setdefault(donor.person, {}).setdefault(donor.emotion, _Deck(rng))
            deck.donors.append(number)
    rows_of: dict[tuple[str, str], list[int]] = {}
    for row, role in enumerate(roles):
        if wanted[row] is not None:
            rows_of.setdefault(role, []).append(row)
    people = list(decks.values())
    chosen = np.full(len(wanted), -1)
    for rows in rows_of.values():
        shuffled = [people[number] for number in rng.permutation(len(people))]
        able = [sum(wanted[row] in person for row in rows) for person in shuffled]
        ablest = [shuffled[number] for number in np.argsort(np.negative(able), kind="stable")]
        for row in rows:
            emotion = wanted[row] or ""
            chosen[row] = next(person[emotion] for person in ablest if emotion in person).deal()
    return chosen


def recording_of(heard: Utterance) -> str | None:
    """Returns the path of a recording that is this utterance's audio and nothing else."""
    whole_file = heard.start_s is None and heard.end_s is None
    return heard.audio_media or (heard.media if whole_file else None)


class _Deck:
    """Donors dealt in random order, none again before all others were dealt as often."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.donors: list[int] = []
        self._rng = rng
        self._left: list[int] = []

    def deal(self) -> int:
        """Returns the next donor."""
        if not self._left:
            self._left = self._rng.permutation(self.donors).tolist()
        return self._left.pop()


def _features(source: Corpus, modality: str, first: Corpus) -> Features:
    """Returns the features of a source, which must be made as those of the first one."""
    features = source.features.get(modality)
    if features is None:
        raise InputError(
            f"{source.name}: no {modality} features to lend; extract them with `synctva features`"
        )
    known = first.features[modality]
    if features.fingerprint != known.fingerprint:
        raise InputError(
            f"{source.name}: {features.dim} {modality} features of {features.description.name}"
            f" ({features.fingerprint}), but {first.name} has {known.dim} of"
            f" {known.description.name} ({known.fingerprint}); extract both with the"
            " same extractor and settings"
        )
    return features


def _words(said: Sequence[tuple[Features | None, int]]) -> Features | None:
    """Returns the text features of utterances, each a row of its source's, if it has any.

    Raises:
        InputError: Two sources have those of different extractors.
    """
    known = next((features for features, _ in said if features is not None), None)
    if known is None:
        return None
    values = np.zeros((len(said), known.dim), np.float32)
    present = np.zeros(len(said), np.bool_)
    for place, (features, row) in enumerate(said):
        if features is not None and features.fingerprint != known.fingerprint:
            raise InputError(
                "sources of voices with different text features; extract all of them with the same"
                " extractor and settings, or without words (`--set modalities=audio`)"
            )
        if features is not None and features.present[row]:
            values[place], present[place] = features.values[row], True
    return Features(values, present, known.description)


def _check_people(source: Corpus) -> None:
    splits: dict[str, str] = {}
    for dialogue, utterance in source.utterances():
        split = splits.setdefault(utterance.speaker, dialogue.split)
        if split != dialogue.split:
            raise InputError(
                f"{source.name}: the voice {utterance.speaker!r} is in two splits ({split} and"
                f" {dialogue.split}); split the source by speaker, so that test voices are unheard"
            )
