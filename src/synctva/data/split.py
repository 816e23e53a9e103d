"""Splits by dialogue, the same on every machine: for corpora without splits, and in k folds."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from synctva.corpus import Corpus
from synctva.dialogue import SPLITS
from synctva.errors import InputError, did_you_mean

SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "train": "train",
        "training": "train",
        "valid": "valid",
        "validation": "valid",
        "val": "valid",
        "dev": "valid",
        "development": "valid",
        "test": "test",
        "testing": "test",
    }
)
VALID_SHARE = 0.1
"""Share of the dialogues that becomes ``valid``."""
TEST_SHARE = 0.1
"""Share of the dialogues that becomes ``test``."""


def split_named(spelling: str) -> str:
    """Returns ``train``, ``valid`` or ``test`` for any usual name of a split.

    Raises:
        InputError: No split has that name.
    """
    split = SPELLINGS.get(spelling.strip().lower())
    if split is None:
        raise InputError(
            f"unknown split {spelling!r}: write {', '.join(SPLITS)}."
            + did_you_mean(spelling.lower(), SPELLINGS)
        )
    return split


def shuffled(ids: Iterable[str], seed: int = 0) -> list[str]:
    """Returns the different ids in an order that depends on the ids and the seed alone."""
    return sorted(set(ids), key=lambda id: hashlib.sha256(f"{seed}:{id}".encode()).digest())


def split_dialogues(ids: Iterable[str], seed: int = 0) -> dict[str, str]:
    """Returns a split for each dialogue: 80 % train, 10 % valid, 10 % test.

    From three dialogues on, no split is empty; fewer are all ``train``.
    """
    order = shuffled(ids, seed)
    if len(order) < len(SPLITS):
        return dict.fromkeys(order, "train")
    valid = max(1, round(len(order) * VALID_SHARE))
    test = max(1, round(len(order) * TEST_SHARE))
    splits = ["valid"] * valid + ["test"] * test + ["train"] * (len(order) - valid - test)
    return dict(zip(order, splits, strict=True))


def set_aside(ids: Iterable[str], seed: int = 0) -> set[str]:
    """Returns a tenth of the dialogues, to validate on where a corpus has only train and test."""
    order = shuffled(ids, seed)
    return set(order[: max(1, round(len(order) * VALID_SHARE))]) if len(order) > 1 else set()


def folds(corpus: Corpus, count: int = 5, seed: int = 0) -> list[Corpus]:
    """Returns the corpus ``count`` times, so that each dialogue is ``test`` exactly once.

    In fold i, part i is ``test``, the next part is ``valid`` and the rest is ``train``.

    Raises:
        InputError: Fewer than three folds, or fewer dialogues than folds.
    """
    if not 3 <= count <= len(corpus.dialogues):
        raise InputError(
            f"{corpus.name}: {len(corpus.dialogues)} dialogues in {count} folds; choose from 3"
            " folds to as many as there are dialogues"
        )
    order = shuffled((dialogue.id for dialogue in corpus.dialogues), seed)
    part = {id: number % count for number, id in enumerate(order)}
    in_fold = {0: "test", 1: "valid"}
    return [
        replace(
            corpus,
            dialogues=tuple(
                replace(d, split=in_fold.get((part[d.id] - fold) % count, "train"))
                for d in corpus.dialogues
            ),
        )
        for fold in range(count)
    ]


def fold_of(corpus: Corpus, number: int, count: int) -> Corpus:
    """Returns one of the corpus's folds, counted from 1.

    Raises:
        InputError: As ``folds``; or there is no fold of that number.
    """
    if not 1 <= number <= count:
        raise InputError(f"fold {number}/{count}: write 1/{count} to {count}/{count}")
    return folds(corpus, count)[number - 1]


def fold_named(words: str) -> tuple[int, int]:
    """Returns number and count of a fold that is written ``2/5``.

    Raises:
        InputError: It is written differently.
    """
    match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", words)
    if match is None:
        raise InputError(f"--fold {words}: write which fold of how many, such as 1/5")
    return int(match[1]), int(match[2])
