"""Degraded copies of voices and faces: what rooms, telephones and cameras do to them."""

from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from scipy.signal import butter, fftconvolve, sosfilt

from synctva.media import SAMPLE_RATE_HZ

Sound = Float32[np.ndarray, " sample"]
Picture = UInt8[np.ndarray, "height width"]
Rng = np.random.Generator


def quiet(sound: Sound, rng: Rng) -> Sound:
    """Returns it 10 to 35 dB quieter, in the steps of 16 bits."""
    softer = sound * 10 ** (-rng.uniform(10, 35) / 20)
    return (np.round(softer * 2**15) / 2**15).astype(np.float32)


def noisy(sound: Sound, rng: Rng) -> Sound:
    """Returns it with pink noise, 5 to 25 dB below the speech."""
    spectrum = np.fft.rfft(rng.standard_normal(len(sound)))
    spectrum /= np.sqrt(np.arange(1, len(spectrum) + 1))
    noise = np.fft.irfft(spectrum, len(sound))
    wanted = np.sqrt(np.mean(sound**2)) * 10 ** (-rng.uniform(5, 25) / 20)
    return np.clip(sound + noise * wanted / np.sqrt(np.mean(noise**2)), -1, 1).astype(np.float32)


def in_a_room(sound: Sound, rng: Rng) -> Sound:
    """Returns it with the echo of a room that dies away (60 dB) within 0.2 to 0.9 s."""
    decay_s = rng.uniform(0.2, 0.9)
    times_s = np.arange(round(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    echo = rng.standard_normal(len(times_s)) * 10 ** (-3 * times_s / decay_s)
    echo *= np.sqrt(10 ** (-rng.uniform(-3, 10) / 10) / np.sum(echo**2))
    echo[0] += 1
    heard = fftconvolve(sound, echo)[: len(sound)]
    return (heard * np.abs(sound).max() / max(np.abs(heard).max(), 1e-9)).astype(np.float32)


def on_the_telephone(sound: Sound, rng: Rng) -> Sound:
    """Returns what a telephone leaves: 300 to 3400 Hz, 8 bits by mu-law."""
    band = butter(4, (300, 3400), "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    passed = np.clip(np.asarray(sosfilt(band, sound)), -1, 1)
    steps = np.round(np.sign(passed) * np.log1p(255 * np.abs(passed)) / np.log(256) * 127) / 127
    return (np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255).astype(np.float32)


VOICES: Mapping[str, Callable[[Sound, Rng], Sound]] = {
    "quiet": quiet,
    "noisy": noisy,
    "room": in_a_room,
    "telephone": on_the_telephone,
    "room, noisy, quiet": lambda sound, rng: quiet(noisy(in_a_room(sound, rng), rng), rng),
}


def blurred(face: Picture, rng: Rng) -> Picture:
    """Returns it as small as 10 to 24 pixels, made larger again."""
    size = int(rng.integers(10, 25))
    small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
    return _picture(cv2.resize(small, face.shape[::-1], interpolation=cv2.INTER_LINEAR))


def dark(face: Picture, rng: Rng) -> Picture:
    """Returns it with a tenth to a half of its light, and the noise of a camera."""
    return _picture(face * rng.uniform(0.1, 0.5) + rng.normal(0, 4, face.shape))


def grainy(face: Picture, rng: Rng) -> Picture:
    """Returns it with noise of 10 to 30 of 255."""
    return _picture(face + rng.normal(0, rng.uniform(10, 30), face.shape))


def compressed(face: Picture, rng: Rng) -> Picture:
    """Returns it after a JPEG of quality 5 to 20."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(5, 21))]
    read = cv2.imdecode(cv2.imencode(".jpg", face, quality)[1], cv2.IMREAD_GRAYSCALE)
    return _picture(np.asarray(read))


def badly_cut(face: Picture, rng: Rng) -> Picture:
    """Returns it turned, shifted and of another size, as a bad detector cuts it."""
    height, width = face.shape
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), rng.uniform(-20, 20), rng.uniform(0.7, 1.4)
    )
    turn[:, 2] += rng.uniform(-0.15, 0.15, 2) * (width, height)
    moved = cv2.warpAffine(face, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return _picture(moved)


FACES: Mapping[str, Callable[[Picture, Rng], Picture]] = {
    "blurred": blurred,
    "dark": dark,
    "grainy": grainy,
    "compressed": compressed,
    "badly cut": badly_cut,
    "blurred, badly cut": lambda face, rng: blurred(badly_cut(face, rng), rng),
}


def copies(
    sound: Sound, rng: Rng, ways: Mapping[str, Callable[[Sound, Rng], Sound]] = VOICES
) -> Iterator[Sound]:
    """Yields a voice as it is, and degraded in every way."""
    yield sound
    for degrade in ways.values():
        yield degrade(sound, rng)


def _picture(values: np.ndarray) -> Picture:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
