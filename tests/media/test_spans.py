"""The sound of a span is that of the whole, in every container and codec that can be written here.

To the sample, and the bit or nearly: what codecs are still settling differs by less than 3 %. AAC
draws some of its noise at random, from a number that it has carried on since the start: 8 %.
"""

import math
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.signal import butter, correlate, resample_poly, sosfilt

from synctva.errors import InputError
from synctva.media import SAMPLE_RATE_HZ, read_audio
from synctva.media.libav.recording import SEEK_FROM_S

LENGTH_S = 3.4

CONTAINERS = {
    "wav": "wav", "w64": "w64", "aiff": "aiff", "au": "au", "caf": "caf", "flac": "flac",
    "mp3": "mp3", "aac": "adts", "ogg": "ogg", "mp4": "mp4", "mov": "mov", "3gp": "3gp",
    "mkv": "matroska", "webm": "webm", "avi": "avi", "ts": "mpegts", "mpg": "mpeg", "flv": "flv",
    "wma": "asf",
}  # fmt: skip
CODECS = (
    *("pcm_s16le", "pcm_s16be", "pcm_f32le", "pcm_u8", "pcm_alaw", "pcm_mulaw", "adpcm_ms"),
    *("adpcm_ima_wav", "adpcm_ima_qt", "adpcm_yamaha", "adpcm_swf", "adpcm_g722", "adpcm_g726"),
    *("aac", "libmp3lame", "mp2", "libopus", "vorbis", "flac", "alac", "ac3", "eac3", "wmav2"),
    *("tta", "libopencore_amrnb", "nellymoser"),
)
OPTIONS = {"vorbis": {"strict": "experimental"}, "wmav2": {"b": "128k"}}
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
        stream = container.add_stream(codec, rate_hz, OPTIONS.get(codec, {}), layout=layout)
        converter = av.AudioResampler(stream.format, layout, rate_hz)
        rows = np.repeat(sound(rate_hz)[None], len(av.AudioLayout(layout).channels), 0)
        for start in range(0, rows.shape[1], rate_hz // 10):
            piece = np.ascontiguousarray(rows[:, start : start + rate_hz // 10])
            frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
            frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
            frame.pts = start
            for converted in converter.resample(frame):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))


def forms_of(ending: str, codec: str) -> list[tuple[int, str]]:
    """Returns the forms of sound in the order in which they are tried: each has its turn."""
    turn = (CODECS.index(codec) + list(CONTAINERS).index(ending)) % len(FORMS)
    return [*FORMS[turn:], *FORMS[:turn]]


def holds_the_sound(whole: np.ndarray) -> bool:
    """Returns whether what was written is what is read, however late or coarse, without a hole."""
    inner = whole[SAMPLE_RATE_HZ // 10 : -SAMPLE_RATE_HZ // 2]
    pieces = inner[: len(inner) // 1_000 * 1_000].reshape(-1, 1_000)
    if not len(pieces) or not pieces.any(axis=1).all():
        return False
    said = sound(SAMPLE_RATE_HZ).astype(np.float64)
    alike = correlate(whole.astype(np.float64), said, "full", "fft").max()
    return alike > 0.3 * np.linalg.norm(whole) * np.linalg.norm(said)


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


def recorded(folder: Path, ending: str, codec: str) -> tuple[Path, np.ndarray] | None:
    """Returns a recording in the first form that container and codec hold, and all its sound.

    None where libav does not write one, or does not read what it wrote.
    """
    for rate_hz, layout in forms_of(ending, codec):
        path = folder / f"{codec}-{rate_hz}.{ending}"
        try:
            write(path, codec, rate_hz, layout)
            whole = read_audio(path, 0.0, LENGTH_S)  # from the start, without a seek
        except (FFmpegError, ValueError, InputError):
            continue
        if whole is not None and holds_the_sound(whole):
            return path, whole
    return None


@pytest.mark.slow  # of all files that can be made, some 160
@pytest.mark.parametrize("ending", CONTAINERS)
def test_the_sound_of_a_span_is_that_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, ending: str
):
    folder = tmp_path_factory.mktemp("spans")
    written = [found for codec in CODECS if (found := recorded(folder, ending, codec))]
    assert written, f"nothing can be written as {ending}"

    @settings(
        max_examples=2,
        deadline=None,
        phases=(Phase.generate,),  # to shrink a place would take minutes, and tell nothing
        suppress_health_check=list(HealthCheck),
    )
    @given(start_s=st.floats(SEEK_FROM_S + 0.01, LENGTH_S - 0.6), length_s=st.floats(0.3, 0.5))
    def check(start_s: float, length_s: float) -> None:
        for path, whole in written:
            part = read_audio(path, start_s, start_s + length_s)
            first = round(start_s * SAMPLE_RATE_HZ)
            shift, differs = distance(part, whole, first, 200)
            assert abs(shift) <= 1, f"{path.name}: {shift} samples away at {start_s}"
            most = 0.08 if path.name.startswith("aac") else 0.03
            assert differs < most, f"{path.name}: differs by {differs:.3f} at {start_s}"

    check()
