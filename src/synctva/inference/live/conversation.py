"""A conversation as it happens: sound and pictures in, events out, without threads or clocks.

Whatever the pieces in which the sound comes, the same turns come out.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float32

from synctva.dialogue import NOBODY, Utterance
from synctva.errors import InputError
from synctva.inference.live.clip import HeardClip, Picture, Pictures
from synctva.inference.live.events import End, Event, Problem, Relabel, Speech, Turn
from synctva.inference.live.past import Knowing, Past
from synctva.inference.live.voices import People, VoiceOfTurn
from synctva.inference.live.words import Heard, Hearing
from synctva.inference.recognition import NO_EVIDENCE, RecognisedUtterance, Recognition
from synctva.listening.listener import BY_VOICE, Listener
from synctva.listening.speech_stream import SpeechHeard, SpeechStream
from synctva.listening.stretches import AROUND_S
from synctva.listening.voice_activity import WINDOW
from synctva.media import SAMPLE_RATE_HZ

LIVE = "live"
"""What such a recording is called."""

STEP = SAMPLE_RATE_HZ // 4
"""Sound is processed in steps of a quarter of a second, counted from the talk's start."""

EACH = 2 * STEP - WINDOW
"""An unfinished turn is estimated in every second step; a part of a window waits for the next."""

ESTIMATED_S = 4.0
"""If a turn is longer, an estimate is of its last seconds."""

LOOKED_S = 0.4
"""Faces are looked for so often while somebody speaks: in every second picture that is read."""

AROUND = round(AROUND_S * SAMPLE_RATE_HZ)
"""How much sound before and after a turn is heard with its words; never with two turns' words."""

LATE_S = 0.25
"""How early or late sound may be by its sender's clock before that counts as a gap."""

GAP_S = 1.0
"""A gap ends what was said; at most this much of it has to be heard."""


