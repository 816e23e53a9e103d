"""Donors that stand alone in a composed corpus: dialogues of one utterance with one modality."""

from dataclasses import replace

import numpy as np
from jaxtyping import Int

from synctva.corpus import Corpus, Features
from synctva.data.made.donors import Donor, Donors, recording_of
from synctva.dialogue import Dialogue, Utterance


def with_alone(
    corpus: Corpus, modality: str, donors: Donors, numbers: Int[np.ndarray, " dealt"]
) -> Corpus:
    """Returns the corpus with some donors as dialogues of their own in the training split.

    Args:
        corpus: A composed one.
        modality: What the donors lend, and all that these utterances have.
        donors: All donors of the modality.
        numbers: Those that are to stand alone; the same may do so several times.
    """
    if not len(numbers):
        return corpus
    dialogues = tuple(
        Dialogue(f"{modality} alone {place}", "train", (_alone(modality, donors.all[number]),))
        for place, number in enumerate(numbers)
    )
    lent = donors.features.rows(numbers)
    features = {
        m: _joined(before, lent if m == modality else _absent(len(numbers), before))
        for m, before in corpus.features.items()
    }
    return replace(corpus, dialogues=(*corpus.dialogues, *dialogues), features=features)


def _alone(modality: str, donor: Donor) -> Utterance:
    own = donor.utterance
    speaker = donor.person or "nobody"
    if modality == "audio":
        return Utterance(0, speaker, None, donor.emotion, audio_media=recording_of(own))
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
