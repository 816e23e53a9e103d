"""What is passed through to the page plays, in a real browser, from the very place clicked.

The pitch of the sound rises all the time, and a number is drawn in the pictures, so both tell where
they are from. Sound is quiet first and noisy later: who guesses a place from bytes errs by seconds.
"""

from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from support.browser import CHROMIUM, Page
from support.recognitions import conversation
from support.recordings import BITS, HEIGHT, WIDTH, drawn

from synctva.media import browser_type
from synctva.media.browser import PLAYS
from synctva.reports.recognition import write_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

LENGTH_S, RATE_HZ, PICTURES_HZ = 40, 48_000, 5
LOWEST_HZ, RISE_HZ_PER_S = 300, 100
PLACES_S = (31.3, 7.7)

KINDS = [
    ("mp4", "mp4", "libx264", "aac"),
    ("mp4", "mp4", None, "libmp3lame"),
    ("webm", "webm", "libvpx", "libopus"),
    ("webm", "webm", "libvpx-vp9", "vorbis"),
    ("ogg", "ogg", None, "libopus"),
    ("ogg", "ogg", None, "vorbis"),
    ("flac", "flac", None, "flac"),
    ("wav", "wav", None, "pcm_s16le"),
    ("wav", "wav", None, "pcm_u8"),
]
"""Ending, libav's format, its codecs of pictures and of sound: all that ``PLAYS`` lets through."""

LISTEN = """
(async () => {
  const context = new AudioContext(), ear = context.createAnalyser();
  ear.fftSize = 8192;
  ear.smoothingTimeConstant = 0;
  context.createMediaElementSource(player).connect(ear).connect(context.destination);
  await context.resume();
  window.played = async (place) => {
    const there = new Promise((done) => player.addEventListener("seeked", done, { once: true }));
    player.currentTime = place;
    await there;
    await player.play();
    while (player.currentTime < place + 0.5) await new Promise((done) => setTimeout(done, 20));
    const heard = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(heard);
    const at = player.currentTime, strongest = heard.indexOf(Math.max(...heard));
    const canvas = document.createElement("canvas").getContext("2d");
    if (player.videoWidth) canvas.drawImage(player, 0, 0, WIDTH, 1);
    const row = Array.from(canvas.getImageData(0, 0, WIDTH, 1).data).filter((_, i) => i % 4 == 0);
    player.pause();
    return [at, (strongest * context.sampleRate) / ear.fftSize, row];
  };
})()
""".replace("WIDTH", f"{WIDTH}")


@cache
def rising() -> np.ndarray:
    """Returns a tone that rises, alone in the first half, and in noise in the second."""
    times = np.arange(LENGTH_S * RATE_HZ) / RATE_HZ
    tone = np.sin(2 * np.pi * (LOWEST_HZ * times + RISE_HZ_PER_S / 2 * times**2))
    noise = np.random.default_rng(0).normal(size=len(times)) * np.where(
        times < LENGTH_S / 2, 0, 0.05
    )
    return (0.3 * tone + noise).astype(np.float32)


def write(path: Path, form: str, pictures: str | None, sound: str) -> None:
    """Writes the rising tone, and numbered pictures where there is a codec for them."""
    with av.open(str(path), "w", form) as movie:
        film = movie.add_stream(pictures, PICTURES_HZ, {"g": "25"}) if pictures else None
        options = {"strict": "experimental"} if sound == "vorbis" else {}
        stereo = "stereo" if sound == "vorbis" else "mono"
        voice = movie.add_stream(sound, RATE_HZ, options, layout=stereo)
        if film is not None:
            film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            for number in range(LENGTH_S * PICTURES_HZ):
                frame = av.VideoFrame.from_ndarray(drawn(number), "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, PICTURES_HZ)
                movie.mux(film.encode(frame))
            movie.mux(film.encode(None))
        converter = av.AudioResampler(voice.format, stereo, RATE_HZ)
        for start in range(0, len(rising()), RATE_HZ):
            frame = av.AudioFrame.from_ndarray(
                rising()[None, start : start + RATE_HZ], "flt", "mono"
            )
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
            for converted in converter.resample(frame):
                movie.mux(voice.encode(converted))
        movie.mux(voice.encode(None))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(filter(None, kind)))
def test_it_plays_from_the_place_clicked(
    page: Page, tmp_path: Path, kind: tuple[str, str, str | None, str]
):
    ending, form, pictures, sound = kind
    path = tmp_path / f"talk.{ending}"
    write(path, form, pictures, sound)
    assert browser_type(path) is not None, "no browser gets it as it is"
    page.open(write_report(conversation(), tmp_path / "talk.html", recording=path)[0])
    page.wait_for("player.readyState >= 2")
    page.ask(LISTEN)
    for place_s in PLACES_S:
        at_s, heard_hz, row = page.ask(f"played({place_s})")
        heard_s = (heard_hz - LOWEST_HZ) / RISE_HZ_PER_S
        assert heard_s == pytest.approx(at_s, abs=0.4)  # what the ear holds is a little older
        if pictures:
            bars = np.array(row).reshape(BITS, -1).mean(axis=1)
            number = int(((bars > 128) << np.arange(BITS)).sum())
            assert number / PICTURES_HZ == pytest.approx(at_s, abs=0.45)


def test_all_that_is_passed_through_is_tried():
    tried = {(form.replace("webm", "matroska"), sound) for _, form, _, sound in KINDS}
    names = {"libmp3lame": {"mp3", "mp3float"}, "libopus": {"opus"}}
    for form, (_, _, sounds) in PLAYS.items():
        own = [names.get(sound, {sound}) for known, sound in tried if known == form]
        assert set().union(*own) == sounds
