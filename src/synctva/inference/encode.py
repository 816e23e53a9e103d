"""Features of a recording's utterances, by the extractors that made a model's training data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus, Features
from synctva.dialogue import Dialogue
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.features.extraction.recording import Request
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.face_reader import Faces
from synctva.features.extractors.registry import KINDS
from synctva.inference.reading import begin, read
from synctva.inference.utterances import IMPORTED
from synctva.model.inputs import as_read
from synctva.model.makers import Makers
from synctva.tensors import in_one_thread
from synctva.work import Engine, Task, on_this_machine

TIME_LIMIT_S = 300.0
"""For one modality of one utterance, the loading of the extractor included."""

FAILED = "failed"
"""The flag of an utterance that lacks a modality because something is wrong with it."""

Advance = Callable[[int], None]


@dataclass(frozen=True)
class EncodedDialogue:
    """A dialogue with its features.

    Attributes:
        corpus: The dialogue alone, with the features of each modality.
        notes: Number of an utterance -> why modalities of it failed, in words.
    """

    corpus: Corpus
    notes: dict[int, str] = field(default_factory=dict)


def readers(makers: Makers, workers: int | None, cache: Path | None = None) -> Engine:
    """Returns processes that read recordings for a model; they begin with the first request.

    Args:
        makers: Of the model's features.
        workers: How many; None = one per core.
        cache: The folder in which features are looked up and kept; None = nowhere.
    """
    task = Task(read, begin, (makers.preset, cache), TIME_LIMIT_S, IMPORTED)
    return on_this_machine(task, workers)


def steps_of(dialogue: Dialogue, makers: Makers) -> int:
    """Returns how many steps ``encode`` will tell of: modalities of utterances."""
    words = len(dialogue.utterances) * len(makers.words)
    return words + sum(1 for _ in _requests(dialogue, makers))


def encode(
    dialogue: Dialogue,
    schema: EmotionSchema,
    makers: Makers,
    reading: Engine,
    advance: Advance = lambda count: None,
    sound_track: int | None = None,
) -> EncodedDialogue:
    """Returns the features of a dialogue; an utterance that fails only lacks the modality.

    Args:
        dialogue: Utterances with spans of a recording, words, or both.
        schema: The model's emotions.
        makers: Of the model's features.
        reading: Processes that decode the recording, of :func:`readers`.
        advance: Called with the number of steps that are done.
        sound_track: Which of the recording's sound tracks is heard, from 1; None = that which a
            player plays.

    Raises:
        InputError: An extractor cannot be loaded.
    """
    corpus, notes = Corpus(dialogue.id, schema, (dialogue,)), {}
    made: dict[tuple[int, str], Encoded] = {}
    for request, outcome in reading.outcomes(_requests(dialogue, makers, sound_track)):
        if isinstance(outcome, InputError):
            note = f"{request.modality}: {outcome}"
            notes[request.row] = "; ".join(filter(None, [notes.get(request.row), note]))
            outcome = Encoded(None, (FAILED,))
        elif isinstance(outcome, Faces):
            assert makers.faces is not None  # they were read for it
            with in_one_thread():
                outcome = makers.faces.pooled(outcome)
        made[request.row, request.modality] = outcome
        advance(1)
    for modality in makers.descriptions:
        features = (
            _words(corpus, modality, makers, advance)
            if modality in makers.words
            else _gathered(len(corpus), modality, makers, made)
        )
        corpus = corpus.with_features(modality, features)
    return EncodedDialogue(as_read(corpus, makers), notes)


def _requests(
    dialogue: Dialogue, makers: Makers, sound_track: int | None = None
) -> Iterator[Request]:
    """Yields what has to be read of the recording, in order of time."""
    for row, utterance in enumerate(dialogue.utterances):
        for modality in makers.descriptions:
            if modality not in makers.words and KINDS[modality].has_source(utterance):
                yield Request(row, dialogue.id, modality, utterance, sound_track)


def _words(corpus: Corpus, modality: str, makers: Makers, advance: Advance) -> Features:
    from synctva.features.extractors.text import text_features

    return text_features(corpus, makers.words[modality], advance)


def _gathered(
    count: int, modality: str, makers: Makers, made: dict[tuple[int, str], Encoded]
) -> Features:
    """Returns the features of a modality; utterances without a vector lack it."""
    known = makers.descriptions[modality]
    values, present = np.zeros((count, known.dim), np.float32), np.zeros(count, np.bool_)
    flags = [""] * count
    for row in range(count):
        encoded = made.get((row, modality), Encoded(None))
        flags[row] = " ".join(encoded.flags)
        if encoded.vector is not None:
            values[row], present[row] = encoded.vector, True
    return Features(values, present, known, tuple(flags))
