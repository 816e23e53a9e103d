"""The field's pickles -> Corpus: the layout detected, the numbers of the emotions verified.

Citation, source, licence: those of the corpus in it, see ``iemocap``, ``meld`` and ``mosi``.
Emotions: numbers. What they mean is stated by the caller, or follows from the known number of
utterances per emotion; it is never guessed.
"""

import logging
import math
import operator
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synctva.corpus import Corpus, Description, Features
from synctva.data.corpora import meld
from synctva.data.corpora.facts import Facts
from synctva.data.corpora.label_order import TOLERANCE, order_of
from synctva.data.corpora.legacy_layouts import (
    ROBERTA,
    SPLIT_ENTRIES,
    Layout,
    is_listed,
    layout_of,
)
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.pickle_file import read_pickle
from synctva.data.kind import Kind
from synctva.data.split import set_aside
from synctva.emotions import MODALITIES, EmotionSchema, schema_named
from synctva.errors import InputError, told_at

_log = logging.getLogger(__name__)

Entries = Mapping[str, Any]
"""The entries of a pickle under the layout's words."""


def read_legacy(source: Path, label_order: Sequence[str] | None = None) -> Corpus:
    """Returns the corpus in one of the field's pickles.

    Where a layout has no valid split, MELD's official one is taken if it is among the training
    dialogues, else a tenth of them is set aside; a warning is logged. Four layers of RoBERTa
    become their mean.

    Args:
        source: The pickle.
        label_order: The emotions in the order of their numbers. Without it the numbers must show
            the known counts of the corpus.

    Raises:
        InputError: The pickle is refused, damaged or of no known layout; its parts do not fit
            together; the order of the emotions is not stated and not verifiable, or is stated
            otherwise than the counts say.
    """
    content = read_pickle(source)
    if not isinstance(content, (list, tuple)):
        is_array = isinstance(content, np.ndarray)
        held = f"one array of shape {content.shape}" if is_array else type(content).__name__
        raise InputError(
            f"{source}: holds {held}, without dialogues; join it with dialogues, speakers and"
            " emotions in one .npz"
        )
    layout = layout_of(source, content)
    entries = dict(zip(layout.entries, content, strict=True))
    with told_at(lambda: f"{source}"):
        splits = _splits(entries)
        _check_lengths(entries, splits)
        if "valid" not in entries:
            _find_valid(source, layout.facts, entries, splits)
        schema, names = _emotions(layout.facts, entries, splits, label_order)
        rows = _rows(entries, splits, names)
        features = _features(layout, entries, splits)
    places = [(id, turn) for id in splits for turn in range(len(entries["speakers"][id]))]

    def place(row: int) -> str:
        return f"{source}: dialogue {places[row][0]!r} turn {places[row][1]}"

    return assemble(layout.facts.name, schema, rows, features, source, place)


def _splits(entries: Entries) -> dict[Hashable, str]:
    """Returns the split of each dialogue, in the order of the dialogues."""
    listed: dict[Hashable, str] = {}
    for split in SPLIT_ENTRIES:
        ids = entries.get(split, ())
        for id in ids.ravel().tolist() if isinstance(ids, np.ndarray) else ids:
            if not isinstance(id, (str, bytes, int, float, np.generic)):
                raise InputError(f"a dialogue of {split} is called {str(id)[:40]!r}; give its id")
            if listed.setdefault(id, split) != split:
                raise InputError(
                    f"dialogue {id!r} is in two splits: {listed[id]} and {split}; keep it in one"
                )
    missing = [id for id in listed if id not in entries["speakers"]]
    if missing:
        raise InputError(
            f"dialogue {missing[0]!r} of {listed[missing[0]]} has no speakers; remove it from the"
            " split, or add it"
        )
    if "test" not in listed.values() or "train" not in listed.values():
        raise InputError("an empty split: train and test need dialogues")
    left_out = len(entries["speakers"]) - len(listed)
    if left_out:
        _log.warning("%d dialogues are in no split and left out", left_out)
    return {id: listed[id] for id in entries["speakers"] if id in listed}


def _check_lengths(entries: Entries, splits: Mapping[Hashable, str]) -> None:
    for id in splits:
        if not is_listed(entries["speakers"][id]):
            raise InputError(f"dialogue {id!r} has no list of speakers; list them")
        count = len(entries["speakers"][id])
        for word, entry in entries.items():
            if word == "_" or word in SPLIT_ENTRIES:
                continue
            values = entry[id] if isinstance(entry, Mapping) and id in entry else None
            if not is_listed(values) or len(values) != count:
                found = len(values) if is_listed(values) else "none"
                raise InputError(
                    f"dialogue {id!r} has {count} speakers, but {found} in {word!r}; one per"
                    " utterance is needed"
                )


def _find_valid(source: Path, facts: Facts, entries: Entries, splits: dict[Hashable, str]) -> None:
    """Moves a part of the training dialogues to ``valid``."""
    train = [id for id, split in splits.items() if split == "train"]
    first = meld.FACTS.dialogues["train"]
    official = range(first, first + meld.FACTS.dialogues["valid"])
    if facts is meld.FACTS and set(train) == set(range(official.stop)):
        utterances = sum(len(entries["emotions"][id]) for id in official)
        if abs(utterances - sum(facts.utterances["valid"].values())) <= TOLERANCE:
            splits.update(dict.fromkeys(official, "valid"))
            _log.warning("%s: training holds MELD's dev split; it becomes valid", source)
            return
    chosen = set_aside(str(id) for id in train)
    splits.update({id: "valid" for id in train if str(id) in chosen})
    _log.warning(
        "%s: no valid split in it; %d of the %d training dialogues are set aside as valid",
        source,
        len(chosen),
        len(train),
    )


