"""A store's features, prepared for a model that was trained elsewhere."""

from dataclasses import dataclass, replace

import numpy as np

from synctva.corpus import Corpus, Features
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.features.extraction.fill import refuse_loss
from synctva.features.extractors.registry import KINDS
from synctva.features.store import FeatureStore, concatenate, write_parts
from synctva.model.inputs import as_read, schema_of
from synctva.model.load import load_model
from synctva.model.makers import Makers, makers_of


@dataclass(frozen=True)
class Reader:
    """A model, as one that features are made for.

    Attributes:
        name: Its name, folder or hub id.
        schema: Its emotions.
        makers: Of what it reads.
    """

    name: str
    schema: EmotionSchema
    makers: Makers


def model_named(name: str, *, downloads: bool = False) -> Reader:
    """Returns what a model reads; arguments and errors as ``load_model`` and ``makers_of``."""
    loaded = load_model(name, downloads=downloads)
    makers = makers_of(loaded, name, downloads=downloads)
    return Reader(name, schema_of(loaded, name), makers)


def prepared(store: FeatureStore, reader: Reader) -> FeatureStore:
    """Returns the store with a model's emotions, if all that the model reads can be made.

    Raises:
        InputError: The store has features that the model does not read and that nothing replaces,
            an utterance would lose some, or has an emotion that the model lacks.
    """
    _refuse_own(store, reader)
    refuse_loss(store, reader.makers.preset)
    return with_emotions_of(store, reader.schema)


def _refuse_own(store: FeatureStore, reader: Reader) -> None:
    """Refuses features that are not the model's and that nothing is there to replace."""
    prints = {m: known.fingerprint for m, known in reader.makers.descriptions.items()}
    if reader.makers.normalise_by is not None:
        known = reader.makers.descriptions["audio"].normalised(reader.makers.normalise_by)
        prints["audio"] = known.fingerprint
    other = {m for m, own in prints.items() if store.fingerprints.get(m) not in (None, own)}
    held, replaced = set[str](), set[str]()
    for part in store.read_shards() if other else ():
        held |= {modality for modality in other if part.features[modality].present.any()}
        for _, one in part.utterances():
            replaced |= {m for m in other if KINDS[m].has_source(one)}
    for modality in sorted(held - replaced):
        needed = "text" if KINDS[modality].of_words else "a recording"
        raise InputError(
            f"{store.path}: its {modality} features are not those that {reader.name} reads, and no"
            f" utterance has {needed} to extract them from; import again without them, or leave"
            " --for away and train a new model"
        )


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


def as_recognised(store: FeatureStore, makers: Makers) -> FeatureStore:
    """Returns the store, rewritten with what recognition makes of extracted features.

    Audio is normalised recording by recording, as it will be when the model is used; digital
    silence, words in a language that the encoder does not know, and what no utterance has, are
    there as missing.

    Args:
        store: With features by the makers' preset, as they were extracted.
        makers: Of the model's features.
    """
    parts = (_as_recognised(part, makers) for part in store.read_shards())
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


def _as_recognised(part: Corpus, makers: Makers) -> Corpus:
    features: dict[str, Features] = {}
    for modality, known in makers.descriptions.items():
        found = part.features.get(modality)
        if found is None:
            absent = np.zeros((len(part), known.dim), np.float32)
            found = Features(absent, np.zeros(len(part), np.bool_), known)
        features[modality] = replace(found, description=known)
    whole = replace(part, features=features)
    return concatenate([as_read(whole.select([d.id]), makers) for d in whole.dialogues])
