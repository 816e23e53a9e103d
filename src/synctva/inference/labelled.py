"""Labelled recordings through the very path of recognition, for every subset of the modalities."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from synctva.batch import Batch, batch_of
from synctva.corpus import Corpus
from synctva.dialogue import Dialogue
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.evaluation.attribution import subsets_of
from synctva.evaluation.recordings import Judged
from synctva.features.store import concatenate
from synctva.inference.encode import steps_of
from synctva.inference.evidence import Evidence, evidence_of
from synctva.inference.predictions import seen_in_part
from synctva.inference.progress import Progress, unseen
from synctva.inference.recognise import Recogniser

COUNTED_AS: Mapping[str, str] = MappingProxyType(
    {
        "calm": "neutral",
        "frustrated": "anger",
        "excited": "joy",
        "worried": "fear",
    }
)
"""Emotions that count as another where the model lacks them, as the field merges them: IEMOCAP's
frustration with anger and excitement with happiness, RAVDESS's calm with neutral, MER2023's worry
with fear."""


@dataclass(frozen=True)
class Measured:
    """What a model predicts for labelled recordings, and what there was to see and hear.

    Attributes:
        judged: What it says.
        evidence: Of each utterance.
        clips: The name of each utterance's recording.
        flags: What is to note of each, such as ``no_face``.
        counted: Emotion of the labels -> the model's name for it.
        left_out: Utterances without an emotion, or with one that the model has not.
    """

    judged: Judged
    evidence: tuple[Evidence, ...]
    clips: tuple[str, ...]
    flags: tuple[str, ...]
    counted: Mapping[str, str]
    left_out: int


def counted_as(own: EmotionSchema, schema: EmotionSchema) -> dict[str, str | None]:
    """Returns what a model's schema calls the emotions of labels; None = it has no such emotion."""
    counted = EmotionSchema("counted", tuple(dict.fromkeys((*COUNTED_AS, *COUNTED_AS.values()))))
    canonical, names = own.mapping(counted), counted.mapping(schema)
    found = own.mapping(schema)
    return {
        emotion: name or names.get(COUNTED_AS.get(canonical[emotion] or "", ""))
        for emotion, name in found.items()
    }


def measure(
    recogniser: Recogniser,
    corpus: Corpus,
    expected: Float[np.ndarray, " emotion"] | None = None,
    *,
    progress: Progress = unseen,
) -> Measured:
    """Returns what a recogniser says of labelled recordings, seeing every subset of modalities.

    Args:
        recogniser: The model's; with a cache, a killed command resumes.
        corpus: Recordings with emotions, and with words where they are known; a dialogue is a
            conversation, or a clip by itself.
        expected: How often each emotion is expected, where the model can tell what follows from it.
        progress: Shows how far it is.

    Raises:
        InputError: No utterance has an emotion that the model has.
    """
    names = counted_as(corpus.schema, recogniser.schema)
    dialogues = tuple(_labelled(dialogue, names) for dialogue in corpus.dialogues)
    labelled = replace(corpus, schema=recogniser.schema, dialogues=dialogues, features={})
    emotion = batch_of(labelled).emotion.numpy()
    kept = emotion >= 0
    if not kept.any():
        raise InputError(
            f"{corpus.name}: no utterance has an emotion of the model's"
            f" ({', '.join(recogniser.schema.emotions)}); name them as it does"
        )
    steps = sum(steps_of(dialogue, recogniser.makers) for dialogue in dialogues)
    with progress(steps + len(labelled)) as advance:
        with recogniser:
            parts = [recogniser.encode(dialogue, advance).corpus for dialogue in dialogues]
        own = recogniser.makers, recogniser.workers, recogniser.cache
        found = evidence_of(dialogues, *own, advance)
    encoded = concatenate(parts)
    batch = batch_of(encoded)
    pairs = [pair for pair, yes in zip(encoded.utterances(), kept, strict=True) if yes]
    flags = _flags(encoded)
    return Measured(
        Judged(
            recogniser.model.emotions,
            emotion[kept],
            batch.dialogue.numpy()[kept],
            batch.present.numpy()[kept],
            {name: own[kept] for name, own in _by_subset(recogniser, batch, expected).items()},
        ),
        tuple(one for one, yes in zip(found, kept, strict=True) if yes),
        tuple(Path(utterance.media or dialogue.id).name for dialogue, utterance in pairs),
        tuple(flag for flag, yes in zip(flags, kept, strict=True) if yes),
        {emotion: name for emotion, name in names.items() if name is not None},
        int((~kept).sum()),
    )


def _labelled(dialogue: Dialogue, names: Mapping[str, str | None]) -> Dialogue:
    utterances = tuple(
        replace(u, emotion=None if u.emotion is None else names[u.emotion])
        for u in dialogue.utterances
    )
    return replace(dialogue, utterances=utterances)


def _by_subset(
    recogniser: Recogniser, batch: Batch, expected: Float[np.ndarray, " emotion"] | None
) -> dict[str, np.ndarray]:
    views = seen_in_part(recogniser.model, batch)
    if not recogniser.model.provenance.confidence.frequencies:
        expected = None
    return {
        "+".join(subset): views.probabilities(subset, expected)
        for subset in subsets_of(tuple(recogniser.model.dims))
    }


def _flags(corpus: Corpus) -> list[str]:
    flags = [f.flags for f in corpus.features.values() if f.flags]
    return [
        " ".join(dict.fromkeys(word for own in flags for word in own[row].split()))
        for row in range(len(corpus))
    ]
