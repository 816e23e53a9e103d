"""How many utterances a corpus has per split and emotion, beside the official counts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from synctva.corpus import Corpus
from synctva.data.source import KINDS
from synctva.dialogue import SPLITS

KNOWN = {kind.facts.name: kind.facts for kind in KINDS.values() if kind.facts}
"""Corpora with official counts, by name."""


@dataclass(frozen=True)
class Count:
    """How many utterances of an emotion a split has.

    Attributes:
        split: The split.
        emotion: The emotion; None = unlabelled.
        utterances: How many there are.
        official: How many the corpus's authors count; None = nothing official is known.
    """

    split: str
    emotion: str | None
    utterances: int
    official: int | None


def counts(corpus: Corpus) -> list[Count]:
    """Returns the number of utterances per split and emotion, beside the official ones."""
    official = official_counts(corpus) or {}
    found = Counter((dialogue.split, u.emotion) for dialogue, u in corpus.utterances())
    unlabelled = [None] if any(emotion is None for _, emotion in found) else []
    return [
        Count(split, emotion, found[split, emotion], official.get(split, {}).get(emotion or ""))
        for split in SPLITS
        for emotion in (*corpus.schema.emotions, *unlabelled)
    ]


def official_counts(corpus: Corpus) -> Mapping[str, Mapping[str, int]] | None:
    """Returns split -> emotion -> official number of utterances; None where none is known.

    A composed corpus, or one with added copies, has none either.
    """
    facts = KNOWN.get(corpus.name)
    if facts is None or corpus.origin:
        return None
    if corpus.schema.name == facts.schema:
        return facts.utterances
    return facts.other_schemas.get(corpus.schema.name)
