"""Sentences spoken by espeak-ng, with a voice for each person and a prosody for each emotion.

espeak-ng is free software under GPL-3.0. It is an optional package (``espeakng-loader``) that is
called at run time through its C interface; nothing of it is copied here. The voices are our own
settings of it.
"""

import ctypes
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32, Int16

from synctva.data.made.playhouse.people import Voice
from synctva.errors import InputError

SAMPLE_RATE_HZ = 22_050
"""The sample rate of espeak-ng, and of everything here."""

WORDS_PER_MINUTE = 190
LOUDNESS = 0.075
"""Root mean square of a voice at rest; 1 is full scale."""


@dataclass(frozen=True)
class Prosody:
    """How a sentence is said, apart from its words.

    Attributes:
        rate: Speed, 1 = at rest.
        pitch: Change of the pitch, in espeak's steps of 0 to 99 from 50.
        range: Width of its movements, in the same steps from 50.
        gain_db: Loudness.
        tilt_db: Gain per octave above 500 Hz, loss below: a pressed voice is bright.
        tremble: Depth of a trembling of pitch and loudness, 0 to 1.
        breath: Noise added to the voice, as a share of it.
        pause_s: Silence before speaking and after.
    """

    rate: float = 1.0
    pitch: float = 0.0
    range: float = 0.0
    gain_db: float = 0.0
    tilt_db: float = 0.0
    tremble: float = 0.0
    breath: float = 0.0
    pause_s: float = 0.15


PROSODIES: Mapping[str, Prosody] = MappingProxyType(
    {
        "neutral": Prosody(range=-12),
        "surprise": Prosody(rate=0.97, pitch=22, range=38, gain_db=3.5, tilt_db=0.3),
        "fear": Prosody(
            rate=1.22, pitch=14, range=-8, gain_db=-2.5, tremble=0.9, breath=0.22, pause_s=0.1
        ),
        "sadness": Prosody(
            rate=0.76, pitch=-14, range=-30, gain_db=-7, tilt_db=-1.6, breath=0.05, pause_s=0.35
        ),
        "joy": Prosody(rate=1.08, pitch=12, range=28, gain_db=3, tilt_db=0.6, pause_s=0.1),
        "disgust": Prosody(rate=0.84, pitch=-18, range=16, gain_db=-1, tilt_db=-0.7, breath=0.1),
        "anger": Prosody(rate=1.12, pitch=2, range=14, gain_db=8, tilt_db=1.8, pause_s=0.06),
    }
)
"""Emotion -> its prosody at full intensity."""

_SYNCHRONOUS, _DO_NOT_EXIT = 2, 0x8000
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_CHARACTERS, _UTF8 = 1, 1
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def prosody_of(emotion: str, intensity: float, rng: np.random.Generator) -> Prosody:
    """Returns a prosody between the one at rest (0) and the emotion's (1), never twice the same."""
    full, rest = PROSODIES[emotion], Prosody()
    mixed = {
        name: getattr(rest, name) + intensity * (getattr(full, name) - getattr(rest, name))
        for name in ("rate", "pitch", "range", "gain_db", "tilt_db", "tremble", "breath", "pause_s")
    }
    mixed["rate"] *= rng.uniform(0.94, 1.06)
    mixed["pitch"] += rng.uniform(-4, 4)
    mixed["range"] += rng.uniform(-7, 7)
    mixed["gain_db"] += rng.uniform(-1.5, 1.5)
    return replace(rest, **mixed)


def speak(
    text: str, voice: Voice, prosody: Prosody, rng: np.random.Generator
) -> Float32[np.ndarray, " sample"]:
    """Returns a sentence as sound in -1..1 at SAMPLE_RATE_HZ.

    Args:
        text: What to say, in English.
        voice: Whose voice it is.
        prosody: How to say it.
        rng: Decides breath and tremble.

    Raises:
        InputError: espeak-ng is not installed, or says nothing.
    """
    rate = WORDS_PER_MINUTE * voice.rate * prosody.rate
    spoken = _synthesise(text, voice, round(rate), prosody.pitch + 50, prosody.range + 50)
    sound = spoken.astype(np.float32) / 32768
    if prosody.tremble:
        sound = _trembled(sound, prosody.tremble, rng)
    sound = _tilted(sound, prosody.tilt_db)
    sound *= LOUDNESS / max(float(np.sqrt(np.mean(sound**2))), 1e-4)
    breath = voice.breath + prosody.breath
    sound += breath * _loudness(sound) * rng.standard_normal(len(sound), np.float32)
    sound *= np.float32(10 ** (prosody.gain_db / 20))
    silence = np.zeros(round(prosody.pause_s * SAMPLE_RATE_HZ), np.float32)
    return np.tanh(np.concatenate([silence, sound, silence]))


