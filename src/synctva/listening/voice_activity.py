"""When somebody speaks in a recording: silero's voice activity, streamed in bounded memory.

The one file that knows silero-vad. The sound comes from a process of its own, since recordings are
read as if hostile.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError
from synctva.media import SAMPLE_RATE_HZ, probe, streamed_apart
from synctva.media.sound import sound_in_steps
from synctva.work import Engine

LONGEST_S = 15.0
"""Longer speech is cut at its longest pause, so that an utterance has one emotion."""

BEGINS, GOES_ON = 0.5, 0.45
"""Speech begins where its probability is this high, and continues while it is not lower.

Chosen with ``MARGIN_S`` on the conversations of ``speakers.py``: with silero's own .35 and a margin
of .1 s, silence of 8 % of the length of speech is reported as speech.
"""

PAUSE_S = 0.3
"""Shorter silence does not end an utterance."""

SHORTEST_S = 0.25
"""Shorter sounds are no speech."""

MARGIN_S = 0.03
"""How much is kept before and after speech: voices begin and fade slowly."""

SILENCE = 2e-5
"""Sound that is nowhere louder counts as none: less than the smallest step of 16 bits."""

SPEECH_LEVEL = 0.1
"""Quieter sound is raised to this for the network: the level that a twentieth of its windows
exceed. At -34 dB it would miss eight utterances of a conversation, at -74 dB nearly all."""

NEARLY_SILENT_DB = -50.0
"""Sound whose loudest twentieth is below this is reported: the recording went wrong."""

SILENT_DB = -100.0
"""Below this there is no sound at all."""

WINDOW = 512
"""Samples that have one probability: silero's own."""

LANE_WINDOWS = 500
"""Sound is cut into lanes of 16 s that are listened to side by side, which is much quicker."""

LANES = 16

RUN_UP_WINDOWS = 31
"""Each lane is listened to from a second earlier: the network has a memory."""


@dataclass(frozen=True)
class Speech:
    """When somebody speaks.

    Attributes:
        spans: Start and end of each utterance, in seconds, in order of time, not overlapping.
        length_s: Of all the sound.
        level_db: Of the loudest twentieth of the sound, below the loudest that can be written.
    """

    spans: tuple[tuple[float, float], ...]
    length_s: float
    level_db: float = 0.0

    @property
    def note(self) -> str:
        """What to know about the sound, in words; empty if there is nothing."""
        if self.level_db >= NEARLY_SILENT_DB:
            return ""
        if self.level_db < SILENT_DB:
            return "silent: there is no sound in it; look for another copy or another track"
        return (
            f"nearly silent: the loudest of its sound is at {self.level_db:.0f} dB; what the voices"
            " tell may be wrong, so look for a louder copy or another track"
        )


def speech_in(
    recording: Path, kept: Engine | None = None, sound_track: int | None = None
) -> Speech:
    """Returns when somebody speaks in a recording; cut at pauses into at most 15 s.

    Args:
        recording: The recording.
        kept: From :func:`synctva.media.apart`, for several recordings; None = a process for this
            one.
        sound_track: Which of its sound tracks, from 1; None = that which a player plays.

    Raises:
        InputError: It has no sound, is no recording, broken, too large, or not a local regular
            file.
    """
    from synctva.tensors import in_one_thread

    levels: list[float] = []
    steps = streamed_apart(partial(_sound, sound_track), recording, kept)
    pieces = _noting((piece for step in steps for piece in step), levels)
    with in_one_thread():
        heard = list(speech_probabilities(pieces, _network()))
    found = _spans(np.concatenate([p for p, _ in heard]), sum(count for _, count in heard))
    return replace(found, level_db=_db(float(np.percentile(levels, 95)) if levels else 0.0))


def _sound(
    sound_track: int | None, recording: Path
) -> Iterator[list[Float32[np.ndarray, " sample"]]]:
    """Yields the sound, in the other process."""
    if not probe(recording).has_audio:
        raise InputError(
            f"{recording}: no sound in it that can be read, so nobody is heard; give a file that"
            " says who speaks when with --transcript"
        )
    yield from sound_in_steps(sound_track, recording)


