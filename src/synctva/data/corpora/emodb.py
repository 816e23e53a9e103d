"""EmoDB, the Berlin database of emotional speech: ten German sentences, ten actors, 7 emotions.

Citation: Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss: A Database of German Emotional Speech.
    Interspeech 2005.
Source: http://emodb.bilderbar.info
Licence: free for research; state the source.
Emotions: anger, boredom, disgust, fear, happiness, sadness, neutral (``emodb-7``).

A clip's name, ``03a01Fa``, is the speaker, the sentence, the emotion by its German word's first
letter, and a version. Speakers 15 and 16 are ``test``, 14 is ``valid``.
"""

import re
from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.corpora.facts import Facts
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.clips import has_named_clip, named_clips
from synctva.data.kind import Kind
from synctva.emotions import schema_named
from synctva.errors import InputError

NAME = re.compile(r"(\d\d)([ab]\d\d)([WLEAFTN])([a-z]?)")

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
"""Wut, Langeweile, Ekel, Angst, Freude, Trauer, neutral."""

SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
"""As the database's documentation writes them."""

SPLITS = {"14": "valid", "15": "test", "16": "test"}
"""Speaker -> split; the others are ``train``."""

FACTS = Facts(
    name="emodb",
    title="EmoDB: 535 utterances of ten German actors, 7 emotions",
    citation="Burkhardt et al., A Database of German Emotional Speech, Interspeech 2005",
    source="http://emodb.bilderbar.info",
    licence="free for research; state the source",
    schema="emodb-7",
    dialogues={"train": 339, "valid": 69, "test": 127},
    utterances={
        "train": {
            "anger": 84,
            "boredom": 50,
            "disgust": 22,
            "fear": 42,
            "happiness": 46,
            "sadness": 39,
            "neutral": 56,
        },
        "valid": {
            "anger": 16,
            "boredom": 8,
            "disgust": 8,
            "fear": 12,
            "happiness": 8,
            "sadness": 10,
            "neutral": 7,
        },
        "test": {
            "anger": 27,
            "boredom": 23,
            "disgust": 16,
            "fear": 15,
            "happiness": 17,
            "sadness": 13,
            "neutral": 16,
        },
    },
)


def read_emodb(source: Path) -> Corpus:
    """Returns EmoDB from a folder of its clips.

    A clip is a dialogue of one utterance, called by the clip's name.

    Raises:
        InputError: The folder holds no clip of EmoDB, or two different ones of one name.
    """
    rows = []
    for stem, (path, match) in named_clips(source, NAME).items():
        speaker, sentence, emotion, _ = match.groups()
        rows.append(
            UtteranceRow(
                dialogue=stem,
                speaker=f"speaker_{speaker}",
                split=SPLITS.get(speaker, "train"),
                emotion=EMOTIONS[emotion],
                text=SENTENCES.get(sentence),
                media=str(path),
            )
        )
    if not rows:
        raise InputError(
            f"{source}: no clip of EmoDB in it, such as 03a01Fa.wav; get it from {FACTS.source}"
        )
    schema = schema_named(FACTS.schema)
    return assemble(FACTS.name, schema, rows, {}, source, lambda row: f"{source}: clip {row + 1}")


KIND = Kind("emodb", lambda path: has_named_clip(path, NAME), read_emodb, facts=FACTS, clips=NAME)
