"""Clips as recognition hears them: cut to their speech, and in rooms that are no studio.

Acted clips begin and end with silence, which recognition cuts off; and they are recorded close by,
without noise, at one level.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from silero_vad import get_speech_timestamps, load_silero_vad

from synctva.corpus import Corpus, Features
from synctva.dialogue import Dialogue
from synctva.errors import InputError
from synctva.features.extractors.audio import AudioExtractor
from synctva.features.extractors.encoded import Encoded
from synctva.listening.voice_activity import BEGINS, GOES_ON, MARGIN_S, PAUSE_S, SHORTEST_S
from synctva.media import SAMPLE_RATE_HZ, read_audio
from synctva.media.rooms import draw_room, heard_in

CONVERSATION = (10, 30)
"""Clips of a voice that are heard in one room: enough to be normalised by themselves."""

Sound = Float32[np.ndarray, " sample"]


def cut_to_speech(corpus: Corpus, extractor: AudioExtractor) -> Corpus:
    """Returns the corpus with audio features of what is between the first speech and the last.

    Args:
        corpus: Its recordings are where they were when it was imported.
        extractor: Makes the features; nothing is normalised.

    Raises:
        InputError: A recording is missing, or has no sound.
    """
    return _with_audio(corpus, [extractor.encode(one) for one in sounds_of(corpus)], extractor)


def in_rooms(corpus: Corpus, extractor: AudioExtractor, copies: int, seed: int) -> Corpus:
    """Returns the corpus cut to speech, and again in rooms, as conversations of further speakers.

    A voice's clips are dealt into conversations, each heard in a room of its own by a speaker of
    its own, such as ``actor_01 in room 2.7``: so they can be normalised by the conversation.

    Args:
        corpus: A dialogue of one utterance a clip, as RAVDESS and EmoDB are.
        extractor: Makes the features; nothing is normalised.
        copies: How often all of it is heard in rooms.
        seed: Decides about the rooms.

    Raises:
        InputError: A recording is missing, or has no sound.
    """
    sounds = list(sounds_of(corpus))
    dialogues, encoded = list(corpus.dialogues), [extractor.encode(one) for one in sounds]
    clips_of: dict[str, list[int]] = {}
    for row, (_, utterance) in enumerate(corpus.utterances()):
        clips_of.setdefault(utterance.speaker, []).append(row)
    for copy in range(1, copies + 1):
        for number, (speaker, clips) in enumerate(clips_of.items()):
            rng = np.random.default_rng((seed, copy, number))
            for place, rows in enumerate(_conversations(clips, rng)):
                room, called = draw_room(rng), f"in room {copy}.{place}"
                for row in rows:
                    encoded.append(extractor.encode(heard_in(room, sounds[row], rng, sounds)))
                    dialogues.append(_moved(corpus.dialogues[row], f"{speaker} {called}", called))
    origin = {"kind": "in rooms", "note": f"{corpus.name} as it was never recorded", "seed": seed}
    whole = replace(corpus, dialogues=tuple(dialogues), features={}, origin=origin)
    return _with_audio(whole, encoded, extractor)


def sounds_of(corpus: Corpus) -> Iterator[Sound]:
    """Yields the sound of each utterance, between the first speech in it and the last.

    Raises:
        InputError: A recording is missing, or has no sound.
    """
    silero = load_silero_vad()
    for dialogue, utterance in corpus.utterances():
        place = utterance.audio_media or utterance.media
        sound = None if place is None else read_audio(place, utterance.start_s, utterance.end_s)
        if sound is None:
            raise InputError(f"{corpus.name}: {dialogue.id}: no sound; import the corpus again")
        yield speech_of(sound, silero)


def speech_of(sound: Sound, silero: Any) -> Sound:
    """Returns what is between the first speech and the last; all where there is none."""
    spans = get_speech_timestamps(
        torch.from_numpy(sound.copy()),
        silero,
        threshold=BEGINS,
        neg_threshold=GOES_ON,
        sampling_rate=SAMPLE_RATE_HZ,
        min_speech_duration_ms=round(1000 * SHORTEST_S),
        min_silence_duration_ms=round(1000 * PAUSE_S),
        speech_pad_ms=round(1000 * MARGIN_S),
    )
    first, last = (spans[0]["start"], spans[-1]["end"]) if spans else (0, len(sound))
    return sound[first:last]


def _conversations(clips: Sequence[int], rng: np.random.Generator) -> Iterator[list[int]]:
    """Yields clips in random order, some at a time: not fewer than the least, if there are more."""
    waiting = rng.permutation(clips).tolist()
    while waiting:
        count = int(rng.integers(*CONVERSATION))
        if len(waiting) - count < CONVERSATION[0]:
            count = len(waiting)
        yield waiting[:count]
        waiting = waiting[count:]


def _moved(dialogue: Dialogue, speaker: str, called: str) -> Dialogue:
    [utterance] = dialogue.utterances
    return Dialogue(
        f"{dialogue.id} {called}", dialogue.split, (replace(utterance, speaker=speaker),)
    )


def _with_audio(corpus: Corpus, encoded: Sequence[Encoded], extractor: AudioExtractor) -> Corpus:
    present = np.array([one.vector is not None for one in encoded])
    nothing = np.zeros(extractor.dim, np.float32)
    values = np.stack([nothing if one.vector is None else one.vector for one in encoded])
    return replace(corpus, features={"audio": Features(values, present, extractor.description)})