def _noting(
    pieces: Iterable[Float32[np.ndarray, " _"]], levels: list[float]
) -> Iterator[Float32[np.ndarray, " _"]]:
    """Yields the pieces, and notes how loud each second of them is."""
    for piece in pieces:
        for second in np.split(piece, range(SAMPLE_RATE_HZ, len(piece), SAMPLE_RATE_HZ)):
            levels.append(float(np.sqrt(np.mean(second**2))) if len(second) else 0.0)
        yield piece


def _db(level: float) -> float:
    return 20 * float(np.log10(max(level, 1e-10)))


@cache
def _network() -> Any:
    return silero()


def silero() -> Any:
    """Returns the network: windows and the rate -> probabilities; it has a memory."""
    import silero_vad

    with warnings.catch_warnings():  # it is a script of torch's, which torch calls old
        for kind in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        return silero_vad.load_silero_vad()


def _spans(probabilities: Float32[np.ndarray, " window"], samples: int) -> Speech:
    """Returns the utterances, by silero's own rules."""
    from silero_vad import get_speech_timestamps_from_probs

    found = get_speech_timestamps_from_probs(
        probabilities.tolist(),
        SAMPLE_RATE_HZ,
        threshold=BEGINS,
        neg_threshold=GOES_ON,
        min_speech_duration_ms=round(1000 * SHORTEST_S),
        max_speech_duration_s=LONGEST_S,
        min_silence_duration_ms=round(1000 * PAUSE_S),
        speech_pad_ms=round(1000 * MARGIN_S),
        audio_length_samples=samples,
    )
    spans = tuple((s["start"] / SAMPLE_RATE_HZ, s["end"] / SAMPLE_RATE_HZ) for s in found)
    return Speech(spans, samples / SAMPLE_RATE_HZ)


def speech_probabilities(
    pieces: Iterable[Float32[np.ndarray, " _"]], network: Any
) -> Iterator[tuple[Float32[np.ndarray, " window"], int]]:
    """Yields the probability of speech for each window of 32 ms, and how many samples it is of.

    Args:
        pieces: Sound at 16 kHz, in pieces of any length.
        network: Silero's; called with windows of all lanes and the rate.
    """
    block, before = LANES * LANE_WINDOWS * WINDOW, np.zeros(RUN_UP_WINDOWS * WINDOW, np.float32)
    waiting, count = [before], 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        while count >= block:
            sound = np.concatenate(waiting)
            yield _block(sound[: len(before) + block], network), block
            waiting, count = [sound[block:]], count - block
    sound = np.concatenate(waiting)
    windows = -(-count // WINDOW)
    lanes = max(1, -(-windows // LANE_WINDOWS))  # no lane is listened to that has no sound
    padded = np.zeros(len(before) + lanes * LANE_WINDOWS * WINDOW, np.float32)
    padded[: len(sound)] = sound
    yield _block(padded, network)[:windows], count


def levelled(sound: Float32[np.ndarray, " sample"]) -> Float32[np.ndarray, " sample"]:
    """Returns quiet sound raised to the level of speech, other sound as it is.

    Args:
        sound: At 16 kHz; as long as one block, so that a loud part does not hide a quiet one.
    """
    windows = sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)
    levels = np.sqrt((windows**2).mean(axis=1))
    if not (levels > 0).any():
        return sound
    level = float(np.percentile(levels[levels > 0], 95))
    return sound if level >= SPEECH_LEVEL else np.clip(sound * (SPEECH_LEVEL / level), -1.0, 1.0)


def _block(sound: Float32[np.ndarray, " sample"], network: Any) -> Float32[np.ndarray, " window"]:
    """Returns the probabilities of all lanes of a block, of which the run-up stands before it."""
    if np.abs(sound).max() < SILENCE:
        return np.zeros(len(sound) // WINDOW - RUN_UP_WINDOWS, np.float32)
    import torch

    sound = levelled(sound)

    lane, run_up = LANE_WINDOWS * WINDOW, RUN_UP_WINDOWS * WINDOW
    lanes = torch.from_numpy(sound).unfold(0, lane + run_up, lane)
    network.reset_states()
    with torch.inference_mode():
        heard = [network(windows, SAMPLE_RATE_HZ) for windows in lanes.split(WINDOW, dim=1)]
    return torch.cat(heard, dim=1)[:, RUN_UP_WINDOWS:].flatten().numpy()
