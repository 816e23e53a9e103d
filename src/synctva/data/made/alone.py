"""Donors that stand alone in a composed corpus: dialogues of one utterance.

A voice may have words beside it that show nothing of its emotion, as in acted clips: all are spoken
with the same sentences. A model that saw such words only in conversations, where they are mostly
said without emotion, takes them for a reason not to listen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from synctva.corpus import Corpus, Features
from synctva.data.made.donors import Donor, Donors, dealt, donors_of, recording_of
from synctva.dialogue import Dialogue, Utterance
from synctva.errors import InputError

NEUTRAL = "neutral"
"""The emotion of words that tell nothing; a schema without it has no such words."""


@dataclass(frozen=True)
class Words:
    """Words beside lone voices.

    Attributes:
        texts: What is said, by utterance; None = nothing is known of it.
        features: Theirs, by the extractor of the text corpus; missing where there are none.
    """

    texts: tuple[str | None, ...]
    features: Features


def words_for(
    corpus: Corpus, donors: Donors, numbers: Int[np.ndarray, " dealt"], rng: np.random.Generator
) -> Words | None:
    """Returns words for voices that stand alone; None if the corpus has no features of words.

    A third has none, a third its own where its source has the same text features, and a third those
    of a neutral utterance of the corpus's training split.

    Raises:
        InputError: A source has other text features than the corpus.
    """
    if "text" not in corpus.features or not len(numbers):
        return None
    known = corpus.features["text"]
    if donors.words is not None and donors.words.fingerprint != known.fingerprint:
        raise InputError(
            f"{donors.all[0].source}: its text features are not made as those of {corpus.name};"
            " extract both with the same extractor and settings"
        )
    neutral = [
        (row, utterance.text)
        for row, (dialogue, utterance) in enumerate(corpus.utterances())
        if dialogue.split == "train" and utterance.emotion == NEUTRAL and known.present[row]
    ]
    kinds = rng.integers(0, 3, len(numbers))
    texts: list[str | None] = [None] * len(numbers)
    values = np.zeros((len(numbers), known.dim), np.float32)
    present = np.zeros(len(numbers), np.bool_)
    for place, number in enumerate(numbers.tolist()):
        if kinds[place] == 1 and donors.words is not None and donors.words.present[number]:
            texts[place] = donors.all[number].utterance.text
            values[place], present[place] = donors.words.values[number], True
        elif kinds[place] == 2 and neutral:
            row, texts[place] = neutral[int(rng.integers(len(neutral)))]
            values[place], present[place] = known.values[row], True
    return Words(tuple(texts), Features(values, present, known.description))


def with_alone(
    corpus: Corpus,
    modality: str,
    donors: Donors,
    numbers: Int[np.ndarray, " dealt"],
    words: Words | None = None,
) -> Corpus:
    """Returns the corpus with some donors as dialogues of their own in the training split.

    Args:
        corpus: A composed one.
        modality: What the donors lend.
        donors: All donors of the modality.
        numbers: Those that are to stand alone; the same may do so several times.
        words: What is said by each, beside what they lend; None = nothing.
    """
    if not len(numbers):
        return corpus
    texts = words.texts if words else (None,) * len(numbers)
    dialogues = tuple(
        Dialogue(
            f"{modality} alone {place}", "train", (_alone(modality, donors.all[number], said),)
        )
        for place, (number, said) in enumerate(zip(numbers, texts, strict=True))
    )
    lent = {modality: donors.features.rows(numbers)} | ({"text": words.features} if words else {})
    features = {
        m: _joined(before, lent.get(m) or _absent(len(numbers), before))
        for m, before in corpus.features.items()
    }
    return replace(corpus, dialogues=(*corpus.dialogues, *dialogues), features=features)


def with_words_alone(text: Corpus, words: Sequence[Corpus], count: int, seed: int) -> Corpus:
    """Returns a text corpus with utterances of others that stand alone in the training split.

    Args:
        text: Dialogues with their emotions.
        words: Corpora with text features of the same extractor, such as GoEmotions.
        count: How many of their training utterances join; of each emotion equally many.
        seed: Decides which.

    Raises:
        InputError: Text features are lacking, or made by another extractor.
    """
    donors = donors_of("text", words, text.schema)
    if (
        "text" not in text.features
        or donors.features.fingerprint != text.features["text"].fingerprint
    ):
        raise InputError(
            f"{words[0].name}: its text features are not made as those of {text.name}; extract both"
            " with the same extractor and settings"
        )
    rng = np.random.default_rng((seed, 6))
    joined = with_alone(text, "text", donors, dealt(donors, "train", count, rng))
    origin = {"kind": "words alone", "sources": [one.name for one in words], "alone": count}
    return replace(joined, origin=origin)


def _alone(modality: str, donor: Donor, said: str | None) -> Utterance:
    own = donor.utterance
    speaker = donor.person or "nobody"
    if modality == "text":
        return Utterance(0, speaker, own.text, donor.emotion)
    if modality == "audio":
        return Utterance(0, speaker, said, donor.emotion, audio_media=recording_of(own))
    return Utterance(
        0, speaker, None, donor.emotion, own.start_s, own.end_s, own.media, half=own.half
    )


def _absent(count: int, like: Features) -> Features:
    nothing = np.zeros(count, np.bool_)
    return Features(np.zeros((count, like.dim), np.float32), nothing, like.description)


def _joined(first: Features, second: Features) -> Features:
    flags = ()
    if first.flags or second.flags:
        flags = tuple(f for part in (first, second) for f in part.flags or ("",) * len(part.values))
    values = np.concatenate([first.values, second.values])
    return Features(values, np.append(first.present, second.present), first.description, flags)
