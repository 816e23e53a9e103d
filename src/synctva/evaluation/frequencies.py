"""Class frequencies: how often each emotion is expected; the one place that states them."""

import csv
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from synctva.emotions import EmotionSchema
from synctva.errors import InputError, did_you_mean

FREQUENCIES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "meld": {
            "neutral": 0.48,
            "joy": 0.16,
            "anger": 0.12,
            "surprise": 0.11,
            "sadness": 0.08,
            "disgust": 0.03,
            "fear": 0.02,
        },
    }
)
"""The frequencies in conversations: MELD's, in hundredths (13,708 utterances of three splits)."""

EQUAL = "equal"
"""The name for all emotions alike, as in acted clips."""


def expected_frequencies(expect: str, emotions: tuple[str, ...]) -> Float[np.ndarray, " emotion"]:
    """Returns how often each emotion is expected; their sum is 1.

    Args:
        expect: ``meld``, ``equal``, or the path of a table (CSV) with the columns ``emotion`` and
            ``share``; shares are counts, percents or anything else in proportion, and an emotion
            that the table lacks is not expected at all.
        emotions: The model's, in its order.

    Raises:
        InputError: There is no such name or table, a cell of it is no share, or it has an emotion
            that the model lacks.
    """
    if expect == EQUAL:
        return np.full(len(emotions), 1 / len(emotions))
    if expect in FREQUENCIES:
        table = FREQUENCIES[expect]
        places = dict.fromkeys(table, f"frequencies {expect!r}")
    elif Path(expect).suffix.lower() == ".csv":
        table, places = _read(Path(expect))
    else:
        known = (EQUAL, *FREQUENCIES)
        raise InputError(
            f"frequencies {expect!r}: name {' or '.join(known)}, or a CSV file with the columns"
            " emotion and share." + did_you_mean(expect, known)
        )
    return _in_order(table, places, emotions, expect)


def reweighted(
    emotion: np.ndarray, frequencies: Float[np.ndarray, " emotion"]
) -> Float[np.ndarray, " utterance"]:
    """Returns weights by which labelled utterances have the stated class frequencies; sum 1.

    An emotion that does not occur is left out, and the others keep their proportions.

    Args:
        emotion: The number of each utterance's emotion.
        frequencies: Stated.

    Raises:
        InputError: None of the emotions that occur is expected.
    """
    counts = np.bincount(emotion, minlength=len(frequencies))
    weights = (frequencies / np.maximum(counts, 1))[emotion]
    if weights.sum() <= 0:
        raise InputError("class frequencies: none of the emotions that occur is expected")
    return weights / weights.sum()


def _in_order(
    table: Mapping[str, float],
    places: Mapping[str, str],
    emotions: tuple[str, ...],
    expect: str,
) -> Float[np.ndarray, " emotion"]:
    schema, shares = EmotionSchema("of the model", emotions), np.zeros(len(emotions))
    for name, share in table.items():
        try:
            number = schema.number(name)
        except InputError as error:
            raise InputError(f"{places[name]}: {error}") from error
        if shares[number]:
            raise InputError(f"{places[name]}: {name!r} stands twice; keep one share of it")
        shares[number] = share
    if shares.sum() <= 0:
        raise InputError(f"{expect}: no emotion has a share above 0; state how often each occurs")
    return shares / shares.sum()


def _read(path: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Returns the shares of a table, and where each stands."""
    table: dict[str, float] = {}
    places: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); give a CSV file with the columns emotion and share"
        ) from error
    for number, row in enumerate(rows, 2):
        place = f"{path} line {number}"
        name, cell = (row.get("emotion") or "").strip(), (row.get("share") or "").strip()
        try:
            share = float(cell.removesuffix("%"))
        except ValueError:
            share = -1.0
        if not name or not 0 <= share < float("inf"):
            raise InputError(
                f"{place}: emotion {name!r} with share {cell!r}; write an emotion and a number"
                " from 0 on, under the headings emotion and share"
            )
        if name in table:
            raise InputError(f"{place}: {name!r} stands twice; keep one share of it")
        table[name], places[name] = share, place
    return table, places
