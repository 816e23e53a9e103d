"""Which emotions the voices and faces of a composed corpus have."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from synctva.corpus import Corpus
from synctva.data.made.agreement import Agreement
from synctva.emotions import MODALITIES, EmotionSchema
from synctva.errors import InputError


@dataclass(frozen=True)
class Casting:
    """Which emotions the donors have.

    Attributes:
        reliability: For ``audio`` and ``visual``, if they have sources: how often a donor shows
            what the utterance's emotion makes voice or face show; else the donor is astray.
        spread: How far a dialogue's own reliability may be above or below that, evenly spread.
        agreement: What an emotion makes voice and face show; None = the same emotion.
    """

    reliability: Mapping[str, float]
    spread: float = 0.0
    agreement: Agreement | None = None

    def check(self, schema: EmotionSchema, place: str) -> None:
        """Checks that the spread fits the rates, and the agreement the emotions.

        Raises:
            InputError: It does not.
        """
        spread = self.spread
        for m, rate in self.reliability.items():
            if not (spread >= 0 and rate - spread >= 0 and rate + spread <= 1):
                raise InputError(
                    f"{place}: reliability {rate} of {m} and spread {spread} reach below 0 or above"
                    " 1; make the spread smaller"
                )
        if self.agreement is not None and self.agreement.schema.emotions != schema.emotions:
            raise InputError(
                f"{place}: the agreement is of {', '.join(self.agreement.schema.emotions)}, the"
                f" words of {', '.join(schema.emotions)}; read it with the words' schema"
            )


def shown_in(
    text: Corpus, agreement: Agreement | None, seed: int
) -> dict[str, Int[np.ndarray, " utterance"]]:
    """Returns what voice and face of each utterance show; -1 where it is unlabelled."""
    numbers = [
        -1 if u.emotion is None else text.schema.number(u.emotion) for _, u in text.utterances()
    ]
    felt = np.array(numbers, dtype=np.int64)
    if agreement is None:
        return {"audio": felt, "visual": felt}
    return agreement.draw(felt, np.random.default_rng((seed, 5)))


def wanted_of(
    text: Corpus,
    modality: str,
    casting: Casting,
    shown: Int[np.ndarray, " utterance"],
    seed: int,
) -> list[str | None]:
    """Returns the emotion that the donor of each utterance must have; None where unlabelled."""
    rng = np.random.default_rng((seed, 0, MODALITIES.index(modality)))
    astray = rng.random(len(text)) >= _rates(text, modality, casting, seed)
    further = rng.integers(1, len(text.schema), size=len(text)) * astray
    emotions, size = text.schema.emotions, len(text.schema)
    return [
        None if one < 0 else emotions[(one + more) % size]
        for one, more in zip(shown.tolist(), further.tolist(), strict=True)
    ]


def _rates(
    text: Corpus, modality: str, casting: Casting, seed: int
) -> Float64[np.ndarray, " utterance"]:
    """Returns how reliable the donor of each utterance is: all of a dialogue alike."""
    rng = np.random.default_rng((seed, 3, MODALITIES.index(modality)))
    middle, spread = casting.reliability[modality], casting.spread
    rates = rng.uniform(middle - spread, middle + spread, len(text.dialogues))
    return np.repeat(rates, [len(dialogue.utterances) for dialogue in text.dialogues])
