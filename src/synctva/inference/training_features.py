"""A store's features as recognition gives them to a model, to train that model further on them."""

from dataclasses import replace

import numpy as np

from synctva.corpus import Corpus, Features
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.features.store import FeatureStore, concatenate, write_parts
from synctva.inference.encode import normalised, without_silence
from synctva.inference.extractors import Extractors
from synctva.model.emotion_model import EmotionModel


def schema_of(model: EmotionModel, name: str) -> EmotionSchema:
    """Returns a model's emotions."""
    return EmotionSchema(model.provenance.schema or name, model.emotions)


def with_emotions_of(store: FeatureStore, schema: EmotionSchema) -> FeatureStore:
    """Returns the store with its emotions called and ordered as in another schema.

    Raises:
        InputError: An utterance has an emotion that the schema lacks.
    """
    if store.schema.emotions == schema.emotions:
        return store
    names = store.schema.mapping(schema)
    for part in store.read_shards():
        for dialogue, utterance in part.utterances():
            if utterance.emotion is not None and names[utterance.emotion] is None:
                raise InputError(
                    f"{store.path}: dialogue {dialogue.id!r} turn {utterance.turn}: emotion"
                    f" {utterance.emotion!r} is none of the model's ({', '.join(schema.emotions)});"
                    " correct it or leave it empty, and import again"
                )
    parts = (_renamed(part, schema, names) for part in store.read_shards())
    return write_parts(parts, store.path, overwrite=True)


def as_recognised(store: FeatureStore, extractors: Extractors) -> FeatureStore:
    """Returns the store, rewritten with what recognition makes of extracted features.

    Audio is normalised recording by recording, as it will be when the model is used; digital
    silence, and what no utterance has, is there as missing.

    Args:
        store: With features by ``extractors.preset``, as they were extracted.
        extractors: The model's.
    """
    parts = (_as_recognised(part, extractors) for part in store.read_shards())
    return write_parts(parts, store.path, overwrite=True)


def _renamed(part: Corpus, schema: EmotionSchema, names: dict[str, str | None]) -> Corpus:
    dialogues = [
        replace(
            dialogue,
            utterances=tuple(
                replace(u, emotion=None if u.emotion is None else names[u.emotion])
                for u in dialogue.utterances
            ),
        )
        for dialogue in part.dialogues
    ]
    return replace(part, schema=schema, dialogues=tuple(dialogues))


def _as_recognised(part: Corpus, extractors: Extractors) -> Corpus:
    features: dict[str, Features] = {}
    for modality, known in extractors.known.items():
        found = part.features.get(modality)
        if found is None:
            absent = np.zeros((len(part), known.dim), np.float32)
            found = Features(absent, np.zeros(len(part), np.bool_), known.extractor)
        features[modality] = replace(found, extractor=known.extractor)
    whole = without_silence(replace(part, features=features))
    each = [normalised(whole.select([d.id]), extractors) for d in whole.dialogues]
    return concatenate(each)
