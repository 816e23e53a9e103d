"""Emotion schemas: which emotions a corpus knows, in which order, under which other names."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from synctva.errors import InputError, did_you_mean

Modality = Literal["text", "audio", "visual"]
MODALITIES: tuple[Modality, ...] = ("text", "audio", "visual")
"""The modalities, always in this order."""

_SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "joy": ("happy", "happiness", "hap", "enjoyment"),
        "sadness": ("sad",),
        "anger": ("angry", "ang", "mad"),
        "fear": ("fearful", "fea", "afraid", "scared"),
        "disgust": ("disgusted", "dis"),
        "surprise": ("surprised", "sur"),
        "neutral": ("neu", "neutrality"),
        "excited": ("exc", "excitement"),
        "frustrated": ("fru", "frustration"),
        "calm": ("cal",),
        "boredom": ("bored",),
        "positive": ("pos",),
        "negative": ("neg",),
    }
)


def _folded(spelling: str) -> str:
    return unicodedata.normalize("NFC", spelling.strip().lower())


@dataclass(frozen=True)
class EmotionSchema:
    """A named, ordered set of emotions.

    Attributes:
        name: The schema's name, such as ``meld-7``.
        emotions: Canonical names; an emotion's position is its number everywhere.

    Raises:
        InputError: An emotion is empty or named twice (in whichever case), or there are fewer
            than two.
    """

    name: str
    emotions: tuple[str, ...]
    _canonical: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        emotions = tuple(self.emotions)
        spelled = {_folded(emotion): emotion for emotion in emotions if _folded(emotion)}
        if len(emotions) < 2 or len(spelled) < len(emotions):
            raise InputError(
                f"emotion schema {self.name!r}: {list(emotions)} must be two or more different"
                " names (capitals make no difference)"
            )
        canonical = {}
        for main, others in _SPELLINGS.items():
            group = (main, *others)
            own = [spelled[name] for name in group if name in spelled]
            if len(own) == 1:
                canonical.update(dict.fromkeys(group, own[0]))
        canonical.update(spelled)
        object.__setattr__(self, "emotions", emotions)
        object.__setattr__(self, "_canonical", MappingProxyType(canonical))

    def __len__(self) -> int:
        return len(self.emotions)

    def canonical(self, spelling: str) -> str:
        """Returns the schema's own name of an emotion given in any known spelling.

        Raises:
            InputError: The schema has no such emotion; the message lists those it has.
        """
        name = self._canonical.get(_folded(spelling))
        if name is None:
            raise InputError(
                f"unknown emotion {spelling!r}: {self.name} has {', '.join(self.emotions)}."
                + did_you_mean(_folded(spelling), self._canonical)
            )
        return name

    def number(self, emotion: str) -> int:
        """Returns the position of an emotion (any known spelling).

        Raises:
            InputError: The schema has no such emotion.
        """
        return self.emotions.index(self.canonical(emotion))

    def mapping(self, other: "EmotionSchema") -> dict[str, str | None]:
        """Returns, for every emotion here, its name in ``other``, or None where it has none."""
        return {name: other._canonical.get(_folded(name)) for name in self.emotions}


SCHEMAS: Mapping[str, EmotionSchema] = MappingProxyType(
    {
        schema.name: schema
        for schema in (
            EmotionSchema(
                "meld-7", ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
            ),
            EmotionSchema("meld-sentiment-3", ("neutral", "positive", "negative")),
            EmotionSchema(
                "iemocap-6", ("happy", "sad", "neutral", "angry", "excited", "frustrated")
            ),
            EmotionSchema("iemocap-4", ("happy", "sad", "neutral", "angry")),
            EmotionSchema("mosi-2", ("negative", "positive")),
            EmotionSchema(
                "fer-7", ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
            ),
            EmotionSchema(
                "ravdess-8",
                ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise"),
            ),
            EmotionSchema(
                "emodb-7",
                ("anger", "boredom", "disgust", "fear", "happiness", "sadness", "neutral"),
            ),
            EmotionSchema(
                "nemo-6", ("anger", "fear", "happiness", "neutral", "sadness", "surprised")
            ),
        )
    }
)


def schema_named(name: str) -> EmotionSchema:
    """Returns the registered schema of that name.

    Raises:
        InputError: No such schema.
    """
    if name not in SCHEMAS:
        raise InputError(
            f"unknown emotion schema {name!r}: known are {', '.join(SCHEMAS)}."
            + did_you_mean(name, SCHEMAS)
        )
    return SCHEMAS[name]


def schema_for(emotions: Iterable[str], name: str = "own") -> EmotionSchema:
    """Returns the registered schema with exactly these emotions, else a new one, sorted by name."""
    spellings = {_folded(spelling) for spelling in emotions}
    for schema in SCHEMAS.values():
        if {schema._canonical.get(s) for s in spellings} == set(schema.emotions):
            return schema
    return EmotionSchema(name, tuple(sorted(spellings)))


def schema_in_order(emotions: Sequence[str], name: str = "own") -> EmotionSchema:
    """Returns the registered schema of these emotions in this order, else a new one."""
    spellings = tuple(_folded(emotion) for emotion in emotions)
    same = (schema for schema in SCHEMAS.values() if schema.emotions == spellings)
    return next(same, None) or EmotionSchema(name, tuple(emotions))


def is_known(spelling: str) -> bool:
    """Returns whether a word is an emotion in any spelling that some registered schema knows."""
    return any(_folded(spelling) in schema._canonical for schema in SCHEMAS.values())
