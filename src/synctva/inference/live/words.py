"""The words of a turn, where something hears them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from synctva.features.extractors.language import OTHER_LANGUAGE
from synctva.listening.asr import FOREIGN
from synctva.listening.listener import Listener
from synctva.transcripts import Word


@dataclass(frozen=True)
class Heard:
    """What was heard of a turn's words.

    Attributes:
        text: What is said; None where nothing was understood.
        words: With their times since the talk's start.
        flags: What is to note of them.
    """

    text: str | None = None
    words: tuple[Word, ...] = ()
    flags: tuple[str, ...] = ()


def words_of(listener: Listener, sound: Float32[np.ndarray, " sample"], start_s: float) -> Heard:
    """Returns the words of a turn.

    Args:
        listener: What hears them.
        sound: Of the turn, at 16 kHz.
        start_s: When the turn begins.
    """
    assert listener.transcribe is not None
    sentences = [one for one in listener.transcribe(sound) if one.words]
    if not sentences:
        return Heard()
    counts = [len(one.words) for one in sentences]
    likelihood = np.average([one.likelihood for one in sentences], weights=counts)
    if listener.is_english and likelihood < FOREIGN:
        return Heard(flags=(OTHER_LANGUAGE,))
    found = [word for one in sentences for word in one.words]
    text = "".join(word.text for word in found).strip()
    moved = [Word(w.start_s + start_s, w.end_s + start_s, w.text.strip()) for w in found]
    return Heard(text or None, tuple(moved))
