"""The words of turns, where something hears them: while they are spoken, from pause to pause."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from synctva.features.extractors.language import OTHER_LANGUAGE
from synctva.listening.asr import FOREIGN, Sentence
from synctva.listening.listener import Listener
from synctva.media import SAMPLE_RATE_HZ
from synctva.transcripts import Word

ENGLISH_AT_FIRST, AT_FIRST = -0.3, 20
"""Words are taken for English until others show otherwise: as if twenty had been heard, as likely
as those of clear speech."""

STAYS = round(5.0 * SAMPLE_RATE_HZ)
"""A piece between two pauses that is at least this long stays as it was heard; a shorter one is
heard again with what follows, since words are clearer among others."""


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


@dataclass(frozen=True)
class _Piece:
    """Samples ``first`` to ``last`` of a turn, and the sentences in them once they are heard."""

    first: int
    last: int
    sentences: Future[list[Sentence]]


class Hearing:
    """Hears the words of one turn after another; all so far show whether they are English.

    They are heard in a thread of their own, which holds up no sound. Which pieces are heard depends
    on the pauses alone, not on how long that takes.

    Args:
        listener: What hears them.
    """

    def __init__(self, listener: Listener) -> None:
        self._transcribe, self._is_english = listener.transcribe, listener.is_english
        self._likelihood, self._count = ENGLISH_AT_FIRST * AT_FIRST, AT_FIRST
        self._thread = ThreadPoolExecutor(1, "words")
        self._pieces: list[_Piece] = []

    def hear(self, sound: Float32[np.ndarray, " sample"]) -> None:
        """Begins to hear what is new of a turn, and returns at once.

        Args:
            sound: Of the turn, to a pause or to its end, at 16 kHz.
        """
        if self._transcribe is None:
            return
        while self._pieces and not _stays(self._pieces[-1], len(sound)):
            self._pieces.pop().sentences.cancel()
        first = self._pieces[-1].last if self._pieces else 0
        if first < len(sound):
            sentences = self._thread.submit(self._transcribe, sound[first:])
            self._pieces.append(_Piece(first, len(sound), sentences))

    @property
    def so_far(self) -> str | None:
        """What is said in the turn, as far as it is heard; None where nothing is."""
        if self._is_foreign:
            return None
        ready = [piece.sentences for piece in self._pieces if piece.sentences.done()]
        heard = [one for found in ready if not found.exception() for one in found.result()]
        return _text(heard) or None

    def words(self, start_s: float) -> Heard:
        """Returns the words of a turn that was heard to its end; the next one may follow.

        Args:
            start_s: When its sound begins.

        Raises:
            InputError: As of what hears them.
        """
        pieces, self._pieces = self._pieces, []
        found = [
            (start_s + piece.first / SAMPLE_RATE_HZ, one)
            for piece in pieces
            for one in piece.sentences.result()
            if one.words
        ]
        if not found:
            return Heard()
        self._count += sum(len(one.words) for _, one in found)
        self._likelihood += sum(one.likelihood * len(one.words) for _, one in found)
        if self._is_foreign:
            return Heard(flags=(OTHER_LANGUAGE,))
        moved = [
            Word(word.start_s + piece_s, word.end_s + piece_s, word.text.strip())
            for piece_s, one in found
            for word in one.words
        ]
        return Heard(_text([one for _, one in found]) or None, tuple(moved))

    @property
    def _is_foreign(self) -> bool:
        return self._is_english and self._likelihood / self._count < FOREIGN


def _stays(piece: _Piece, length: int) -> bool:
    """Returns whether a piece is part of a turn that is now so long."""
    return piece.last == length or (piece.last < length and piece.last - piece.first >= STAYS)


def _text(sentences: Sequence[Sentence]) -> str:
    return "".join(word.text for one in sentences for word in one.words).strip()
