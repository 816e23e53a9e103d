"""Corpus: dialogues with an emotion schema and, where known, features of their utterances."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int

from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import MODALITIES, EmotionSchema
from synctva.errors import InputError


@dataclass(frozen=True)
class Description:
    """What features are: enough to make them again, and to tell two apart.

    Attributes:
        maker: The kind of what makes them, such as ``opensmile``; ``published`` or ``own`` for
            vectors that came with a corpus.
        model: Which of its kind: a packaged name such as ``minilm``, a full hub id, or a folder's
            absolute path. Empty where there is none, or where it is unknown.
        version: Of the software that computed them; empty if unknown.
        weights: sha256 of the weights; empty if there are none or they are unknown.
        settings: Whatever else changes the numbers (pooling, context, ...).
        dim: The width; where it is left out, :class:`Features` fills it in.
        files: Setting -> the file that the setting identifies by its hash.
    """

    maker: str
    model: str = ""
    version: str = ""
    weights: str = ""
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    dim: int = 0
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What they are called: the kind of the maker, and which of its kind."""
        return f"{self.maker} {self.model}".strip()

    @property
    def normalised_by(self) -> str | None:
        """What they were normalised by after they were made; None = they were not."""
        by = self.settings.get("normalised")
        return None if by is None else str(by)

    def normalised(self, by: str | None) -> "Description":
        """Returns the description of the same features normalised by something, or by nothing."""
        settings = {key: value for key, value in self.settings.items() if key != "normalised"}
        return replace(self, settings=settings if by is None else {**settings, "normalised": by})

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ for different features, wherever their maker lies."""
        known = [self.maker, self.weights, dict(self.settings), self.dim]
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Features:
    """One modality's features of all utterances of a corpus.

    Attributes:
        values: One row per utterance, in the corpus's order; zero where not present.
        present: False where an utterance lacks the modality.
        description: What they are, and what makes them.
        flags: What is to note of each utterance, such as ``short`` or ``no_face whole_frame``;
            empty where there is nothing, and no entries at all where nothing was noted.
        extracted: The values before they were normalised by speaker as in recognition; None = they
            were not, or it is not known.

    Raises:
        InputError: The description has another width.
    """

    values: Float32[np.ndarray, "utterance dim"]
    present: Bool[np.ndarray, " utterance"]
    description: Description
    flags: tuple[str, ...] = ()
    extracted: Float32[np.ndarray, "utterance dim"] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "flags", tuple(self.flags))
        if not self.description.dim:
            object.__setattr__(self, "description", replace(self.description, dim=self.dim))
        if self.description.dim != self.dim:
            raise InputError(
                f"{self.dim} numbers of {self.description.name}, which makes"
                f" {self.description.dim}; extract them again"
            )

    @property
    def dim(self) -> int:
        """The width."""
        return self.values.shape[1]

    def rows(self, rows: Int[np.ndarray, " kept"] | Bool[np.ndarray, " utterance"]) -> "Features":
        """Returns the features of some utterances, in the order of ``rows``."""
        flags = tuple(np.array(self.flags, dtype=object)[rows]) if self.flags else ()
        extracted = None if self.extracted is None else self.extracted[rows]
        return Features(self.values[rows], self.present[rows], self.description, flags, extracted)

    @property
    def fingerprint(self) -> str:
        """A short hash that differs for features of another maker or width."""
        return self.description.fingerprint


@dataclass(frozen=True)
class Corpus:
    """Dialogues, their emotion schema, and their features by modality.

    Attributes:
        name: The corpus's name.
        schema: Its emotions.
        dialogues: Its dialogues.
        features: By modality.
        origin: How a generated or composed corpus came about, or one with copies, as JSON; empty
            where it was read.

    Raises:
        InputError: A dialogue twice, an emotion outside the schema, features of another length,
            or features that are not finite.
    """

    name: str
    schema: EmotionSchema
    dialogues: tuple[Dialogue, ...]
    features: Mapping[str, Features] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dialogues", tuple(self.dialogues))
        seen: dict[str, str] = {}
        for dialogue in self.dialogues:
            if dialogue.id in seen:
                places = sorted({seen[dialogue.id], dialogue.split})
                raise InputError(
                    f"{self.name}: dialogue {dialogue.id!r} stands twice (in"
                    f" {' and '.join(places)}); a dialogue belongs to one split, under one id"
                )
            seen[dialogue.id] = dialogue.split
            for utterance in dialogue.utterances:
                if utterance.emotion not in (None, *self.schema.emotions):
                    raise InputError(
                        f"{self.name}: dialogue {dialogue.id!r} turn {utterance.turn}: emotion "
                        f"{utterance.emotion!r} is none of {', '.join(self.schema.emotions)}"
                    )
        for modality, features in self.features.items():
            self._check(modality, features)

    def _check(self, modality: str, features: Features) -> None:
        if modality not in MODALITIES:
            raise InputError(f"{self.name}: modality {modality!r} is none of {MODALITIES}")
        lengths = {len(features.values), len(features.present), len(features.flags or self)}
        if lengths != {len(self)}:
            raise InputError(
                f"{self.name}: {len(features.values)} rows of {modality} features"
                f" for {len(self)} utterances"
            )
        finite = np.isfinite(features.values).all(axis=1)
        if features.extracted is not None:
            finite &= np.isfinite(features.extracted).all(axis=1)
        if not finite.all():
            row = int(np.argmin(finite))
            dialogue, utterance = list(self.utterances())[row]
            raise InputError(
                f"{self.name}: dialogue {dialogue.id!r} turn {utterance.turn}: {modality} features"
                " hold NaN or infinity; extract them again, or leave them out to mark them missing"
            )

    def __len__(self) -> int:
        """Returns the number of utterances."""
        return sum(len(dialogue.utterances) for dialogue in self.dialogues)

    def utterances(self) -> Iterator[tuple[Dialogue, Utterance]]:
        """Yields every utterance with its dialogue, in the order of the features' rows."""
        for dialogue in self.dialogues:
            for utterance in dialogue.utterances:
                yield dialogue, utterance

    @property
    def dims(self) -> dict[str, int]:
        """The width of each modality that has features, in the order of the modalities."""
        return {m: self.features[m].dim for m in MODALITIES if m in self.features}

    def select(self, keep: Iterable[str]) -> "Corpus":
        """Returns the corpus of the dialogues with these ids, in the corpus's order."""
        wanted = set(keep)
        chosen = [dialogue.id in wanted for dialogue in self.dialogues]
        rows = np.repeat(chosen, [len(dialogue.utterances) for dialogue in self.dialogues])
        return replace(
            self,
            dialogues=tuple(d for d, yes in zip(self.dialogues, chosen, strict=True) if yes),
            features={m: f.rows(rows) for m, f in self.features.items()},
        )

    def with_features(self, modality: str, features: Features) -> "Corpus":
        """Returns the corpus with one modality's features added, or put in place of others."""
        return replace(self, features={**self.features, modality: features})

    def split(self, name: str) -> "Corpus":
        """Returns the corpus of one split's dialogues; it may be empty."""
        return self.select(dialogue.id for dialogue in self.dialogues if dialogue.split == name)
