"""Speech in stretches that what hears words can bear, and the sentences that it hears in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from synctva.listening.asr import Sentence, Transcribe
from synctva.listening.utterances import ENDS, LEAST_S
from synctva.listening.voice_activity import Speech
from synctva.listening.voices import Span
from synctva.media import SAMPLE_RATE_HZ, read_audio, seen_apart
from synctva.transcripts import Word
from synctva.work import Engine

STRETCH_S = 15.0
"""Sound is read in stretches of about this length that end where nobody speaks: Whisper hears half
a minute at once, and in more it begins to repeat itself."""

AROUND_S = 0.1
"""How much before and after speech is heard with it, since words begin softly; at most half of a
pause, so that no word is heard twice."""

LOST_WORDS, LOST_SHARE = 3, 0.6
"""In a sentence of so many words, so large a share of them without length means that Whisper has
lost its place: it leaves a sentence out, or says one twice, where two are alike."""

Sound = Float32[np.ndarray, " sample"]


@dataclass(frozen=True)
class Stretch:
    """Speech that is heard at once.

    Attributes:
        spans: When somebody speaks in it, with what is heard around; at least one.
        samples: From the first one's start to the last one's end, at 16 kHz.
    """

    spans: Sequence[Span]
    samples: Sound

    @property
    def start_s(self) -> float:
        """When it begins, in seconds."""
        return self.spans[0][0]

    def halves(self) -> "tuple[Stretch, Stretch]":
        """Returns it cut at the pause next to its middle; there are two spans or more."""
        middle_s = (self.start_s + self.spans[-1][1]) / 2
        cut = min(range(1, len(self.spans)), key=lambda n: abs(self.spans[n][0] - middle_s))
        return self._of(self.spans[:cut]), self._of(self.spans[cut:])

    def _of(self, spans: Sequence[Span]) -> "Stretch":
        first, last = (
            round((at_s - self.start_s) * SAMPLE_RATE_HZ) for at_s in (spans[0][0], spans[-1][1])
        )
        return Stretch(spans, self.samples[first:last])


def stretches(
    recording: Path, speech: Speech, apart: Engine, sound_track: int | None = None
) -> Iterator[Stretch]:
    """Yields the speech of a recording.

    Args:
        recording: The recording.
        speech: When somebody speaks in it.
        apart: The process that looks at recordings.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.

    Raises:
        InputError: The recording cannot be read again.
    """
    found: list[list[Span]] = []
    for span in _with_margins(speech):
        if found and span[1] - found[-1][0][0] <= STRETCH_S:
            found[-1].append(span)
        else:
            found.append([span])
    for spans in found:
        read = partial(_read, (spans[0][0], spans[-1][1]), sound_track)
        yield Stretch(spans, seen_apart(read, recording, apart))


def sentences_of(stretch: Stretch, transcribe: Transcribe) -> list[Sentence]:
    """Returns the sentences of a stretch, with the times of the recording.

    Where what hears them has lost its place, both halves are heard by themselves; in less than that
    it would hear worse.
    """
    heard = _heard(stretch, transcribe)
    if len(stretch.spans) > 1 and _is_lost([word for one in heard for word in one.words]):
        return [one for half in stretch.halves() for one in _heard(half, transcribe)]
    return heard


def whole(heard: Iterator[Stretch], speech: Speech) -> Sound:
    """Returns all sound up to the end of speech; what lies between stretches is silent."""
    sound = np.zeros(round(speech.spans[-1][1] * SAMPLE_RATE_HZ), np.float32)
    for stretch in heard:
        first = round(stretch.start_s * SAMPLE_RATE_HZ)
        samples = stretch.samples[: len(sound) - first]
        sound[first : first + len(samples)] = samples
    return sound


def _heard(stretch: Stretch, transcribe: Transcribe) -> list[Sentence]:
    return [
        replace(one, words=tuple(_later(stretch.start_s, one.words)))
        for one in transcribe(stretch.samples)
    ]


def _is_lost(words: Sequence[Word]) -> bool:
    """Returns whether most words of some sentence have no length."""
    count = short = 0
    for number, word in enumerate(words, start=1):
        count += 1
        short += word.end_s - word.start_s < LEAST_S
        if word.text.rstrip().endswith(ENDS) or number == len(words):
            if count >= LOST_WORDS and short >= LOST_SHARE * count:
                return True
            count = short = 0
    return False


def _later(by_s: float, words: Sequence[Word]) -> Iterator[Word]:
    for word in words:
        yield Word(word.start_s + by_s, word.end_s + by_s, word.text)


def _with_margins(speech: Speech) -> Iterator[Span]:
    pauses = [(0.0, 0.0), *speech.spans, (speech.length_s, speech.length_s)]
    for (_, before_s), (start_s, end_s), (after_s, _) in zip(
        pauses, speech.spans, pauses[2:], strict=False
    ):
        yield (
            start_s - min(AROUND_S, (start_s - before_s) / 2),
            end_s + min(AROUND_S, (after_s - end_s) / 2),
        )


def _read(span: Span, sound_track: int | None, recording: Path) -> Sound:
    samples = read_audio(recording, *span, sound_track)
    assert samples is not None  # speech was heard in it
    return samples
