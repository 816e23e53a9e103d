"""What the numbers of emotions mean: as stated, or as the known counts of a corpus prove."""

from collections.abc import Mapping, Sequence

from synctva.data.facts import Facts
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
        InputError: No order is stated and the counts prove none, or they prove another one.
    """
    schema = schema_named(facts.schema)
    verified = verified_order(counts, facts)
    if stated is None:
        if verified is None:
            raise InputError(
                f"the emotions' numbers do not show the known counts of {facts.name}; state their"
                f" order, such as {','.join(schema.emotions)}"
            )
        return schema, verified
    try:
        order = tuple(schema.canonical(name) for name in stated)
    except InputError:
        order = ()
    if set(order) != set(schema.emotions) or len(order) != len(stated):
        schema = schema_for(stated)
        order = tuple(schema.canonical(name) for name in stated)
    if verified is not None and order != verified:
        raise InputError(
            f"the order of emotions is stated as {','.join(order)}, but the counts of"
            f" {facts.name} show {','.join(verified)}; correct it, or leave it out"
        )
    return schema, order


def verified_order(counts: Counts, facts: Facts) -> tuple[str, ...] | None:
    """Returns the emotions in the order of their numbers, if the counts leave one order only."""
    emotions = schema_named(facts.schema).emotions
    official = {
        "test": facts.utterances["test"],
        "other": {e: facts.utterances["train"][e] + facts.utterances["valid"][e] for e in emotions},
    }
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
