"""Copies in a corpus: what is in two splits leaks from training into the score."""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator

from synctva.corpus import Corpus
from synctva.data.checks.finding import Finding, some
from synctva.dialogue import SPLITS, Dialogue

LEAK_WORDS = 12
"""Two dialogues with the same words count as copies from this length on."""

_SIGNS = re.compile(r"[^\w\s]")


def copies(corpus: Corpus) -> Iterator[Finding]:
    """Yields dialogues, recordings and features that one split shares with another."""
    yield from _same_words(corpus.dialogues)
    yield from _same_recordings(corpus)
    yield from _same_features(corpus)


def _same_words(dialogues: Iterable[Dialogue]) -> Iterator[Finding]:
    """Yields dialogues with the words of one before, split by split.

    A copy without the first or the last turn is one as well.
    """
    earlier: defaultdict[tuple[str, ...], dict[str, Dialogue]] = defaultdict(dict)
    same = []
    for dialogue in sorted(dialogues, key=lambda dialogue: SPLITS.index(dialogue.split)):
        keys = _word_keys(dialogue)
        firsts = {split: first for key in keys for split, first in earlier[key].items()}
        leaks = [first for split, first in firsts.items() if split != dialogue.split]
        if leaks:
            yield Finding(
                "error",
                f"{dialogue.id} ({dialogue.split})",
                f"a copy of {leaks[0].id} ({leaks[0].split}): remove it, or it leaks into the"
                " score",
            )
        elif firsts:
            same.append(f"{dialogue.id} as {firsts[dialogue.split].id} ({dialogue.split})")
        for key in keys:
            earlier[key].setdefault(dialogue.split, dialogue)
    if same:
        yield Finding("note", some(same), f"{len(same)} dialogues have the words of another")


def _word_keys(dialogue: Dialogue) -> list[tuple[str, ...]]:
    """Returns what copies of a dialogue have in common: words, without capitals and signs.

    A single utterance, which many may say, is a copy only if the speaker is the same too.
    """
    words = [_SIGNS.sub("", u.text or "").casefold().split() for u in dialogue.utterances]
    parts = [words, words[1:], words[:-1]] if len(words) > 2 else [words]
    alone = (dialogue.utterances[0].speaker,) if len(words) == 1 else ()
    return [
        (*alone, *(" ".join(utterance) for utterance in part))
        for part in parts
        if sum(map(len, part)) >= LEAK_WORDS
    ]


def _same_recordings(corpus: Corpus) -> Iterator[Finding]:
    """Yields how many utterances are the same part of a recording as one of an earlier split."""
    places = _in_earlier_splits(
        (
            (u.media, u.audio_media, u.start_s, u.end_s),
            dialogue.split,
            f"{dialogue.id} turn {u.turn}",
        )
        for dialogue, u in corpus.utterances()
        if u.media or u.audio_media
    )
    if places:
        yield Finding(
            "warning",
            some(places),
            f"{len(places)} utterances are the same part of a recording as one of another split:"
            " remove them, or they leak into the score",
        )


def _same_features(corpus: Corpus) -> Iterator[Finding]:
    """Yields how many features of a modality are, to the last bit, those of an earlier split."""
    for modality, features in corpus.features.items():
        places = _in_earlier_splits(
            (hash(features.values[rows].tobytes()), split, place)
            for split, place, rows in _comparable(corpus, modality)
            if features.present[rows].all()
            and features.values[rows].any()
            and "silent" not in " ".join(features.flags[rows])
        )
        if places:
            what = "dialogues" if modality == "text" else "utterances"
            yield Finding(
                "warning",
                some(places),
                f"{len(places)} {what} have the same {modality} features as one of another split:"
                " if they are copies, remove them, or they leak into the score",
            )


def _comparable(corpus: Corpus, modality: str) -> Iterator[tuple[str, str, slice]]:
    """Yields the split, the place and the rows of whatever has features like nothing else.

    These are utterances. But the same words have the same text features, so for text they are
    dialogues of several turns, if ``_same_words`` has no words to compare.
    """
    row = 0
    for dialogue in corpus.dialogues:
        after = row + len(dialogue.utterances)
        if modality != "text":
            for turn, utterance in enumerate(dialogue.utterances, row):
                place = f"{dialogue.id} turn {utterance.turn}"
                yield dialogue.split, place, slice(turn, turn + 1)
        elif after - row > 1 and not any(utterance.text for utterance in dialogue.utterances):
            yield dialogue.split, dialogue.id, slice(row, after)
        row = after


def _in_earlier_splits(found: Iterable[tuple[Hashable, str, str]]) -> list[str]:
    """Returns the places, with their splits, whose key an earlier split has as well.

    Args:
        found: Key, split and place.
    """
    found = list(found)
    first: dict[Hashable, int] = {}
    for key, split, _ in found:
        first[key] = min(SPLITS.index(split), first.get(key, len(SPLITS)))
    return [f"{place} ({split})" for key, split, place in found if SPLITS.index(split) > first[key]]