class Conversation:
    """Recognises what is said while it is said.

    Args:
        recogniser: Whose model; its causal mode is used.
        listener: What hears words, and how many people speak at the most; a listener without a
            count tells nobody apart.
        expect: How often each emotion is expected, as of ``Recogniser.recognise``.

    Raises:
        InputError: The model has no causal mode, or there are no such frequencies.
    """

    def __init__(
        self, recogniser: Knowing, listener: Listener = BY_VOICE, expect: str | None = None
    ) -> None:
        self._recogniser, self._hearing = recogniser, Hearing(listener)
        self._past = Past(recogniser, expect)
        self._speech, self._pictures = SpeechStream(), Pictures()
        self._people = None if listener.count is None else People(listener.count.most)
        self._sound, self._first = np.zeros(0, np.float32), 0
        self._turns: list[RecognisedUtterance] = []
        self._begun: int | None = None
        self._voice, self._revision, self._estimated = VoiceOfTurn(), 0, 0
        self._look_s, self._heard_until = 0.0, 0
        self._is_over = False
        self._load(listener)

    def _load(self, listener: Listener) -> None:
        """Loads all that is loaded with the first turn, so that it does not wait for that."""
        noise = np.random.default_rng(0).normal(scale=0.01, size=SAMPLE_RATE_HZ)
        sound = noise.clip(-1, 1).astype(np.float32)
        if listener.transcribe is not None:
            listener.transcribe(sound)
        if self._people is not None:
            self._voice.vector(sound)
        nothing = self._utterance(0, len(sound), NOBODY)
        clip = HeardClip(nothing, sound, self._pictures)
        self._past.recognise(nothing, clip, lambda: Heard("nothing"), is_over=False)

    @property
    def now_s(self) -> float:
        """How much was heard."""
        return (self._first + len(self._sound)) / SAMPLE_RATE_HZ

    @property
    def recognition(self) -> Recognition:
        """What was recognised so far, as of a recording."""
        return Recognition(
            LIVE,
            self.now_s,
            self._past.emotions,
            tuple(self._turns),
            self._recogniser.name,
            self._recogniser.fingerprint,
        )

    def feed(
        self,
        samples: Float32[np.ndarray, " sample"],
        at_s: float | None = None,
        frame: Picture | None = None,
        *,
        in_haste: bool = False,
    ) -> list[Event]:
        """Takes what comes next, and returns what becomes known from it.

        Args:
            samples: Sound at 16 kHz, of any length; none where only a picture comes.
            at_s: When it begins, and when the picture is seen, by the sender's clock; None = just
                after what came before.
            frame: What is seen, in RGB, its longer side 640 pixels at the most.
            in_haste: Leave estimates out: more is waiting already.

        Raises:
            InputError: It is no such sound, or the talk is over.
        """
        if self._is_over:
            raise InputError("the talk is over; begin another one")
        _check(samples, at_s)
        events: list[Event] = []
        if frame is not None:
            self._see(frame, self.now_s if at_s is None else at_s, events)
        if len(samples) and at_s is not None:
            samples = self._in_time(samples, at_s, events)
        while len(samples):
            step = STEP - (self._first + len(self._sound)) % STEP
            self._hear(samples[:step], events, in_haste=in_haste)
            samples = samples[step:]
        return events

    def end(self) -> list[Event]:
        """Ends the talk; returns the turn that this cuts off, if there is one, and the end."""
        if self._is_over:
            return []
        self._is_over = True
        events: list[Event] = []
        for heard in self._speech.end():
            self._take(heard, events)
        return [*events, End(self.now_s, len(self._turns))]

    def _see(self, frame: Picture, at_s: float, events: list[Event]) -> None:
        try:
            self._pictures.see(at_s, frame)
        except InputError as error:  # which must not cost the sound
            events.append(Problem(self.now_s, f"{error}"))
            return
        while self._begun is not None and self._look_s <= at_s:
            self._past.look(self._pictures, self._look_s)
            self._look_s += LOOKED_S

    def _in_time(
        self, samples: Float32[np.ndarray, " sample"], at_s: float, events: list[Event]
    ) -> Float32[np.ndarray, " new"]:
        """Returns the sound that follows what was heard, after telling what is missing or twice."""
        apart_s = at_s - self.now_s
        if apart_s > LATE_S:
            events.append(Problem(self.now_s, f"{apart_s:.2f} s of sound are missing"))
            missing = round(apart_s * SAMPLE_RATE_HZ)
            silent = min(missing, round(GAP_S * SAMPLE_RATE_HZ))
            self._hear(np.zeros(silent, np.float32), events)
            if missing > silent:
                for heard in self._speech.end():
                    self._take(heard, events)
                self._speech.skip(missing - silent)
                self._sound, self._first = np.zeros(0, np.float32), self._speech.position
        elif apart_s < -LATE_S:
            late = min(len(samples), round(-apart_s * SAMPLE_RATE_HZ))
            seconds = f"{late / SAMPLE_RATE_HZ:.2f} s of sound"
            events.append(Problem(self.now_s, f"{seconds} came late or twice, and are left out"))
            return samples[late:]
        return samples

    def _hear(
        self,
        samples: Float32[np.ndarray, " sample"],
        events: list[Event],
        *,
        in_haste: bool = False,
    ) -> None:
        self._sound = np.concatenate([self._sound, samples])
        for heard in self._speech.feed(samples):
            self._take(heard, events)
        if self._begun is None:
            past = self._speech.needed - AROUND - self._first
            past = min(max(past, 0), len(self._sound))
            self._sound, self._first = self._sound[past:], self._first + past
            return
        so_far = self._between(self._begun, self._speech.position)
        if self._people is not None:
            self._voice.hear(so_far)
        if not in_haste and self._speech.position - self._estimated >= EACH:
            self._estimated = self._speech.position
            events.append(self._estimate(so_far))

    def _take(self, heard: SpeechHeard, events: list[Event]) -> None:
        if heard.end is None:
            self._begun = self._estimated = heard.start
            self._look_s = heard.start / SAMPLE_RATE_HZ + LOOKED_S / 4
            self._voice, self._revision = VoiceOfTurn(), 0
            events.append(Speech(heard.start / SAMPLE_RATE_HZ))
            return
        first = max(heard.start - AROUND, self._heard_until, self._first)
        last = max(heard.end, min(heard.end + AROUND, self._speech.position))
        self._hearing.hear(self._between(first, last))
        if heard.is_over:
            words = partial(self._hearing.words, first / SAMPLE_RATE_HZ)
            self._tell(heard.start, heard.end, words, events)
            self._begun, self._heard_until = None, last

    def _between(self, start: int, end: int) -> Float32[np.ndarray, " sample"]:
        return self._sound[start - self._first : end - self._first]

    def _estimate(self, so_far: Float32[np.ndarray, " sample"]) -> Turn:
        """Returns what the last seconds of the turn express."""
        assert self._begun is not None
        past = max(0.0, len(so_far) / SAMPLE_RATE_HZ - ESTIMATED_S)
        sound = so_far[round(np.ceil(past / LOOKED_S) * LOOKED_S * SAMPLE_RATE_HZ) :]
        end = self._begun + len(so_far)
        speaker = "" if self._people is None else self._people.likely(self._voice.vector(so_far))
        utterance = self._utterance(end - len(sound), end, speaker or NOBODY)
        clip = HeardClip(utterance, sound, self._pictures)
        found = self._past.recognise(utterance, clip, is_over=False)
        found = replace(found, start_s=self._begun / SAMPLE_RATE_HZ, text=self._hearing.so_far)
        return self._turn(found, speaker, is_final=False)

    def _tell(self, start: int, end: int, words: Callable[[], Heard], events: list[Event]) -> None:
        """Reports a turn that is over; its words are being heard."""
        sound = self._between(start, end)
        speaker = NOBODY
        if self._people is not None:
            speaker = self._people.who(self._voice.vector(sound), len(sound) / SAMPLE_RATE_HZ)
        utterance = self._utterance(start, end, speaker)
        clip = HeardClip(utterance, sound, self._pictures)
        found = self._past.recognise(utterance, clip, words)
        events.append(self._turn(found, speaker, is_final=True))
        self._turns.append(found)
        self._merge(events)

    def _merge(self, events: list[Event]) -> None:
        """Reports people who turned out to be one."""
        while self._people is not None and (pair := self._people.merged()) is not None:
            speaker, into = pair
            self._past.merge(speaker, into)
            rows = [row for row, turn in enumerate(self._turns) if turn.speaker == speaker]
            for row in rows:
                self._turns[row] = replace(self._turns[row], speaker=into)
            events.append(Relabel(speaker, into, tuple(rows)))

    def _utterance(self, start: int, end: int, speaker: str) -> Utterance:
        start_s, end_s = start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ
        return Utterance(len(self._turns), speaker, None, start_s=start_s, end_s=end_s, media=LIVE)

    def _turn(self, found: RecognisedUtterance, speaker: str, *, is_final: bool) -> Turn:
        probabilities = dict(zip(self._past.emotions, found.probabilities, strict=True))
        is_known = NO_EVIDENCE not in found.flags
        revision, self._revision = self._revision, self._revision + 1
        return Turn(
            len(self._turns),
            revision,
            is_final,
            found.start_s,
            found.end_s,
            self._speech.position / SAMPLE_RATE_HZ,
            speaker,
            found.text,
            max(probabilities, key=probabilities.__getitem__) if is_known else None,
            probabilities,
            found.contributions,
            found.flags,
            found.words,
            found.note,
        )


def _check(samples: Float32[np.ndarray, " sample"], at_s: float | None) -> None:
    if samples.ndim != 1 or samples.dtype != np.float32:
        raise InputError(f"samples of {samples.dtype}, {samples.shape}: give float32, one channel")
    if not np.isfinite(samples).all() or np.abs(samples).max(initial=0.0) > 1.0:
        raise InputError("samples beyond -1 to 1, or not finite; divide by the greatest possible")
    if at_s is not None and not 0 <= at_s < 1e7:
        raise InputError(f"a time of {at_s} s; count from the talk's start")
