"""The layouts of the field's pickles: tuples whose meaning depends on how many entries they have.

An entry is a dictionary from dialogue to one value per utterance, or the ids of a split's
dialogues. A layout counts as found only where every entry also holds what it should.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from synctva.data.corpora import iemocap, meld, mosi
from synctva.data.corpora.facts import Facts
from synctva.errors import InputError

ROBERTA = ("roberta1", "roberta2", "roberta3", "roberta4")
"""Four layers of RoBERTa, 1024 numbers each."""

SPLIT_ENTRIES = ("train", "valid", "test")
VECTOR_ENTRIES = ("text", "audio", "visual", *ROBERTA)

_FIRST = ("ids", "speakers", "emotions")
_REST = ("audio", "visual", "sentences", "train", "test")


@dataclass(frozen=True)
class Layout:
    """What the entries of a pickle mean.

    Attributes:
        name: Where it is known from.
        facts: The corpus it holds.
        entries: The meaning of each entry; ``_`` = not read.
    """

    name: str
    facts: Facts
    entries: tuple[str, ...]


LAYOUTS = (
    Layout("IEMOCAP_features", iemocap.FACTS, (*_FIRST, "text", *_REST)),
    Layout("IEMOCAP_features with RoBERTa", iemocap.FACTS, (*_FIRST, *ROBERTA, *_REST)),
    Layout(
        "iemocap_features_roberta",
        iemocap.FACTS,
        ("speakers", "emotions", *ROBERTA, "sentences", "train", "test", "valid"),
    ),
    Layout(
        "iemocap_features_roberta without features",
        iemocap.FACTS,
        ("speakers", "emotions", "sentences", "train", "test", "valid"),
    ),
    Layout(
        "IEMOCAP_features_raw",
        iemocap.FACTS,
        ("ids", "emotions", "speakers", "sentences", "train", "test"),
    ),
    Layout("MELD_features_raw", meld.FACTS, (*_FIRST, "text", *_REST, "_")),
    Layout("MELD_features_raw with RoBERTa", meld.FACTS, (*_FIRST, *ROBERTA, *_REST, "_")),
    Layout(
        "MELD_features_raw with RoBERTa and sentiments",
        meld.FACTS,
        (*_FIRST, "_", *ROBERTA, *_REST, "_"),
    ),
    Layout(
        "meld_features_roberta",
        meld.FACTS,
        ("speakers", "emotions", "_", *ROBERTA, "sentences", "train", "test", "valid"),
    ),
    Layout(
        "CMUMOSI_features_raw",
        mosi.FACTS,
        ("ids", "scores", "speakers", "sentences", "train", "valid", "test"),
    ),
)


def layout_of(source: Path, entries: Sequence[object]) -> Layout:
    """Returns the layout of a pickle's entries.

    Raises:
        InputError: None fits; the message says what the entries look like.
    """
    for layout in LAYOUTS:
        if len(layout.entries) == len(entries) and all(
            _fits(word, entry) for word, entry in zip(layout.entries, entries, strict=True)
        ):
            return layout
    for layout in LAYOUTS:
        if len(layout.entries) == len(entries):
            wrong = {w: e for w, e in zip(layout.entries, entries, strict=True) if not _fits(w, e)}
            if list(wrong) == ["emotions"]:
                raise InputError(
                    f"{source}: the emotions are {_look(wrong['emotions'])}, not whole numbers;"
                    " number them from 0, and state their order with --label-order"
                )
    looks = [_look(entry) for entry in entries]
    if "vectors" in looks and "numbers" not in looks:
        raise InputError(
            f"{source}: features without speakers and emotions; those are in its companion"
            " (IEMOCAP_features.pkl or MELD_features_raw.pkl): join the two in one .npz"
        )
    shown = ", ".join(looks[:16])
    raise InputError(
        f"{source}: {len(entries)} entries ({shown}) fit no known layout"
        f" (of {', '.join(sorted({str(len(known.entries)) for known in LAYOUTS}, key=int))}"
        " entries); give the features as one .npz instead"
    )


def _fits(word: str, entry: object) -> bool:
    look = _look(entry)
    if word == "_":
        return True
    if word in SPLIT_ENTRIES:
        return look == "ids of a split"
    if word == "speakers":
        return look in ("strings", "vectors")
    if word in ("ids", "sentences"):
        return look == "strings"
    if word in VECTOR_ENTRIES:
        return look == "vectors"
    return look == ("numbers" if word == "emotions" else "scores")


def is_listed(values: object) -> TypeGuard[Sequence[Any] | np.ndarray]:
    """Returns whether a value is a list of others."""
    if isinstance(values, np.ndarray):
        return values.ndim > 0
    return isinstance(values, (list, tuple))


def _look(entry: object) -> str:
    """Returns what an entry holds, judged by its first utterance."""
    if isinstance(entry, (list, tuple, set, frozenset, np.ndarray)):
        return "ids of a split"
    if not isinstance(entry, Mapping):
        return "nothing known"
    values = next(iter(entry.values()), None)
    if not is_listed(values) or not len(values):
        return "nothing known"
    first = values[0]
    if isinstance(first, str):
        return "strings"
    if isinstance(first, (list, tuple, np.ndarray)):
        return "vectors"
    if isinstance(first, Integral) and not isinstance(first, bool):
        return "numbers"
    return "scores" if isinstance(first, Real) else "nothing known"
