"""Features of a recording's utterances, by the extractors that made a model's training data."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus, Features
from synctva.dialogue import Dialogue
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.recording import Encoding, Recordings, Request
from synctva.features.extractors.encoded import Encoded
from synctva.features.preset import Preset
from synctva.features.store.normalise import normalise, normalise_towards
from synctva.inference.extractors import Extractors
from synctva.work.supervised import Supervised

TIME_LIMIT_S = 300.0
"""For one modality of one utterance, the loading of the extractor included."""

FAILED = "failed"
"""The flag of an utterance that lacks a modality because something is wrong with it."""

SILENT = "silent"
"""The flag of an utterance whose sound is digital silence, as of a muted track."""

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


def readers(extractors: Extractors, workers: int, cache: Path | None = None) -> Supervised:
    """Returns processes that read recordings for a model; they begin with the first request.

    Args:
        extractors: The model's.
        workers: How many.
        cache: The folder in which features are looked up and kept; None = nowhere.
    """
    return Supervised(_encoded, workers, TIME_LIMIT_S, _begin, (extractors.preset, cache))


def steps_of(dialogue: Dialogue, extractors: Extractors) -> int:
    """Returns how many steps ``encode`` will tell of: modalities of utterances."""
    words = len(dialogue.utterances) if "text" in extractors.known else 0
    return words + sum(1 for _ in _requests(dialogue, extractors))


def encode(
    dialogue: Dialogue,
    schema: EmotionSchema,
    extractors: Extractors,
    reading: Supervised,
    advance: Advance = lambda count: None,
) -> EncodedDialogue:
    """Returns the features of a dialogue. An utterance that fails lacks the modality, no more.

    Args:
        dialogue: Utterances with spans of a recording, words, or both.
        schema: The model's emotions.
        extractors: The model's.
        reading: Processes that decode the recording, of :func:`readers`.
        advance: Called with the number of steps that are done.

    Raises:
        InputError: An extractor cannot be loaded.
    """
    corpus, notes = Corpus(dialogue.id, schema, (dialogue,)), {}
    made: dict[tuple[int, str], Encoded] = {}
    for request, outcome in reading.outcomes(_requests(dialogue, extractors)):
        if isinstance(outcome, InputError):
            note = f"{request.modality}: {outcome}"
            notes[request.row] = "; ".join(filter(None, [notes.get(request.row), note]))
            outcome = Encoded(None, (FAILED,))
        made[request.row, request.modality] = outcome
        advance(1)
    for modality in extractors.known:
        features = (
            _words(corpus, extractors, advance)
            if modality == "text"
            else _gathered(len(corpus), modality, extractors, made)
        )
        corpus = corpus.with_features(modality, features)
    return EncodedDialogue(normalised(without_silence(corpus), extractors), notes)


def _requests(dialogue: Dialogue, extractors: Extractors) -> Iterator[Request]:
    """Yields what has to be read of the recording, in order of time."""
    for row, utterance in enumerate(dialogue.utterances):
        for modality in extractors.known:
            if modality != "text" and utterance.media is not None:
                yield Request(row, dialogue.id, modality, utterance)


_encodings: list[Callable[[Request], Encoded]] = []
"""In a worker: what encodes, as it was begun with."""


def _begin(preset: Preset, cache: Path | None) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"  # one worker per core, each with one thread
    if "torch" in sys.modules:  # by way of the script that this process was begun with
        sys.modules["torch"].set_num_threads(1)
    if cache is None:
        _encodings.append(Encoding(preset).encode)
    else:
        _encodings.append(Recordings(preset, Cache(cache)).encode)


def _encoded(request: Request) -> Encoded:
    return _encodings[0](request)


def _words(corpus: Corpus, extractors: Extractors, advance: Advance) -> Features:
    from synctva.features.extractors.text import text_features

    return replace(
        text_features(corpus, extractors.text, advance),
        extractor=extractors.known["text"].extractor,
    )


def _gathered(
    count: int, modality: str, extractors: Extractors, made: dict[tuple[int, str], Encoded]
) -> Features:
    """Returns the features of a modality; utterances without a vector lack it."""
    known = extractors.known[modality]
    values, present = np.zeros((count, known.dim), np.float32), np.zeros(count, np.bool_)
    flags = [""] * count
    for row in range(count):
        encoded = made.get((row, modality), Encoded(None))
        flags[row] = " ".join(encoded.flags)
        if encoded.vector is not None:
            values[row], present[row] = encoded.vector, True
    return Features(values, present, known.extractor, tuple(flags))


def without_silence(corpus: Corpus) -> Corpus:
    """Returns the corpus with digital silence as no sound at all; the flags tell of it.

    Nobody sounds like that, so it would say something of the emotion that is not so.
    """
    audio = corpus.features.get("audio")
    if audio is None or not audio.flags:
        return corpus
    heard = audio.present & np.array([SILENT not in flags.split() for flags in audio.flags])
    values = np.where(heard[:, None], audio.values, np.float32(0))
    return corpus.with_features("audio", replace(audio, values=values, present=heard))


def normalised(corpus: Corpus, extractors: Extractors) -> Corpus:
    """Returns the corpus with its audio normalised as it was in training.

    By itself; where the model knows the voices it was trained on, towards those as well.
    """
    if extractors.normalise_by is None:
        return corpus
    if extractors.voices is not None:
        return normalise_towards(corpus, extractors.voices, is_causal=extractors.is_causal)
    audio = corpus.features["audio"]
    if not audio.present.any():
        settings = {**audio.extractor.settings, "standardised": extractors.normalise_by}
        told = replace(audio.extractor, settings=settings)
        return corpus.with_features("audio", replace(audio, extractor=told))
    dialogues = tuple(replace(dialogue, split="train") for dialogue in corpus.dialogues)
    own, _ = normalise(replace(corpus, dialogues=dialogues), "audio", extractors.normalise_by)
    return replace(own, dialogues=corpus.dialogues)