def _emotions(
    facts: Facts,
    entries: Entries,
    splits: Mapping[Hashable, str],
    label_order: Sequence[str] | None,
) -> tuple[EmotionSchema, tuple[str, ...]]:
    """Returns the schema, and the emotions in the order of their numbers."""
    if "scores" in entries:
        return schema_named(facts.schema), ()
    counts = {"test": Counter[int](), "other": Counter[int]()}
    for id, split in splits.items():
        part = "test" if split == "test" else "other"
        for turn, number in enumerate(entries["emotions"][id]):
            with told_at(lambda id=id, turn=turn: f"dialogue {id!r} turn {turn}"):
                counts[part][_whole(number)] += 1
    return order_of(counts, facts, label_order)


def _rows(
    entries: Entries, splits: Mapping[Hashable, str], names: Sequence[str]
) -> list[UtteranceRow]:
    rows = []
    for id, split in splits.items():
        for turn, speaker in enumerate(entries["speakers"][id]):
            with told_at(lambda id=id, turn=turn: f"dialogue {id!r} turn {turn}"):
                rows.append(
                    UtteranceRow(
                        dialogue=str(id),
                        split=split,
                        turn=turn,
                        speaker=_speaker(speaker),
                        emotion=_emotion(entries, id, turn, names),
                        text=_text(entries["sentences"][id][turn]),
                    )
                )
    return rows


def _text(sentence: object) -> str:
    if not isinstance(sentence, str):
        raise InputError(f"the sentence is {type(sentence).__name__}, not text; correct it")
    return str(sentence)


def _emotion(entries: Entries, id: Hashable, turn: int, names: Sequence[str]) -> str:
    if "scores" in entries:
        return "positive" if _finite(entries["scores"][id][turn]) >= 0 else "negative"
    number = _whole(entries["emotions"][id][turn])
    if number not in range(len(names)):
        raise InputError(f"emotion {number} is none of 0 to {len(names) - 1}; state all emotions")
    return names[number]


def _finite(score: Any) -> float:
    try:
        number = float(score)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"the score {str(score)[:40]!r} is not a number; correct it")
    return number


def _whole(emotion: Any) -> int:
    try:
        return operator.index(emotion)
    except TypeError as error:
        raise InputError(
            f"the emotion {str(emotion)[:40]!r} is not a whole number; number the emotions from 0"
        ) from error


def _speaker(speaker: Any) -> str:
    """Returns a speaker's name; it may be a string, or a one in a row of zeros."""
    if isinstance(speaker, str):
        return speaker or "speaker"
    try:
        ones = np.flatnonzero(np.asarray(speaker, dtype=np.float64))
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError("the speaker is neither a name nor a row of numbers; name one") from error
    if len(ones) > 1:
        raise InputError("the speaker is a row with more than one number other than 0; name one")
    return f"speaker{ones[0]}" if len(ones) else "another"


def _features(
    layout: Layout, entries: Entries, splits: Mapping[Hashable, str]
) -> dict[str, Features]:
    settings = {"corpus": layout.facts.name, "layout": layout.name}
    found = {}
    if ROBERTA[0] in entries:
        layers = [_table(word, entries[word], splits) for word in ROBERTA]
        if len({layer.shape for layer in layers}) > 1:
            raise InputError("the four layers of RoBERTa differ in width; save them again")
        found["text"] = np.mean(layers, axis=0, dtype=np.float32)
        settings["layers"] = "mean of roberta1 to roberta4"
    found |= {m: _table(m, entries[m], splits) for m in MODALITIES if m in entries}
    return {
        m: Features(
            found[m], np.ones(len(found[m]), np.bool_), Description("published", settings=settings)
        )
        for m in MODALITIES
        if m in found
    }


def _table(word: str, entry: Mapping[Hashable, Any], splits: Mapping[Hashable, str]) -> np.ndarray:
    """Returns the vectors of all dialogues as one table."""
    parts: list[np.ndarray] = []
    for id in splits:
        try:
            part = np.asarray([np.asarray(v, np.float32) for v in entry[id]], dtype=np.float32)
        except (ValueError, TypeError, OverflowError) as error:
            raise InputError(f"dialogue {id!r}: {word!r} is not a table of numbers") from error
        if part.ndim != 2 or part.shape[1:] != (parts or [part])[0].shape[1:]:
            raise InputError(
                f"dialogue {id!r}: {word!r} has shape {part.shape}, another width than before"
            )
        for turn, _ in np.argwhere(~np.isfinite(part))[:1].tolist():
            raise InputError(
                f"dialogue {id!r} turn {turn}: {word!r} holds NaN or infinity; extract it again"
            )
        parts.append(part)
    return np.concatenate(parts)


def is_pickle(path: Path) -> bool:
    """Returns whether a path is a pickle, by its name."""
    return path.is_file() and path.suffix.lower() in (".pkl", ".pickle")


KIND = Kind("legacy", is_pickle, read_legacy, ("label_order",))
