"""What the numbers of emotions mean: as stated, or as the known counts of a corpus prove it."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from synctva.data.corpora.facts import Facts
from synctva.emotions import EmotionSchema, schema_for, schema_named
from synctva.errors import InputError

TOLERANCE = 3
"""By how many utterances an emotion's count may miss the official one; copies lack a few clips."""

Counts = Mapping[str, Mapping[int, int]]
"""``test`` and ``other`` (train and valid) -> an emotion's number -> how many utterances."""


def order_of(
    counts: Counts, facts: Facts, stated: Sequence[str] | None
) -> tuple[EmotionSchema, tuple[str, ...]]:
    """Returns the schema, and the emotions in the order of their numbers.

    Args:
        counts: How often each number occurs.
        facts: The corpus that it is.
        stated: The order that the caller states; None = it must follow from the counts.

    Raises:
        InputError: No order is stated and the counts prove none, or they contradict the stated one.
    """
    schema = schema_named(facts.schema)
    verified = verified_order(counts, facts)
    if stated is None:
        if verified is None:
            raise InputError(
                f"the emotions' numbers do not show the known counts of {facts.name}; state their"
                f" order, such as --label-order {','.join(schema.emotions)}"
            )
        return schema, verified
    try:
        order = tuple(schema.canonical(name) for name in stated)
    except InputError:
        order = ()
    if set(order) != set(schema.emotions) or len(order) != len(stated):
        schema = schema_for(stated)
        order = tuple(schema.canonical(name) for name in stated)
    _refuse_contradiction(counts, facts, order)
    return schema, order


def verified_order(counts: Counts, facts: Facts) -> tuple[str, ...] | None:
    """Returns the emotions in the order of their numbers, if the counts leave one order only."""
    official = _official(facts)
    emotions = schema_named(facts.schema).emotions
    order = []
    for number in range(len(emotions)):
        fitting = [
            emotion
            for emotion in emotions
            if all(
                abs(counts[part].get(number, 0) - official[part][emotion]) <= TOLERANCE
                for part in official
            )
        ]
        if len(fitting) != 1:
            return None
        order += fitting
    known = all(number in range(len(emotions)) for part in counts.values() for number in part)
    return tuple(order) if known and len(set(order)) == len(order) else None


def _refuse_contradiction(counts: Counts, facts: Facts, order: Sequence[str]) -> None:
    """Refuses an order by which a part would not have its official counts, though another would.

    Each part decides alone, whatever the other lacks.
    """
    for part, official in _official(facts).items():
        pairs = zip_longest(sorted(counts[part].values()), sorted(official.values()), fillvalue=0)
        if any(abs(found - known) > TOLERANCE for found, known in pairs):
            continue
        for number, emotion in enumerate(order):
            found, known = counts[part].get(number, 0), official.get(emotion, 0)
            if abs(found - known) > TOLERANCE:
                called = "test" if part == "test" else "train and valid"
                raise InputError(
                    f"the order of emotions is stated as {','.join(order)}, but then {called} would"
                    f" have {found} of {emotion}, and {facts.name} has {known}; correct it"
                )


def _official(facts: Facts) -> dict[str, Mapping[str, int]]:
    train, valid, test = (facts.utterances[split] for split in ("train", "valid", "test"))
    return {"test": test, "other": {emotion: train[emotion] + valid[emotion] for emotion in train}}
