"""How words, voice and face of people agree: from utterances that were labelled by each alone.

Whoever hears a voice without its words, or sees a face without its sound, often finds less in it
than whoever has all of it, and what is found is then mostly *neutral*, seldom another emotion; and
voice and face of one person fail together. A composed corpus that draws them so
(:mod:`synctva.data.made.compose`) teaches a model what a neutral voice beside a smile is worth.

Source: EmotionTalk (Sun et al., EmotionTalk: An Interactive Chinese Multimodal Emotion Dataset With
    Rich Annotations, 2025; https://github.com/NKU-HLT/EmotionTalk), academic use. Its four labels
    an utterance are by the words alone, the voice alone, the silent picture, and all together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int

from synctva.data.files.csv_file import csv_place, read_csv
from synctva.emotions import EmotionSchema
from synctva.errors import InputError, told_at

COLUMNS = {"all": "mm_emotion", "audio": "audio_emotion", "visual": "video_emotion"}
"""What was heard or seen -> the column with the emotion that was found in it."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How often a voice and a face show which emotions, given the emotion of all together.

    Attributes:
        schema: Which emotions.
        rates: The probability of each pair; all of an emotion sum to 1.
    """

    schema: EmotionSchema
    rates: Float64[np.ndarray, "emotion voice face"]

    def draw(
        self, emotions: Int[np.ndarray, " utterance"], rng: np.random.Generator
    ) -> dict[str, Int[np.ndarray, " utterance"]]:
        """Returns the emotions that ``audio`` and ``visual`` show, by utterance.

        Args:
            emotions: Those of all together; what is below 0 is unlabelled, and so are its own.
            rng: Decides.
        """
        size = len(self.schema)
        levels = self.rates.reshape(size, -1).cumsum(1)[np.maximum(emotions, 0)]
        pairs = (rng.random((len(emotions), 1)) * levels[:, -1:] >= levels).sum(1)
        pairs = np.where(emotions < 0, -1, pairs)
        return {
            "audio": np.where(pairs < 0, -1, pairs // size),
            "visual": np.where(pairs < 0, -1, pairs % size),
        }


def read_agreement(source: Path, schema: EmotionSchema) -> Agreement:
    """Returns the agreement of the training utterances in EmotionTalk's table.

    Args:
        source: ``emotiontalk.csv``, or its folder.
        schema: Which emotions; utterances with others are left out.

    Raises:
        InputError: It is no such table, or it lacks utterances of an emotion.
    """
    path = source / "emotiontalk.csv" if source.is_dir() else source
    table = read_csv(path, ("split", *COLUMNS.values()))
    of_train = np.array([split.strip() == "train" for split in table["split"].to_pylist()])
    labels = np.stack(
        [_numbers(table[name].to_pylist(), schema, path) for name in COLUMNS.values()]
    )
    counts = np.zeros((len(schema),) * len(COLUMNS))
    np.add.at(counts, tuple(labels[:, of_train & (labels >= 0).all(0)]), 1)
    totals = counts.sum((1, 2))
    if lacking := [e for e, total in zip(schema.emotions, totals, strict=True) if not total]:
        raise InputError(
            f"{path}: no training utterance is {lacking[0]}; its emotions must be those of"
            f" {schema.name}"
        )
    return Agreement(schema, counts / totals[:, None, None])


def _numbers(
    spelled: Sequence[str], schema: EmotionSchema, path: Path
) -> Int[np.ndarray, " utterance"]:
    """Returns the numbers of emotions, -1 where there is none."""
    number = {"": -1}
    for row, spelling in enumerate(spelled):
        if spelling.strip() not in number:
            with told_at(partial(csv_place(path), row)):
                number[spelling.strip()] = schema.number(spelling)
    return np.array([number[spelling.strip()] for spelling in spelled], dtype=np.int64)
