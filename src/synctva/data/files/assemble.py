"""Rows of a file -> Corpus; whatever is wrong is reported with its file and row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synctva.corpus import Corpus, Features
from synctva.data.split import split_dialogues, split_named
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import EmotionSchema
from synctva.errors import InputError, told_at

Place = Callable[[int], str]
"""UtteranceRow (from 0) -> where a user finds it, such as ``train.csv: line 7``."""


@dataclass(frozen=True)
class UtteranceRow:
    """An utterance as a file has it; spellings of emotion and split are still the file's.

    Attributes:
        dialogue: The dialogue's id; blanks around it do not count.
        speaker: The speaker's name; likewise.
        turn: Number of the turn; None = as many as the dialogue has rows before this one.
        split: Any usual name of a split; None = the file does not say.
        emotion: Any known spelling; None or empty = unlabelled.
        text: The words; None or empty = no transcript.
        start_s: Start in the recording, in seconds.
        end_s: End in the recording, in seconds.
        media: Path of the recording.
        audio_media: Path of a recording of the utterance's audio alone.
        half: The half of the picture that shows the speaker.
    """

    dialogue: str
    speaker: str = "speaker"
    turn: int | None = None
    split: str | None = None
    emotion: str | None = None
    text: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    media: str | None = None
    audio_media: str | None = None
    half: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dialogue", self.dialogue.strip())
        object.__setattr__(self, "speaker", self.speaker.strip())


def assemble(
    name: str,
    schema: EmotionSchema,
    rows: Sequence[UtteranceRow],
    features: Mapping[str, Features],
    source: Path,
    place: Place,
) -> Corpus:
    """Returns the corpus of a file's rows, which may stand in any order.

    Dialogues keep the order of their first rows, utterances that of their turns. Where no row
    names a split, dialogues are split 80/10/10.

    Args:
        name: The corpus's name.
        schema: Its emotions.
        rows: Its utterances.
        features: By modality, in the order of ``rows``.
        source: What messages about the whole call the file.
        place: What messages about a row call it.

    Raises:
        InputError: No rows; or a row with an empty dialogue, a turn that was there already,
            an emotion outside the schema, another split than its dialogue's, bad times, or text
            that is not UTF-8.
    """
    if not rows:
        raise InputError(f"{source}: no utterances in it; a row for each is needed")
    dialogues: dict[str, dict[int, int]] = {}
    for number, row in enumerate(rows):
        with told_at(lambda number=number: place(number)):
            _seat(dialogues, number, row, place)
    splits = _splits(dialogues, rows, place)
    built = []
    for id, turns in dialogues.items():
        utterances = []
        for turn in sorted(turns):
            with told_at(lambda number=turns[turn]: place(number)):
                utterances.append(_utterance(rows[turns[turn]], turn, schema))
        built.append(Dialogue(id, splits[id], tuple(utterances)))
    order = [turns[turn] for turns in dialogues.values() for turn in sorted(turns)]
    ordered = {m: f.rows(np.array(order)) for m, f in features.items()}
    with told_at(lambda: f"{source}"):
        return Corpus(name, schema, tuple(built), ordered)


def _seat(
    dialogues: dict[str, dict[int, int]], number: int, row: UtteranceRow, place: Place
) -> None:
    """Adds a row under its dialogue and turn."""
    if not row.dialogue:
        raise InputError("the dialogue is empty; write any name, the same for all of its turns")
    for words in (row.dialogue, row.speaker, row.text, row.media, row.audio_media):
        if words and not _is_utf_8(words):
            raise InputError(f"{words!r} is not UTF-8, as a store's text is; rename it")
    turns = dialogues.setdefault(row.dialogue, {})
    turn = len(turns) if row.turn is None else row.turn
    if turn in turns:
        raise InputError(
            f"dialogue {row.dialogue!r} turn {turn} was there already, at {place(turns[turn])};"
            " number the turns of a dialogue differently"
        )
    turns[turn] = number


def _is_utf_8(words: str) -> bool:
    """Returns whether words can be written; names of files may hold other bytes."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True


def _splits(
    dialogues: Mapping[str, Mapping[int, int]], rows: Sequence[UtteranceRow], place: Place
) -> dict[str, str]:
    """Returns each dialogue's split."""
    if not any(row.split for row in rows):
        return split_dialogues(dialogues)
    splits: dict[str, str] = {}
    for id, turns in dialogues.items():
        first = min(turns.values())
        for number in turns.values():
            with told_at(lambda number=number: place(number)):
                split = rows[number].split
                if not split:
                    raise InputError("the split is empty; write it in every row, or in none")
                if splits.setdefault(id, split_named(split)) != split_named(split):
                    raise InputError(
                        f"dialogue {id!r} is in two splits: {split_named(split)} here, "
                        f"{splits[id]} at {place(first)}; keep a dialogue in one, or rename it"
                    )
    return splits


def _utterance(row: UtteranceRow, turn: int, schema: EmotionSchema) -> Utterance:
    return Utterance(
        turn=turn,
        speaker=row.speaker,
        text=row.text or None,
        emotion=schema.canonical(row.emotion) if row.emotion else None,
        start_s=row.start_s,
        end_s=row.end_s,
        media=row.media or None,
        audio_media=row.audio_media or None,
        half=row.half or None,
    )