def _synthesise(
    text: str, voice: Voice, words_per_minute: int, pitch: float, range: float
) -> Int16[np.ndarray, " sample"]:
    """Returns what espeak-ng says.

    It keeps state from sentence to sentence that nothing resets, so each sentence gets the library
    anew: else a sentence would sound differently after another one.
    """
    try:
        import espeakng_loader
    except ImportError as error:
        raise InputError(
            "playhouse: the voices need espeak-ng; install with `pip install 'synctva[train]'`"
        ) from error
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    pieces: list[Int16[np.ndarray, " sample"]] = []

    def receive(samples, count: int, events) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _Callback(receive)
    try:
        data = espeakng_loader.get_data_path().encode()
        library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT)
        library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        library.espeak_SetSynthCallback(callback)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "voice")
            file.write_text(_voice_file(voice), encoding="ascii")
            library.espeak_ng_SetVoiceByFile(str(file).encode())
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, range)):
            library.espeak_SetParameter(parameter, round(min(max(value, 0), 450)), 0)
        spoken = text.encode()
        library.espeak_Synth(
            *(spoken, ctypes.c_size_t(len(spoken) + 1), 0, _CHARACTERS, 0, _UTF8, None, None)
        )
    finally:
        library.espeak_Terminate()
        _unload(library)
    if not any(piece.any() for piece in pieces):
        raise InputError(f"playhouse: espeak-ng says nothing for {text!r}; install it again")
    return np.concatenate(pieces)


def _voice_file(voice: Voice) -> str:
    formants = [f"formant {n} {f} 100 100" for n, f in enumerate(voice.formants)]
    lines = [
        *("name playhouse", "language en-us", "dictionary en", "phonemes en-us"),
        *("dictrules 3 6", f"pitch {voice.low_hz:.0f} {voice.high_hz:.0f}"),
        *(f"flutter {voice.flutter}", *formants),
    ]
    return "\n".join(lines) + "\n"


def _unload(library: ctypes.CDLL) -> None:
    import _ctypes

    getattr(_ctypes, "dlclose" if hasattr(_ctypes, "dlclose") else "FreeLibrary")(library._handle)


def _trembled(
    sound: Float32[np.ndarray, " sample"], depth: float, rng: np.random.Generator
) -> Float32[np.ndarray, " sample"]:
    """Returns the sound with its pitch and loudness shaking some seven times a second."""
    time_s = np.arange(len(sound)) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * (rng.uniform(6, 8) * time_s + rng.random())
    shift = 0.0011 * depth * np.sin(phase)
    shaken = np.interp(time_s + shift, time_s, sound)
    return (shaken * (1 + 0.35 * depth * np.sin(phase + 1))).astype(np.float32)


def _tilted(
    sound: Float32[np.ndarray, " sample"], tilt_db: float
) -> Float32[np.ndarray, " sample"]:
    """Returns the sound with more or less of its high frequencies."""
    size = 1 << len(sound).bit_length()  # powers of two are quick
    octaves = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ), 60) / 500)
    spectrum = np.fft.rfft(sound, size) * 10 ** (tilt_db * octaves / 20)
    return np.fft.irfft(spectrum, size)[: len(sound)].astype(np.float32)


def _loudness(sound: Float32[np.ndarray, " sample"]) -> Float32[np.ndarray, " sample"]:
    """Returns the root mean square around each sample, over 20 ms."""
    window = SAMPLE_RATE_HZ // 50
    power = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])
    at = np.arange(len(sound))
    first, last = np.maximum(at - window // 2, 0), np.minimum(at + window // 2, len(sound))
    return np.sqrt((power[last] - power[first]) / np.maximum(last - first, 1)).astype(np.float32)
