"""Studio recordings as rooms, microphones, backgrounds and codecs would change their sound.

Voices of corpora are recorded in a quiet room, close by. What is recognised is not. So training
voices are also heard as they would be elsewhere: a :class:`Room` is drawn once for a conversation
(its reverberation, background, band, codec and level), and all that is said in it is heard so.

Source: reverberation as exponentially decaying noise: Polack, La transmission de l'energie sonore
dans les salles, 1988; the mixture of effects is our own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from scipy.signal import butter, fftconvolve, sosfilt

from synctva.media.codec import through_codec
from synctva.media.sound import SAMPLE_RATE_HZ

Sound = Float32[np.ndarray, " sample"]
Others = Sequence[Float32[np.ndarray, " other"]]

REVERBERATION_S = (0.15, 0.9)
"""Until the sound has decayed by 60 dB: from a furnished room to a hall."""
DIRECT_DB = (-3.0, 12.0)
"""The direct sound above the reverberation, from far away to close by."""
SIGNAL_TO_NOISE_DB = (3.0, 30.0)
LEVEL_DB = (-40.0, -14.0)
"""The root mean square of the loudest tenth of a second, where 0 is full scale."""
LEVEL_WITHIN_DB = 2.0
"""Standard deviation of the level within a conversation: people turn their heads."""
LOW_CUT_HZ, HIGH_CUT_HZ = (40.0, 300.0), (3_300.0, 7_500.0)
BACKGROUNDS = ("noise", "hum", "babble", "music")
BIT_RATES = {
    "aac": (24_000, 32_000, 48_000, 64_000),
    "mp3": (24_000, 32_000, 48_000, 64_000),
    "opus": (6_000, 8_000, 12_000, 16_000, 24_000),
}
SHARES = {"reverberation": 0.6, "background": 0.7, "band": 0.5, "codec": 0.5}
"""How many rooms have each effect."""
VOICES_OF_BABBLE = 5


@dataclass(frozen=True)
class Room:
    """What happens to all sound of one conversation; None = nothing of the kind.

    Attributes:
        level_db: How loud it is.
        response: The room's impulse response.
        background: One of ``BACKGROUNDS``.
        signal_to_noise_db: The voice above the background.
        band_hz: What the microphone hears, from and to.
        codec: A codec and its bit rate.
    """

    level_db: float
    response: Float32[np.ndarray, " tap"] | None = None
    background: str | None = None
    signal_to_noise_db: float = 0.0
    band_hz: tuple[float, float] | None = None
    codec: tuple[str, int] | None = None


def draw_room(rng: np.random.Generator) -> Room:
    """Returns a room at random."""
    has = {effect: rng.random() < share for effect, share in SHARES.items()}
    codec = str(rng.choice(list(BIT_RATES)))
    return Room(
        level_db=rng.uniform(*LEVEL_DB),
        response=_response(rng) if has["reverberation"] else None,
        background=str(rng.choice(BACKGROUNDS)) if has["background"] else None,
        signal_to_noise_db=rng.uniform(*SIGNAL_TO_NOISE_DB),
        band_hz=(rng.uniform(*LOW_CUT_HZ), rng.uniform(*HIGH_CUT_HZ)) if has["band"] else None,
        codec=(codec, int(rng.choice(BIT_RATES[codec]))) if has["codec"] else None,
    )


def heard_in(room: Room, samples: Sound, rng: np.random.Generator, others: Others = ()) -> Sound:
    """Returns sound as it is heard in a room, of the same length.

    Args:
        room: The room.
        samples: A voice, 16 kHz mono, -1..1.
        rng: Decides what differs from utterance to utterance.
        others: Voices that babble is made of; none = babble is noise.
    """
    if not samples.any():
        return samples
    sound = samples.astype(np.float64)
    if room.response is not None:
        sound = fftconvolve(sound, room.response)[: len(samples)]
    if room.background is not None:
        behind = _background(room.background, len(sound), rng, others)
        behind /= max(_loudness(behind), 1e-9)
        sound = sound + behind * _loudness(sound) * 10 ** (-room.signal_to_noise_db / 20)
    if room.band_hz is not None:
        band = butter(4, room.band_hz, "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
        sound = np.asarray(sosfilt(band, sound))
    level_db = room.level_db + LEVEL_WITHIN_DB * rng.standard_normal()
    sound = sound * 10 ** (level_db / 20) / max(_loudness(sound), 1e-9)
    heard = np.clip(sound, -1.0, 1.0).astype(np.float32)
    return heard if room.codec is None else through_codec(heard, *room.codec)


def _response(rng: np.random.Generator) -> Float32[np.ndarray, " tap"]:
    """Returns an impulse response: a direct sound, then noise that decays."""
    decay_s = rng.uniform(*REVERBERATION_S)
    time_s = np.arange(int(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / decay_s)
    tail[: int(0.002 * SAMPLE_RATE_HZ)] = 0.0  # the nearest wall is a foot away
    tail *= 10 ** (-rng.uniform(*DIRECT_DB) / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return tail.astype(np.float32)


def _background(
    kind: str, length: int, rng: np.random.Generator, others: Others
) -> Float[np.ndarray, " sample"]:
    if kind == "babble" and others:
        chosen = rng.integers(len(others), size=VOICES_OF_BABBLE)
        voices = [np.roll(others[n], rng.integers(len(others[n]))) for n in chosen]
        return np.stack([np.resize(voice, length) for voice in voices]).astype(np.float64).sum(0)
    if kind == "music":
        return _music(length, rng)
    sound = _noise(length, rng.uniform(-1.0, 2.0), rng)
    if kind == "hum":
        mains = np.arange(length) * 2 * np.pi * rng.choice((50, 60)) / SAMPLE_RATE_HZ
        hum = sum(np.sin(n * mains + rng.uniform(0, 6)) / n for n in range(1, 9))
        sound = sound / _loudness(sound) + hum
    return sound


def _noise(length: int, slope: float, rng: np.random.Generator) -> Float[np.ndarray, " sample"]:
    """Returns noise whose power falls with the frequency to the power of the slope."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hertz = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ), 20.0)
    return np.fft.irfft(spectrum * hertz ** (-slope / 2), length)


def _music(length: int, rng: np.random.Generator) -> Float[np.ndarray, " sample"]:
    """Returns chords of decaying harmonics on a beat: no tune, but pitch that is not the voice."""
    sound = np.zeros(length)
    beat = int(rng.uniform(0.2, 0.8) * SAMPLE_RATE_HZ)
    scale = 110 * 2 ** (rng.uniform(0, 1) + np.array([0, 2, 4, 5, 7, 9, 11]) / 12)
    for first in range(-beat, length, beat):
        time_s = np.arange(min(2 * beat, length - first)) / SAMPLE_RATE_HZ
        for pitch in rng.choice(scale, 3) * rng.choice((1, 2, 4), 3):
            note = sum(
                np.sin(2 * np.pi * n * pitch * time_s) / n for n in range(1, 6) if n * pitch < 7e3
            )
            note = note * np.exp(-2 * time_s)
            sound[max(0, first) : first + len(time_s)] += note[max(0, -first) :]
    return sound + 1e-6 * rng.standard_normal(length)


def _loudness(sound: Float[np.ndarray, " sample"]) -> float:
    """Returns the root mean square of the loudest tenth of the pieces of a tenth of a second."""
    size = SAMPLE_RATE_HZ // 10
    whole = np.pad(sound, (0, -len(sound) % size)).reshape(-1, size)
    power = np.sort((whole**2).mean(1))
    return float(np.sqrt(power[-max(1, len(power) // 10) :].mean()))
