"""The words of turns, where something hears them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from synctva.features.extractors.language import OTHER_LANGUAGE
from synctva.listening.asr import FOREIGN
from synctva.listening.listener import Listener
from synctva.transcripts import Word

ENGLISH_AT_FIRST, AT_FIRST = -0.3, 20
"""Words are English until others tell otherwise: as if twenty of them had been heard, as likely as
those of clear speech."""


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


class Hearing:
    """Hears the words of one turn after another; whether they are English, all so far tell.

    Args:
        listener: What hears them.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._likelihood, self._count = ENGLISH_AT_FIRST * AT_FIRST, AT_FIRST

    def words_of(self, sound: Float32[np.ndarray, " sample"], start_s: float) -> Heard:
        """Returns the words of a turn.

        Args:
            sound: Of the turn, at 16 kHz.
            start_s: When the turn begins.
        """
        if self._listener.transcribe is None:
            return Heard()
        sentences = [one for one in self._listener.transcribe(sound) if one.words]
        if not sentences:
            return Heard()
        self._count += sum(len(one.words) for one in sentences)
        self._likelihood += sum(one.likelihood * len(one.words) for one in sentences)
        if self._listener.is_english and self._likelihood / self._count < FOREIGN:
            return Heard(flags=(OTHER_LANGUAGE,))
        found = [word for one in sentences for word in one.words]
        text = "".join(word.text for word in found).strip()
        moved = [Word(w.start_s + start_s, w.end_s + start_s, w.text.strip()) for w in found]
        return Heard(text or None, tuple(moved))
