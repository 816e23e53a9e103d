"""Features as a model reads them: what is done to extracted ones before a model sees them."""

from dataclasses import replace

import numpy as np

from synctva.corpus import Corpus
from synctva.emotions import EmotionSchema
from synctva.features.extractors.language import OTHER_LANGUAGE
from synctva.features.normalise import normalise, normalise_towards
from synctva.model.emotion_model import EmotionModel
from synctva.model.makers import Makers

LEFT_OUT = {"text": OTHER_LANGUAGE, "audio": "silent"}
"""Modality -> the flag of an utterance that has it, although it shows nothing of an emotion.

Words in a language that the encoder does not know, and digital silence, as of a muted track.
"""


def schema_of(model: EmotionModel, name: str) -> EmotionSchema:
    """Returns a model's emotions."""
    return EmotionSchema(model.provenance.schema or name, model.emotions)


def as_read(dialogue: Corpus, makers: Makers) -> Corpus:
    """Returns a dialogue with features as a model reads them.

    Args:
        dialogue: One dialogue, with features as they were extracted.
        makers: Of the model's features.
    """
    return normalised(without_what_tells_nothing(dialogue), makers)


def without_what_tells_nothing(corpus: Corpus) -> Corpus:
    """Returns the corpus without words and sound that show nothing; the flags say which.

    They are unlike all that the model learnt from, so they would suggest an emotion that is not
    there.
    """
    for modality, flag in LEFT_OUT.items():
        found = corpus.features.get(modality)
        if found is None or not found.flags:
            continue
        tells = found.present & np.array([flag not in flags.split() for flags in found.flags])
        values = np.where(tells[:, None], found.values, np.float32(0))
        corpus = corpus.with_features(modality, replace(found, values=values, present=tells))
    return corpus


def normalised(corpus: Corpus, makers: Makers) -> Corpus:
    """Returns the corpus with its audio normalised as it was in training.

    By itself; where the model knows the voices it was trained on, towards those as well.
    """
    if makers.normalise_by is None:
        return corpus
    if makers.voices is not None:
        return normalise_towards(corpus, makers.voices, is_causal=makers.is_causal)
    audio = corpus.features["audio"]
    if not audio.present.any():
        told = audio.description.normalised(makers.normalise_by)
        return corpus.with_features("audio", replace(audio, description=told))
    dialogues = tuple(replace(dialogue, split="train") for dialogue in corpus.dialogues)
    own, _ = normalise(replace(corpus, dialogues=dialogues), "audio", makers.normalise_by)
    return replace(own, dialogues=corpus.dialogues)
