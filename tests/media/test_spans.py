"""The sound of a span is that of the whole, in every container and codec that can be written here.

But for flv and wma, whose clocks count milliseconds and whose frames are of changing length.
To the sample, and the bit or nearly: what codecs are still settling differs by less than 3 %.
"""

import math
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.signal import butter, correlate, resample_poly, sosfilt

from synctva.errors import InputError
from synctva.media import SAMPLE_RATE_HZ, read_audio

LENGTH_S = 6.0

CONTAINERS = {
    "wav": "wav", "w64": "w64", "aiff": "aiff", "au": "au", "caf": "caf", "flac": "flac",
    "mp3": "mp3", "aac": "adts", "ogg": "ogg", "mp4": "mp4", "mov": "mov", "3gp": "3gp",
    "mkv": "matroska", "webm": "webm", "avi": "avi", "ts": "mpegts", "mpg": "mpeg",
}  # fmt: skip
CODECS = (
    *("pcm_s16le", "pcm_s16be", "pcm_f32le", "pcm_u8", "pcm_alaw", "pcm_mulaw", "adpcm_ms"),
    *("adpcm_ima_wav", "adpcm_ima_qt", "adpcm_yamaha", "adpcm_swf", "adpcm_g722", "adpcm_g726"),
    *("aac", "libmp3lame", "mp2", "libopus", "libvorbis", "flac", "alac", "ac3", "eac3", "wmav2"),
    *("tta", "libopencore_amrnb", "nellymoser"),
)
FORMS = ((8_000, "mono"), (44_100, "stereo"), (48_000, "5.1"), (96_000, "mono"))


@cache
def sound(rate_hz: int) -> np.ndarray:
    """Returns noise whose loudness changes, without two places that are alike."""
    noise = np.random.default_rng(0).normal(size=round(LENGTH_S * SAMPLE_RATE_HZ))
    heard = sosfilt(butter(4, [150, 3_000], "band", fs=SAMPLE_RATE_HZ, output="sos"), noise)
    heard *= 0.2 * (1.2 + np.sin(np.arange(len(heard)) / 7_000)) / heard.std()
    common = math.gcd(rate_hz, SAMPLE_RATE_HZ)
    return resample_poly(heard, rate_hz // common, SAMPLE_RATE_HZ // common).astype(np.float32)


def write(path: Path, codec: str, rate_hz: int, layout: str) -> None:
    """Writes the sound in every channel.

    Raises:
        FFmpegError, ValueError: The container or the codec does not hold it.
    """
    with av.open(str(path), "w", CONTAINERS[path.suffix[1:]]) as container:
        stream = container.add_stream(codec, rate_hz, layout=layout)
        converter = av.AudioResampler(stream.format, layout, rate_hz)
        rows = np.repeat(sound(rate_hz)[None], len(av.AudioLayout(layout).channels), 0)
        for start in range(0, rows.shape[1], rate_hz // 50):
            piece = np.ascontiguousarray(rows[:, start : start + rate_hz // 50])
            frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
            frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
            frame.pts = start
            for converted in converter.resample(frame):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))


def forms_of(ending: str, codec: str) -> list[tuple[int, str]]:
    """Returns two forms of sound; all of them have their turn, over containers and codecs."""
    turn = CODECS.index(codec) + list(CONTAINERS).index(ending)
    return [FORMS[turn % len(FORMS)], FORMS[(turn + 1) % len(FORMS)]]


def distance(part: np.ndarray, whole: np.ndarray, first: int, most: int) -> tuple[int, float]:
    """Returns by how many samples a part is shifted in the whole, and how far it differs then."""
    begin = max(0, first - most)
    near = whole[begin : first + len(part) + most].astype(np.float64)
    part = part[: len(near)].astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(near**2)])
    squares = sums[len(part) :] - sums[: -len(part)]
    errors = squares - 2 * correlate(near, part, "valid", "fft")
    best = int(errors.argmin())
    difference = near[best : best + len(part)] - part
    return begin + best - first, float(difference.std() / part.std())


@pytest.mark.slow
@pytest.mark.parametrize("ending", CONTAINERS)
def test_the_sound_of_a_span_is_that_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, ending: str
):
    folder, written = tmp_path_factory.mktemp("spans"), []
    for codec in CODECS:
        for rate_hz, layout in forms_of(ending, codec):
            path = folder / f"{codec}-{rate_hz}.{ending}"
            try:
                write(path, codec, rate_hz, layout)
                whole = read_audio(path)
            except (FFmpegError, ValueError, InputError):
                continue  # libav does not write it, or does not read what it wrote
            if whole is not None:  # in a stream that MPEG does not know, libav sees no sound
                written.append((path, whole))
    assert written, f"nothing can be written as {ending}"

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(start_s=st.floats(0.0, LENGTH_S - 1.0), length_s=st.floats(0.3, 0.9))
    def check(start_s: float, length_s: float) -> None:
        for path, whole in written:
            part = read_audio(path, start_s, start_s + length_s)
            first = round(start_s * SAMPLE_RATE_HZ)
            shift, differs = distance(part, whole, first, 200)
            assert abs(shift) <= 1, f"{path.name}: {shift} samples away at {start_s}"
            assert differs < 0.03, f"{path.name}: differs by {differs:.3f} at {start_s}"

    check()
