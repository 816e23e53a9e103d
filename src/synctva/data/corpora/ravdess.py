"""RAVDESS: two sentences spoken by 24 actors in eight emotions; the speech part.

Citation: Livingstone, Russo: The Ryerson Audio-Visual Database of Emotional Speech and Song
    (RAVDESS). PLoS ONE 13(5), 2018.
Source: https://zenodo.org/records/1188976
Licence: CC BY-NC-SA 4.0.
Emotions: neutral, calm, happy, sad, angry, fear, disgust, surprise (``ravdess-8``).

A clip's name is seven numbers, ``03-01-06-01-02-01-12``: modality (01 sound and picture, 02
picture, 03 sound), channel (01 speech, 02 song), emotion, intensity (01 normal, 02 strong),
statement, repetition, actor. The clips may lie in any folders, such as ``Actor_12``. Songs are left
out. Actors 21-24 are ``test``, 19 and 20 ``valid``.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.corpora.facts import Facts
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.clips import has_named_clip, named_clips
from synctva.data.kind import Kind
from synctva.emotions import schema_named
from synctva.errors import InputError

NAME = re.compile(r"(0[1-3])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
"""In the order of their numbers, from 01."""

STATEMENTS = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}

SPLITS = {
    **dict.fromkeys(("19", "20"), "valid"),
    **dict.fromkeys(("21", "22", "23", "24"), "test"),
}
"""Actor -> split; the others are ``train``."""

_SPEECH = "01"
_SOUND = "03"


def _clips(actors: int) -> dict[str, int]:
    """Returns emotion -> number of utterances; only neutral has no strong intensity."""
    return {emotion: actors * (4 if emotion == "neutral" else 8) for emotion in EMOTIONS}


FACTS = Facts(
    name="ravdess",
    title="RAVDESS: 1,440 spoken utterances of 24 actors, 8 emotions",
    citation="Livingstone and Russo, The Ryerson Audio-Visual Database of Emotional Speech and Song"
    " (RAVDESS), PLoS ONE 13(5), 2018",
    source="https://zenodo.org/records/1188976",
    licence="CC BY-NC-SA 4.0",
    schema="ravdess-8",
    dialogues={"train": 1080, "valid": 120, "test": 240},
    utterances={"train": _clips(18), "valid": _clips(2), "test": _clips(4)},
)


def read_ravdess(source: Path) -> Corpus:
    """Returns RAVDESS's speech from a folder of its clips.

    A performance is a dialogue of one utterance, called by its name without the modality. Of the
    files that hold the same performance, the one with sound and picture is taken before the one
    with the picture; where the sound stands alone as well, it is heard there.

    Raises:
        InputError: The folder holds no clip of speech, or two different ones of one name.
    """
    performances: dict[str, dict[str, Path]] = {}
    for stem, (path, match) in named_clips(source, NAME).items():
        if match[2] == _SPEECH:
            performances.setdefault(stem[3:], {})[match[1]] = path
    if not performances:
        raise InputError(
            f"{source}: no clip of RAVDESS's speech in it, such as 03-01-06-01-02-01-12.wav;"
            f" get it from {FACTS.source}"
        )
    rows = [_row(id, files) for id, files in sorted(performances.items())]
    schema = schema_named(FACTS.schema)
    return assemble(FACTS.name, schema, rows, {}, source, lambda row: f"{source}: clip {row + 1}")


def _row(id: str, files: Mapping[str, Path]) -> UtteranceRow:
    """Returns the utterance of a performance, from its files by modality."""
    _, emotion, _, statement, _, actor = id.split("-")
    media = files[min(files)]
    sound = files.get(_SOUND, media)
    return UtteranceRow(
        dialogue=id,
        speaker=f"actor_{actor}",
        split=SPLITS.get(actor, "train"),
        emotion=EMOTIONS[int(emotion) - 1],
        text=STATEMENTS[statement],
        media=str(media),
        audio_media=str(sound) if sound != media else None,
    )


KIND = Kind(
    "ravdess", lambda path: has_named_clip(path, NAME), read_ravdess, facts=FACTS, clips=NAME
)
